#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"

/// What the carriers need of a message broker. A broker only hastens: whatever it loses, repeats or reorders, a subscriber finds
/// in the publisher's log. Kafka and NATS are implementations; so is one in memory, for tests.
namespace seamline::events {

/// The broker is out of reach, or refuses: worth trying again.
inline constexpr ErrorCode broker_unavailable{"events.broker_unavailable", Kind::unavailable};

/// An event in the binary mode of CloudEvents 1.0: attributes beside the data. How a header is named on the wire is the matter
/// of each broker's binding (`ce_id` on Kafka, `ce-id` on NATS); here an attribute has its own name (`id`, `sequence`).
struct BrokerEvent {
  /// The aggregate's id: a broker with partitions keeps the events of one key in order.
  std::string key;
  /// By name, with their values as they are, not percent-encoded. `datacontenttype` among them. Empty where the sender wrote
  /// none.
  std::vector<std::pair<std::string, std::string>> attributes;
  std::string data;

  /// The attribute's value; empty where there is none.
  std::string_view attribute(std::string_view name) const {
    for (const auto& [known, value] : attributes) {
      if (known == name) return value;
    }
    return {};
  }
};

/// Where an event lies in a topic. Offsets grow within a partition, with gaps.
struct BrokerPlace {
  std::int64_t partition = 0;
  std::int64_t offset = 0;
  bool operator==(const BrokerPlace&) const = default;
};

struct ReceivedEvent {
  BrokerEvent event;
  BrokerPlace place;
};

/// What became of an event that was handed over.
struct SendOutcome {
  /// That of send().
  std::int64_t token = 0;
  /// Whether the broker has it durably.
  bool is_durable = false;
  /// Why not; else empty.
  std::string problem;
};

/// Sends to one topic, which it makes where it is missing. Not thread-safe.
class BrokerPublisher {
 public:
  virtual ~BrokerPublisher() = default;
  /// Takes an event for sending and returns at once. Events of one key are kept in the order of the calls. False, with nothing
  /// taken, where too many wait for their outcome: ask for outcomes first.
  virtual bool send(const BrokerEvent& event, std::int64_t token) = 0;
  /// Lets the client work, for up to `wait_ms` while there is no outcome yet. Returns those that came, in any order.
  virtual std::vector<SendOutcome> outcomes(std::int64_t wait_ms) = 0;
  /// Forgets what waits for its outcome, which may or may not reach the broker; the next send() begins anew.
  virtual void reset() = 0;
  /// Which storage has the topic now: another text after the broker lost its data, or another broker took its place. Empty while
  /// that is not known.
  virtual std::string storage_id() = 0;
};

/// Where to begin in a topic. Other partitions, and all of them where the storage is another one than `storage_id`, begin with
/// the earliest event that the broker has.
struct SubscriptionStart {
  std::string storage_id;
  /// The next event of each partition.
  std::vector<BrokerPlace> next;
  /// Whether a topic that is missing is made. Its publisher does that too, if it is one of ours.
  bool makes_topic = false;
};

/// Receives from one topic. Every event of it, from its start on, at least once; an event that was received is forgotten only
/// by a new subscription. Nothing is committed at the broker: the subscriber's store remembers the places. Not thread-safe, but
/// for interrupt().
class BrokerSubscription {
 public:
  virtual ~BrokerSubscription() = default;
  /// Up to `limit` events; waits for the first for up to `wait_ms`. Empty where none came. A topic that is missing is empty.
  /// Errors: events.broker_unavailable.
  virtual Result<std::vector<ReceivedEvent>> receive(std::size_t limit, std::int64_t wait_ms) = 0;
  /// That of the events received last; see BrokerPublisher. When it changes, the subscription has begun anew with the earliest.
  virtual std::string storage_id() = 0;
  /// Makes a receive() that waits return soon, and later ones at once. Thread-safe.
  virtual void interrupt() = 0;
};

/// What somebody who looks after a broker wants to know.
struct BrokerReport {
  /// "4.4.0"; empty where the broker does not tell.
  std::string version;
  std::int64_t latency_us = 0;
  /// Settings under which an acknowledged event could be lost, each with what to do.
  std::vector<std::string> warnings;
};

/// One broker, or a cluster. Thread-safe; outlives what it makes. Making something never waits for the broker.
class Broker {
 public:
  virtual ~Broker() = default;
  /// "kafka", "nats".
  virtual std::string_view name() const = 0;
  virtual std::unique_ptr<BrokerPublisher> publish_to(const std::string& topic) = 0;
  virtual std::unique_ptr<BrokerSubscription> subscribe_to(const std::string& topic, const SubscriptionStart& start) = 0;
  /// Asks the broker how it is. Errors: events.broker_unavailable, saying what was tried.
  virtual Result<BrokerReport> inspect(std::int64_t timeout_ms) = 0;
};

}  // namespace seamline::events
