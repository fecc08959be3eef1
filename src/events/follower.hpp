#pragma once

#include <atomic>
#include <functional>

#include "base/growing_pause.hpp"
#include "base/loop.hpp"
#include "events/consumer.hpp"
#include "events/log_source.hpp"

namespace seamline::events {

/// Follows the log of a publisher elsewhere for one subscriber: asks for what comes next as long as the consumer has room, and
/// sends receipts of what is applied. A step is one request, which waits at the publisher for the next entry. While the
/// publisher is out of reach, or its log does not fit the cursor, it asks again with growing pauses; nothing is ever skipped.
class Follower final : public Loop {
 public:
  struct Options {
    /// Entries of one read.
    std::int64_t read_entries = 1000;
    /// How long the publisher may wait for an entry, in milliseconds. With 0 a step never waits: for tests and simulations.
    std::int64_t wait_ms = 25'000;
    /// How often the consumer looks for what it left undone, and the longest pause before a publisher that is out of reach, or
    /// that does not wait, is asked again.
    std::int64_t poll_ms = 1000;
    /// How often a receipt is sent, at most.
    std::int64_t receipt_ms = 1000;
    /// The longest pause before a log that has diverged is asked again; the first one is a second.
    std::int64_t diverged_ms = 30'000;
  };

  /// All exist and outlive the follower. The consumer's `wake_puller` wakes the thread around it.
  Follower(Consumer& consumer, LogSource& source, const Clock& clock, Options options)
      : consumer_(consumer), source_(source), clock_(clock), options_(options) {}

  /// From here on a broker brings what is new while `is_carrying()`: then the log is read only to catch up, and when nothing has
  /// moved for a while, as a broker that loses its last entries leaves no gap. Before the first step. It may be called from the
  /// follower's thread for as long as the follower lives.
  void carried_by(std::function<bool()> is_carrying) { is_carrying_ = std::move(is_carrying); }

  bool step() override;
  /// Ends a step that waits, and all later ones at once: before the thread around it is stopped. Thread-safe, idempotent.
  void stop();

 private:
  void notice(Instant now);
  bool read_behind(const store::LogPosition& after);
  std::int64_t wait_ms_at(Instant now) const;
  void failed(const Error& error);
  void recovered();
  void send_receipts(Instant now, const std::optional<store::LogPosition>& tail);

  Consumer& consumer_;
  LogSource& source_;
  const Clock& clock_;
  const Options options_;
  std::function<bool()> is_carrying_;
  bool is_carried_ = false;
  std::int64_t noticed_seq_ = 0;  // how far the consumer was when it was last looked at
  std::atomic<bool> is_stopped_{false};
  Instant next_notice_;
  GrowingPause pause_;
  bool is_out_of_reach_ = false;
  bool is_receipt_refused_ = false;
  std::int64_t receipted_seq_ = 0;
  Instant receipt_due_;  // never while there is nothing to send
};

}  // namespace seamline::events
