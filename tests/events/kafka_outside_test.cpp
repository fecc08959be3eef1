#include <atomic>
#include <mutex>
#include <set>
#include <thread>

#include "events/kafka_broker.hpp"
#include "events/kafka_cluster.hpp"
#include "support/catch.hpp"
#include "support/outside_server.hpp"
#include "support/poll.hpp"

using namespace seamline;
using namespace seamline::events;
using seamline::test::OutsideServer;
using seamline::test::poll_until;

namespace {

constexpr int a_minute = 30'000;  // in times of poll_until

std::unique_ptr<KafkaBroker> open(const OutsideServer& server) {
  KafkaOptions options;
  options.brokers = server.address();
  options.partitions = 3;
  auto broker = KafkaBroker::open(options);
  REQUIRE(broker.has_value());
  return std::move(*broker);
}

/// A relay and a subscriber of one topic, in a thread of their own: events are numbered, and one that is not durable is sent
/// again.
class Traffic {
 public:
  explicit Traffic(Broker& broker, const SubscriptionStart& start = {})
      : publisher_(broker.publish_to("orders")),
        subscription_(broker.subscribe_to("orders", start)),
        thread_([this] { run(); }) {}
  ~Traffic() {
    is_over_ = true;
    thread_.join();
  }

  /// Events 0 to count - 1 shall be sent.
  void send_up_to(std::int64_t count) { goal_ = count; }
  /// Whether all that shall be sent is durable and was received, in this storage or an earlier one.
  bool is_done() const {
    const std::lock_guard lock(mutex_);
    return next_ == goal_ && waiting_.empty() && again_.empty() && static_cast<std::int64_t>(received_.size()) == goal_;
  }
  /// What went by, one after another: every change of the storage ids, from none.
  std::vector<std::string> published_to() const { return copy(published_to_); }
  std::vector<std::string> received_from() const { return copy(received_from_); }
  std::vector<std::int64_t> first_offsets() const {
    const std::lock_guard lock(mutex_);
    return first_offsets_;
  }
  SubscriptionStart position() const {
    const std::lock_guard lock(mutex_);
    SubscriptionStart position{received_from_.back(), {}};
    for (const auto& [partition, offset] : places_) position.next.push_back({partition, offset});
    return position;
  }
  std::int64_t received() const {
    const std::lock_guard lock(mutex_);
    return static_cast<std::int64_t>(received_.size());
  }

 private:
  std::vector<std::string> copy(const std::vector<std::string>& ids) const {
    const std::lock_guard lock(mutex_);
    return ids;
  }

