#pragma once

#include <vector>

#include "base/loop.hpp"
#include "events/consumer.hpp"
#include "events/log_source.hpp"

namespace seamline::events {

/// Reads the logs of publishers in the same process for the consumers that want them: at start, after a gap or a full queue,
/// and when nothing has moved for a while. Sends their receipts.
class Puller final : public Loop {
 public:
  struct Options {
    /// Entries of one read.
    std::int64_t read_entries = 256;
    /// How often the heads are compared, in milliseconds.
    std::int64_t poll_ms = 1000;
    /// How often a subscriber that has moved sends a receipt, in milliseconds.
    std::int64_t receipt_ms = 5000;
  };

  Puller(const Clock& clock, Options options) : clock_(clock), options_(options) {}

  /// Before the first step. Both exist and outlive the puller.
  void add(Consumer& consumer, LogSource& source) { feeds_.push_back({consumer, source, 0}); }
  /// Reads once for each consumer that wants it. Returns whether anything was read.
  bool step() override;

 private:
  struct Feed {
    Consumer& consumer;
    LogSource& source;
    std::int64_t receipted_seq;
  };

  bool read_for(const Feed& feed) const;
  void compare_heads();
  void send_receipts();

  const Clock& clock_;
  const Options options_;
  std::vector<Feed> feeds_;
  Instant next_comparison_;
  Instant next_receipts_;
};

}  // namespace seamline::events
