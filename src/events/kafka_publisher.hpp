#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "events/broker.hpp"
#include "events/kafka_watch.hpp"

namespace seamline::events {

/// Sends to one topic of a Kafka cluster, by a producer of its own. See KafkaBroker. Not thread-safe.
class KafkaPublisher final : public BrokerPublisher {
 public:
  /// `clock` outlives it.
  KafkaPublisher(const KafkaOptions& options, std::shared_ptr<KafkaTopic> topic, const Clock& clock);

  bool send(const BrokerEvent& event, std::int64_t token) override;
  std::vector<SendOutcome> outcomes(std::int64_t wait_ms) override;
  void reset() override;
  std::string storage_id() override;

 private:
  struct Waiting {
    std::int64_t token = 0;
    bool is_over = false;
  };
  /// The latest event of a partition that was acknowledged: its number, and where it lies.
  struct Acknowledged {
    std::int64_t number = -1;
    std::int64_t offset = -1;
  };
  /// The client outlives what belongs to it: so this is destroyed, and never assigned to while it holds something.
  struct Producer {
    KafkaOwned<rd_kafka_t> client;
    KafkaOwned<rd_kafka_queue_t> queue;
    KafkaOwned<rd_kafka_topic_t> topic;
  };

  /// Leaves the producer where the storage is another one now: its sequence numbers mean nothing there.
  void follow_storage();
  Result<void> open();
  rd_kafka_resp_err_t produce(const BrokerEvent& event, std::int64_t number);
  void handle(rd_kafka_event_t* event);
  void settle(const rd_kafka_message_t& report);
  void check_order(const rd_kafka_message_t& report, std::int64_t number);
  void end(std::int64_t number, std::string problem);
  void give_up(const std::string& problem);

  const KafkaOptions options_;
  const std::shared_ptr<KafkaTopic> topic_;
  const Clock& clock_;
  Producer producer_;
  std::int64_t incarnation_ = 0;
  // Events are numbered as they are sent. Those that wait, from first_number_ on; some behind the first may be over.
  std::deque<Waiting> waiting_;
  std::int64_t first_number_ = 0;
  std::vector<SendOutcome> outcomes_;
  std::vector<Acknowledged> acknowledged_;  // by partition, in this incarnation
};

}  // namespace seamline::events
