#pragma once

#include <string>
#include <variant>

#include "events/broker.hpp"
#include "events/cloud_events.hpp"
#include "store/event_log.hpp"

/// Log entries as events on a broker, and back.
namespace seamline::events {

/// An entry as CloudEvents 1.0, in the binary mode: the payload byte for byte, because the entry's hash covers it, and beside the
/// required attributes `sequence`, `epoch`, `hash` and, where it has one, `traceparent`.
BrokerEvent to_broker_event(const LogName& log, const store::LogEntry& entry);

/// An event that says it is an entry of the publisher's log. Whether it continues what is known of that log is for its reader.
struct SequencedEvent {
  std::string log_id;
  store::LogEntry entry;
};

/// An event that somebody else has published in the module's place: it has no sequence of ours.
struct ForeignEvent {
  /// "OrderCreated".
  std::string type;
  /// CloudEvents' identity; both empty where the sender gave none.
  std::string source;
  std::string id;
  std::string trace;
  std::string body;
};

/// An event that can be neither.
struct RefusedEvent {
  std::string reason;
};

using ReadEvent = std::variant<SequencedEvent, ForeignEvent, RefusedEvent>;

/// What an event from a topic of `publisher` is. One with a sequence whose source is of this shop is never foreign: it has the
/// form of an entry, or is refused. `limits` hold for its attributes and data, as they do for a batch over HTTP.
ReadEvent read_broker_event(BrokerEvent event, std::string_view publisher, const BatchLimits& limits = {});

}  // namespace seamline::events