  void run() {
    while (!is_over_) {
      const auto outcomes = publisher_->outcomes(1);
      const auto received = subscription_->receive(1'000, 1);
      const std::lock_guard lock(mutex_);
      for (const auto& each : outcomes) {
        waiting_.erase(each.token);
        if (!each.is_durable) again_.insert(each.token);
      }
      for (const auto& each : received.value_or(std::vector<ReceivedEvent>{})) take(each);
      note(published_to_, publisher_->storage_id());
      send();
    }
  }

  void take(const ReceivedEvent& received) {
    if (note(received_from_, subscription_->storage_id())) places_.clear();
    if (places_.empty()) first_offsets_.push_back(received.place.offset);
    received_.insert(std::stoll(received.event.data));
    places_[received.place.partition] = received.place.offset + 1;
  }

  void send() {
    const auto event = [](std::int64_t number) {
      return BrokerEvent{"key-" + std::to_string(number % 7), {{"id", std::to_string(number)}}, std::to_string(number)};
    };
    while (!again_.empty() && publisher_->send(event(*again_.begin()), *again_.begin()))
      waiting_.insert(again_.extract(again_.begin()));
    for (int i = 0; i < 20 && next_ < goal_ && publisher_->send(event(next_), next_); ++i) waiting_.insert(next_++);
  }

  static bool note(std::vector<std::string>& ids, const std::string& id) {
    if (id.empty() || (!ids.empty() && ids.back() == id)) return false;
    ids.push_back(id);
    return true;
  }

  const std::unique_ptr<BrokerPublisher> publisher_;
  const std::unique_ptr<BrokerSubscription> subscription_;
  std::atomic<std::int64_t> goal_{0};
  std::atomic<bool> is_over_{false};
  mutable std::mutex mutex_;  // guards all below
  std::int64_t next_ = 0;
  std::set<std::int64_t> waiting_;
  std::set<std::int64_t> again_;
  std::set<std::int64_t> received_;
  std::map<std::int64_t, std::int64_t> places_;
  std::vector<std::int64_t> first_offsets_;  // of each storage, the first that was received
  std::vector<std::string> published_to_;
  std::vector<std::string> received_from_;
  std::thread thread_;
};

void delete_topic(const std::string& brokers, const std::string& name) {
  std::array<char, 512> problem{};
  rd_kafka_conf_t* settings = rd_kafka_conf_new();
  rd_kafka_conf_set(settings, "bootstrap.servers", brokers.c_str(), problem.data(), problem.size());
  rd_kafka_t* client = rd_kafka_new(RD_KAFKA_PRODUCER, settings, problem.data(), problem.size());
  rd_kafka_DeleteTopic_t* topic = rd_kafka_DeleteTopic_new(name.c_str());
  rd_kafka_queue_t* queue = rd_kafka_queue_new(client);
  rd_kafka_DeleteTopics(client, &topic, 1, nullptr, queue);
  rd_kafka_event_t* answer = rd_kafka_queue_poll(queue, 10'000);
  const bool is_gone = answer != nullptr && rd_kafka_event_error(answer) == RD_KAFKA_RESP_ERR_NO_ERROR;
  rd_kafka_event_destroy(answer);
  rd_kafka_queue_destroy(queue);
  rd_kafka_DeleteTopic_destroy(topic);
  rd_kafka_destroy(client);
  if (!is_gone) throw std::runtime_error("the topic was not deleted");
}

}  // namespace

TEST_CASE("nothing is lost when Kafka is killed or stopped for ten seconds, and the storage stays the same") {
  OutsideServer kafka("kafka");
  const auto broker = open(kafka);
  Traffic traffic(*broker);
  std::int64_t goal = 5'000;
  for (int round = 0; round < 3; ++round) {
    traffic.send_up_to(goal + 50'000);
    REQUIRE(poll_until([&] { return traffic.received() > goal; }, a_minute));
    kafka.kill();
    kafka.start();
    goal = traffic.received() + 3'000;
    traffic.send_up_to(std::max(goal, traffic.received()) + 50'000);
    REQUIRE(poll_until([&] { return traffic.received() > goal; }, a_minute));
  }
  kafka.stop();
  poll_until([] { return false; }, 5'000);
  kafka.start();
  REQUIRE(poll_until([&] { return traffic.is_done(); }, a_minute));
  CHECK(traffic.published_to() == std::vector<std::string>{kafka.detail("cluster_id") + "/0"});
  CHECK(traffic.received_from() == std::vector<std::string>{kafka.detail("cluster_id") + "/0"});
}

TEST_CASE("after a wipe of Kafka the topic is made again, all that is sent arrives, and the storage has changed once") {
  OutsideServer kafka("kafka");
  const std::string before = kafka.detail("cluster_id") + "/0";
  const auto broker = open(kafka);
  Traffic traffic(*broker);
  traffic.send_up_to(2'000);
  REQUIRE(poll_until([&] { return traffic.is_done(); }, a_minute));
  kafka.kill();
  kafka.wipe();
  kafka.start();
  const std::string after = kafka.detail("cluster_id") + "/1";
  traffic.send_up_to(6'000);
  REQUIRE(poll_until([&] { return traffic.is_done() && traffic.published_to().size() == 2; }, a_minute));
  CHECK(traffic.published_to() == std::vector<std::string>{before, after});
  CHECK(traffic.received_from() == std::vector<std::string>{before, after});
  CHECK(traffic.first_offsets() == std::vector<std::int64_t>{0, 0});
}

TEST_CASE("a topic that is deleted under way is made again, all that is sent arrives, and the storage has changed once") {
  OutsideServer kafka("kafka");
  const std::string cluster_id = kafka.detail("cluster_id");
  const auto broker = open(kafka);
  Traffic traffic(*broker);
  traffic.send_up_to(2'000);
  REQUIRE(poll_until([&] { return traffic.is_done(); }, a_minute));
  delete_topic(kafka.address(), "orders");
  traffic.send_up_to(6'000);
  REQUIRE(poll_until([&] { return traffic.is_done() && traffic.published_to().size() == 2; }, a_minute));
  CHECK(traffic.published_to() == std::vector<std::string>{cluster_id + "/0", cluster_id + "/1"});
  CHECK(traffic.received_from() == std::vector<std::string>{cluster_id + "/0", cluster_id + "/1"});
}

TEST_CASE("a topic that is missing is made by a subscription that is told to, and by no other") {
  OutsideServer kafka("kafka");
  const auto broker = open(kafka);
  const auto patient = broker->subscribe_to("others", {});
  SubscriptionStart start;
  start.makes_topic = true;
  const auto subscription = broker->subscribe_to("wanted", start);
  REQUIRE(poll_until([&] { return subscription->receive(10, 40).has_value() && !subscription->storage_id().empty(); }, a_minute));
  CHECK(patient->receive(10, 40)->empty());
  CHECK(patient->storage_id().empty());
}

TEST_CASE("a subscriber that comes back goes on where it was, or with the earliest of a topic that was made anew meanwhile") {
  OutsideServer kafka("kafka");
  const std::string cluster_id = kafka.detail("cluster_id");
  const auto broker = open(kafka);
  SubscriptionStart position;
  {
    Traffic traffic(*broker);
    traffic.send_up_to(2'000);
    REQUIRE(poll_until([&] { return traffic.is_done(); }, a_minute));
    position = traffic.position();
  }
  REQUIRE(position.next.size() == 3);
  kafka.kill();
  kafka.start();
  {
    const auto subscription = broker->subscribe_to("orders", position);
    REQUIRE(
        poll_until([&] { return subscription->receive(10, 10).has_value() && !subscription->storage_id().empty(); }, a_minute));
    CHECK(subscription->storage_id() == position.storage_id);
    CHECK(subscription->receive(10, 1'000).value().empty());
  }
  delete_topic(kafka.address(), "orders");
  const auto other = open(kafka);  // has never seen the topic that is gone
  Traffic traffic(*other, position);
  traffic.send_up_to(500);
  REQUIRE(poll_until([&] { return traffic.is_done(); }, a_minute));
  CHECK(traffic.received_from() == std::vector<std::string>{cluster_id + "/1"});
  CHECK(traffic.first_offsets() == std::vector<std::int64_t>{0});
}

TEST_CASE("inspecting a real Kafka warns of its single replica") {
  OutsideServer kafka("kafka");
  const auto broker = open(kafka);
  Traffic traffic(*broker);
  traffic.send_up_to(1);
  REQUIRE(poll_until([&] { return traffic.is_done(); }, a_minute));
  const auto report = broker->inspect(5'000);
  REQUIRE(report.has_value());
  CHECK(report->latency_us > 0);
  REQUIRE(report->warnings.size() == 1);
  CHECK(report->warnings[0].starts_with("The topic orders has one replica"));
}
