#pragma once

#include <map>
#include <optional>

#include "base/clock.hpp"
#include "store/event_log.hpp"

namespace seamline::events {

/// Puts the entries of one log that arrive out of order, as those from several partitions of a topic do, back into it. Holds
/// what is ahead for a while, at most so many; then what is missing must be read from the log. Not thread-safe.
class ReorderWindow {
 public:
  struct Options {
    std::size_t max_entries = 1024;
    std::int64_t patience_ms = 200;
  };

  explicit ReorderWindow(Options options) : options_(options) {}

  /// Takes an entry in, unless it is there already.
  void add(store::LogEntry entry, Instant now);
  /// Forgets the entries up to `seq`, which have come some other way. Returns how many there were.
  std::int64_t drop_up_to(std::int64_t seq);
  /// Takes out the entries that continue the log behind `after` without a hole. Where the hash of one does not continue the
  /// chain, it is of another log: it and all that follow are forgotten, and `is_of_another_log` is set.
  store::EntryBatch take_run(const store::LogPosition& after, Instant now, bool& is_of_another_log);
  /// Whether it has waited long enough for what is missing, or holds too much.
  bool is_overdue(Instant now) const;
  /// Forgets everything. Returns the last seq that it held, 0 where it held nothing.
  std::int64_t clear();

 private:
  const Options options_;
  std::map<std::int64_t, store::LogEntry> entries_;
  /// Since when the first entry has waited.
  Instant waiting_since_;
};

}  // namespace seamline::events
