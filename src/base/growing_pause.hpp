#pragma once

#include <algorithm>

#include "base/clock.hpp"

namespace seamline {

/// The pauses of a loop that tries again what failed: each twice as long as the one before, until it succeeds. Not thread-safe.
class GrowingPause {
 public:
  /// It failed: pauses from `now` on, for `first_ms` the first time, and never longer than `longest_ms`, or than `first_ms`.
  void begin(Instant now, std::int64_t first_ms, std::int64_t longest_ms) {
    length_ms_ = std::clamp(length_ms_ * 2, first_ms, std::max(first_ms, longest_ms));
    ends_ = now.plus_ms(length_ms_);
  }
  /// It succeeded: the next pause is a first one again.
  void succeeded() { length_ms_ = 0; }
  bool is_over(Instant now) const { return now >= ends_; }
  /// Of the last pause, in milliseconds; 0 while all is well.
  std::int64_t length_ms() const { return length_ms_; }

 private:
  std::int64_t length_ms_ = 0;
  Instant ends_;
};

}  // namespace seamline
