#pragma once

#include <pthread.h>

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace seamline {

/// A moment on the calendar: milliseconds since 1970-01-01T00:00:00Z. For display, expiry dates and ids.
struct Timestamp {
  std::int64_t ms = 0;
  auto operator<=>(const Timestamp&) const = default;
};

/// A moment on a clock that never goes back: nanoseconds since an arbitrary start. For deadlines and durations.
struct Instant {
  std::int64_t ns = 0;
  auto operator<=>(const Instant&) const = default;

  static constexpr Instant never() { return {INT64_MAX}; }
  /// Saturates at never().
  Instant plus_ms(std::int64_t duration_ms) const;
  std::int64_t ms_until(Instant later) const { return (later.ns - ns) / 1'000'000; }
};

/// The only source of time. Passed in, so that a test or a simulation decides what time it is. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Timestamp now() const = 0;
  virtual Instant monotonic() const = 0;

  /// The machine's clocks.
  static const Clock& system();
};

/// CPU time that a thread of this process has used, in nanoseconds; 0 where the system does not say. The thread has not been
/// joined. For figures that are shown, never for a decision.
std::int64_t thread_cpu_ns(pthread_t thread);

/// RFC 3339, section 5.6, in UTC with milliseconds: 2026-01-31T23:59:59.123Z.
std::string format_timestamp(Timestamp at);

/// Reads what format_timestamp writes; also other numbers of fraction digits (cut to milliseconds) and offsets.
/// Empty where the text is no such date.
std::optional<Timestamp> parse_timestamp(std::string_view text);

}  // namespace seamline
