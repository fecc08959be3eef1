#pragma once

#include <atomic>

#include "base/growing_pause.hpp"
#include "base/loop.hpp"
#include "events/broker.hpp"
#include "events/consumer.hpp"
#include "events/foreign_inbox.hpp"
#include "events/reorder_window.hpp"

namespace seamline::events {

/// What a receiver has done since it was made.
struct ReceiverCounts {
  std::int64_t received = 0;
  /// Entries that had come before, from the broker or the log.
  std::int64_t duplicates = 0;
  /// How often the wait was over, and the log was read instead.
  std::int64_t given_up = 0;
  /// Neither an entry of the log that is followed, nor an event that somebody else could have sent.
  std::int64_t refused = 0;
  /// How often the broker was out of reach.
  std::int64_t failures = 0;
};

/// A subscriber's end of a topic. Entries of the log that the subscriber follows go to its consumer, in their order; events of
/// others to the inbox. A step is one receive. While the broker is out of reach, is_carrying() says so, and the log is followed
/// without it.
class Receiver final : public Loop {
 public:
  struct Options {
    /// Events of one receive.
    std::size_t max_events = 1000;
    /// How long a step waits for an event, in milliseconds. With 0 it never waits: for tests and simulations.
    std::int64_t wait_ms = 250;
    /// How often the places in the topic are written down where only the publisher's own entries move them, in milliseconds.
    std::int64_t places_ms = 5000;
    /// The longest pause before a broker that is out of reach is tried again, in milliseconds.
    std::int64_t longest_pause_ms = 1000;
    ReorderWindow::Options window{};
    BatchLimits limits{};
  };

  /// `consumer` is null where the publisher's own entries come some other way, or the publisher is foreign. All exist and
  /// outlive the receiver.
  Receiver(Broker& broker, Consumer* consumer, ForeignInbox& inbox, const Clock& clock, Options options);

  bool step() override;
  /// Ends a step that waits, and all later ones at once: before the thread around it is stopped. Thread-safe, idempotent.
  void stop();
  /// Whether the broker was in reach the last time. Thread-safe.
  bool is_carrying() const { return is_carrying_.load(); }
  const ForeignInbox& inbox() const { return inbox_; }
  /// Thread-safe.
  ReceiverCounts counts() const;

 private:
  void failed(const Error& error);
  void take(std::vector<ReceivedEvent> events);
  void take_sequenced(SequencedEvent event, Instant now);
  void hand_over(Instant now);
  void deliver(std::vector<Delivery::Foreign> events, Instant now);
  void count(std::int64_t ReceiverCounts::* what, std::int64_t by = 1);

  Broker& broker_;
  Consumer* const consumer_;
  ForeignInbox& inbox_;
  const Clock& clock_;
  const Options options_;
  std::unique_ptr<BrokerSubscription> subscription_;
  std::atomic<bool> is_stopped_{false};
  std::atomic<bool> is_carrying_{false};

  ReorderWindow window_;
  store::TopicPlaces places_;
  bool has_new_places_ = false;
  Instant places_due_;
  GrowingPause pause_;

  mutable std::mutex mutex_;
  ReceiverCounts counts_;
};

}  // namespace seamline::events
