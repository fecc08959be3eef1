#pragma once

#include <string>
#include <vector>

#include "base/clock.hpp"
#include "events/broker.hpp"
#include "events/kafka_client.hpp"

namespace seamline::events {

/// Asks a Kafka cluster how it is, and whether these topics keep what they acknowledge. See Broker::inspect.
Result<BrokerReport> inspect_kafka(rd_kafka_t* client, const KafkaOptions& options, const std::vector<std::string>& topics,
                                   std::int64_t timeout_ms, const Clock& clock);

}  // namespace seamline::events
