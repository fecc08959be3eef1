#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace seamline::events {

/// How a Kafka cluster is reached and used.
struct KafkaOptions {
  /// Where to begin looking for the cluster: `host:port`, several with commas between.
  std::string brokers;
  std::string client_id = "seamline";
  /// Of a topic that is made here. One that is there stays as it is.
  std::int32_t partitions = 1;
  /// The same; -1 leaves it to the broker.
  std::int32_t replication_factor = -1;

  std::int64_t max_event_bytes = 1'000'000;
  /// Of each publisher: how many events, and how much of them, may wait for their outcome.
  std::int64_t max_waiting_events = 10'000;
  std::int64_t max_waiting_bytes = std::int64_t{64} << 20U;
  /// Of each subscription: how much is fetched ahead.
  std::int64_t max_fetched_bytes = std::int64_t{16} << 20U;

  /// At least 1,000.
  std::int64_t connect_timeout_ms = 3'000;
  /// For one answer of a broker. The end of a KafkaBroker may take as long while none answers.
  std::int64_t request_timeout_ms = 3'000;
  /// An event that is not acknowledged by then is reported as not durable.
  std::int64_t delivery_timeout_ms = 30'000;
  /// How often the cluster is asked for its id, the partitions and their offsets.
  std::int64_t watch_interval_ms = 1'000;

  /// Further settings of librdkafka by its names, for TLS, SASL or tuning. Those that the promises of Broker rest on are refused.
  std::vector<std::pair<std::string, std::string>> settings;
};

}  // namespace seamline::events
