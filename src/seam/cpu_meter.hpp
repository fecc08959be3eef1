#pragma once

#include <atomic>
#include <cstdint>

namespace seamline::seam {

/// Estimates the CPU time that calls into one module take on their callers' threads, without that of the calls which they make to
/// other metered modules. Measures one call in `every` of a thread, because asking for a thread's CPU time is a system call.
/// Thread-safe.
class CpuMeter {
 public:
  /// A prime, so that no short pattern of calls hides from it.
  static constexpr unsigned every = 17;

  /// One call, on the thread that lives it.
  class Call {
   public:
    explicit Call(CpuMeter& meter);
    ~Call();
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;

   private:
    CpuMeter& meter_;
    std::int64_t started_ns_ = 0;
    std::int64_t outer_nested_ns_ = 0;
  };

  std::int64_t estimated_ns() const { return measured_ns_.load(std::memory_order_relaxed) * std::int64_t{every}; }

 private:
  std::atomic<std::int64_t> measured_ns_{0};
};

}  // namespace seamline::seam
