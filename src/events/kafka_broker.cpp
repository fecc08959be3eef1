#include "events/kafka_broker.hpp"

#include "events/kafka_inspection.hpp"
#include "events/kafka_publisher.hpp"
#include "events/kafka_subscription.hpp"
#include "events/kafka_watch.hpp"

namespace seamline::events {

Result<std::unique_ptr<KafkaBroker>> KafkaBroker::open(KafkaOptions options, const Clock& clock) {
  if (options.brokers.empty()) return fail(broker_setting, "Kafka needs at least one broker, as host:port.");
  // What only a producer refuses is found now, not with the first event.
  if (auto tried = make_kafka_client(KafkaRole::publishes, options); !tried) return fail(std::move(tried.error()));
  auto client = make_kafka_client(KafkaRole::watches, options);
  if (!client) return fail(std::move(client.error()));
  auto watch = std::make_unique<KafkaWatch>(std::move(*client), options);
  return std::unique_ptr<KafkaBroker>(new KafkaBroker(std::move(options), clock, std::move(watch)));
}

KafkaBroker::KafkaBroker(KafkaOptions options, const Clock& clock, std::unique_ptr<KafkaWatch> watch)
    : options_(std::move(options)),
      clock_(clock),
      watch_(std::move(watch)),
      watching_("kafka watch", *watch_, options_.watch_interval_ms) {}

KafkaBroker::~KafkaBroker() {
  watch_->interrupt();
  watching_.stop();
}

std::unique_ptr<BrokerPublisher> KafkaBroker::publish_to(const std::string& topic) {
  return std::make_unique<KafkaPublisher>(options_, watch_->topic(topic, [this] { watching_.wake(); }), clock_);
}

std::unique_ptr<BrokerSubscription> KafkaBroker::subscribe_to(const std::string& topic, const SubscriptionStart& start) {
  return std::make_unique<KafkaSubscription>(options_, watch_->topic(topic, [this] { watching_.wake(); }), start, clock_);
}

Result<BrokerReport> KafkaBroker::inspect(std::int64_t timeout_ms) {
  return inspect_kafka(watch_->client(), options_, watch_->topic_names(), timeout_ms, clock_);
}

}  // namespace seamline::events
