#pragma once

#include <cstdint>

namespace seamline::resilience {

/// How a caller waits before it repeats a call. Passed in, so that a test or a simulation only moves its clock. Thread-safe.
class Pause {
 public:
  virtual ~Pause() = default;
  virtual void pause(std::int64_t duration_ms) = 0;

  /// The calling thread sleeps.
  static Pause& system();
};

}  // namespace seamline::resilience
