#pragma once

#include "events/broker.hpp"
#include "events/kafka_client.hpp"

namespace seamline::events {

/// The attributes in the binary mode of the Kafka protocol binding for CloudEvents 1.0, section 3.2.
KafkaOwned<rd_kafka_headers_t> kafka_headers(const BrokerEvent& event);

/// What a message holds. Headers that are no attributes are left out, and one without headers has no attributes.
BrokerEvent kafka_event(rd_kafka_message_t& message);

}  // namespace seamline::events
