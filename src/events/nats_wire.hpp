#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "events/nats_client.hpp"

/// How an event and what JetStream says of it look on the wire.
namespace seamline::events::nats {

/// Where a message goes, and by what the server knows a repetition; empty for none.
struct Envelope {
  std::string_view subject;
  std::string_view reply;
  std::string message_id;
};

/// An event as a message: the binary mode of the NATS protocol binding for CloudEvents 1.0.2, section 3.1.
/// Errors: events.broker_unavailable for what the client refuses, or what is longer than `max_bytes`.
Result<Owned<natsMsg>> encode(const BrokerEvent& event, const Envelope& envelope, std::int64_t max_bytes);

/// Reads any message. Names of attributes are found in upper case too, as some clients write headers; a value that is no
/// percent-encoded UTF-8 stays as it is. A `Content-Type` without attributes (an event in structured mode) is read as
/// `datacontenttype`.
BrokerEvent decode(natsMsg* message);

/// The value of a header; empty where there is none.
std::string_view header(natsMsg* message, const char* name);

/// Where a message stands in its stream and among those that a consumer was sent: what its reply subject tells.
struct Delivery {
  std::uint64_t stream_sequence = 0;
  std::uint64_t consumer_sequence = 0;
};

/// Reads `$JS.ACK.<stream>.<consumer>.<times>.<stream sequence>.<consumer sequence>.<time>.<pending>`, also with the domain and
/// the account before the stream (the server's ADR-15). Nothing for any other subject.
std::optional<Delivery> delivery_of(std::string_view reply);

/// What the stream answers to an event.
struct Acknowledgement {
  std::uint64_t sequence = 0;
  bool is_duplicate = false;
  /// Why it was not stored; else empty.
  std::string problem;
};

Acknowledgement read_acknowledgement(std::string_view json_text);

}  // namespace seamline::events::nats
