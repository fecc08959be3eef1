#pragma once

#include <atomic>

#include "base/clock.hpp"

namespace seamline::test {

/// A clock that stands still until the test moves it. Thread-safe.
class ManualClock final : public Clock {
 public:
  Timestamp now() const override { return {wall_ms_.load()}; }
  Instant monotonic() const override { return {monotonic_ns_.load()}; }

  void advance_ms(std::int64_t ms) {
    wall_ms_ += ms;
    monotonic_ns_ += ms * 1'000'000;
  }
  /// Only the calendar jumps, as when somebody sets the machine's date.
  void jump_calendar_ms(std::int64_t ms) { wall_ms_ += ms; }

 private:
  std::atomic<std::int64_t> wall_ms_{1'790'000'000'000};
  std::atomic<std::int64_t> monotonic_ns_{1'000'000'000};
};

}  // namespace seamline::test
