#pragma once

#include "base/clock.hpp"
#include "scheduler.hpp"

namespace seamline::simulation {

/// A process's own idea of the time: it runs a little fast or slow, its calendar is off and can be set. What is monotonic never
/// goes back.
class SimulatedClock final : public Clock {
 public:
  /// `scheduler` exists and outlives it. `drift` is in millionths.
  SimulatedClock(const Scheduler& scheduler, std::int64_t offset_ms, std::int64_t drift)
      : scheduler_(scheduler), offset_ms_(offset_ms), drift_(drift) {}

  /// When every run begins: after the making of the stores that it begins with.
  static constexpr std::int64_t epoch_ms = 1'790'000'000'000;

  Timestamp now() const override { return {epoch_ms + offset_ms_ + elapsed_ns() / ns_in_ms}; }
  Instant monotonic() const override { return {1'000'000'000 + elapsed_ns()}; }

  void jump_ms(std::int64_t ms) { offset_ms_ += ms; }

 private:
  std::int64_t elapsed_ns() const { return scheduler_.now_ns() + scheduler_.now_ns() / 1'000'000 * drift_; }

  const Scheduler& scheduler_;
  std::int64_t offset_ms_;
  std::int64_t drift_;
};

}  // namespace seamline::simulation
