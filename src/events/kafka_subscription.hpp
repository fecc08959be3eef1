#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "events/broker.hpp"
#include "events/kafka_watch.hpp"

namespace seamline::events {

/// Receives from one topic of a Kafka cluster, by a consumer of its own. See KafkaBroker.
class KafkaSubscription final : public BrokerSubscription {
 public:
  /// `clock` outlives it.
  KafkaSubscription(const KafkaOptions& options, std::shared_ptr<KafkaTopic> topic, SubscriptionStart start, const Clock& clock);
  ~KafkaSubscription() override;

  Result<std::vector<ReceivedEvent>> receive(std::size_t limit, std::int64_t wait_ms) override;
  std::string storage_id() override { return storage_id_; }
  void interrupt() override { is_interrupted_ = true; }

 private:
  /// The client outlives what belongs to it: so this is destroyed, and never assigned to while it holds something.
  struct Consumer {
    KafkaOwned<rd_kafka_t> client;
    KafkaOwned<rd_kafka_queue_t> queue;
    KafkaOwned<rd_kafka_topic_t> topic;
  };

  /// Brings the consumer to what the view shows. Whether there is something to receive from.
  Result<bool> follow(const KafkaTopicView& view);
  /// The first view: whether the start is of this storage, and what the storage is called from now on.
  void begin(const KafkaTopicView& view);
  bool continues_in(const KafkaTopicView& view) const;
  std::int64_t first_offset(std::int32_t partition, const KafkaRange& range) const;
  /// Anew with the earliest, if the storage is another one.
  void follow_storage(const KafkaTopicView& view);
  Result<void> open();
  void close();
  std::vector<ReceivedEvent> take(std::size_t limit, std::int64_t wait_ms);
  /// Whether the event is to be handed on: not if offsets went back.
  bool accept(const rd_kafka_message_t& message);

  const KafkaOptions options_;
  const std::shared_ptr<KafkaTopic> topic_;
  const SubscriptionStart start_;
  const Clock& clock_;
  std::atomic<bool> is_interrupted_{false};
  Consumer consumer_;
  /// Nothing is received before a look this late has succeeded.
  std::int64_t needed_look_;
  bool has_begun_ = false;
  /// Whether the places of the start mean something in this storage.
  bool is_continued_ = false;
  std::int64_t incarnation_ = 0;
  /// What is added to the incarnation to get the number in the storage id.
  std::int64_t number_base_ = 0;
  std::string storage_id_;
  /// By partition, of those that are consumed: the next offset, as far as it is known.
  std::vector<std::int64_t> next_;
  std::string problem_;  // of what was received last
};

}  // namespace seamline::events
