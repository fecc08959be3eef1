#pragma once

#include <memory>
#include <vector>

#include "base/loop.hpp"
#include "events/consumer.hpp"

namespace seamline::events {

/// What was read of a log.
struct LogRead {
  std::string log_id;
  store::EntryBatch entries;
};

/// Where a publisher's log is read: its store in the same process, or its host. Thread-safe.
class LogSource {
 public:
  virtual ~LogSource() = default;
  /// Up to `limit` entries behind `after`. Errors: events.diverged; events.unavailable while the publisher is out of reach.
  virtual Result<LogRead> read(const store::LogPosition& after, std::int64_t limit) = 0;
  /// The seq of the last entry. Errors: events.unavailable.
  virtual Result<std::int64_t> head_seq() = 0;
};

/// The log of a module in this process.
class LocalLogSource final : public LogSource {
 public:
  /// `publisher` exists and outlives the source.
  explicit LocalLogSource(store::Store& publisher) : publisher_(publisher) {}
  Result<LogRead> read(const store::LogPosition& after, std::int64_t limit) override;
  Result<std::int64_t> head_seq() override;

 private:
  store::Store& publisher_;
};

/// Reads logs for the consumers that want them: at start, after a gap or a full queue, and when nothing has moved for a while.
class Puller final : public Loop {
 public:
  struct Options {
    /// Entries of one read.
    std::int64_t read_entries = 256;
    /// How often the heads are compared, in milliseconds.
    std::int64_t poll_ms = 1000;
  };

  Puller(const Clock& clock, Options options) : clock_(clock), options_(options) {}

  /// Before the first step. Both exist and outlive the puller.
  void add(Consumer& consumer, LogSource& source) { feeds_.push_back({consumer, source}); }
  /// Reads once for each consumer that wants it. Returns whether anything was read.
  bool step() override;

 private:
  struct Feed {
    Consumer& consumer;
    LogSource& source;
  };

  bool read_for(const Feed& feed) const;
  void compare_heads();

  const Clock& clock_;
  const Options options_;
  std::vector<Feed> feeds_;
  Instant next_comparison_;
};

}  // namespace seamline::events
