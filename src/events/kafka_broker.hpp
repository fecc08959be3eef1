#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/loop.hpp"
#include "events/broker.hpp"
#include "events/kafka_options.hpp"

namespace seamline::events {

class KafkaWatch;

/// A setting is unknown, has a value that librdkafka does not take, or is one that may not be changed.
inline constexpr ErrorCode broker_setting{"events.broker_setting", Kind::invalid};

/// A Kafka cluster, by librdkafka. CloudEvents travel in the binary mode of the Kafka protocol binding: `ce_<attribute>` headers,
/// `content-type` for `datacontenttype`, the key as the message's key. A message in structured mode is not taken apart: its data
/// is the JSON, and its `datacontenttype` says so.
///
/// Publishers are idempotent and wait for all in-sync replicas. A missing topic is made, also one that vanished later. After a
/// fatal error of the client every event is reported as not durable until reset(). Subscriptions are in no group; they find new
/// partitions.
///
/// **storage_id()** is `<cluster id>/<number>`. A thread of the broker looks at the cluster every `watch_interval_ms`. The number
/// grows when
/// - the cluster has another id: it was wiped, or another took its place;
/// - a partition ends before an offset that was seen in it, begins before the one where it began, or is gone: the topic was made
///   anew, or lost its end;
/// - an event that was sent later is acknowledged at a lower offset, or one is received at a lower offset than the one before.
///
/// So two losses look alike to it, and neither harms, since subscribers count by the publisher's log: a topic that is made anew
/// and filled past all that was seen within one look, or while nobody looked; and one that was empty, of which nothing was lost.
/// That old events expire is no loss. The number counts what this publisher or subscription has noticed, beginning where its
/// start left off: compare a storage_id with earlier ones of the same owner only. On a change a publisher reports what still
/// waits as not durable, and a subscription begins anew by itself.
class KafkaBroker final : public Broker {
 public:
  /// Does not wait for the broker. `clock` outlives it. Errors: events.broker_setting, in librdkafka's own words.
  static Result<std::unique_ptr<KafkaBroker>> open(KafkaOptions options, const Clock& clock = Clock::system());
  ~KafkaBroker() override;

  std::string_view name() const override { return "kafka"; }
  std::unique_ptr<BrokerPublisher> publish_to(const std::string& topic) override;
  std::unique_ptr<BrokerSubscription> subscribe_to(const std::string& topic, const SubscriptionStart& start) override;
  Result<BrokerReport> inspect(std::int64_t timeout_ms) override;

 private:
  KafkaBroker(KafkaOptions options, const Clock& clock, std::unique_ptr<KafkaWatch> watch);

  const KafkaOptions options_;
  const Clock& clock_;
  const std::unique_ptr<KafkaWatch> watch_;
  LoopThread watching_;
};

}  // namespace seamline::events
