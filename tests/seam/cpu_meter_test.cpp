#include "seam/cpu_meter.hpp"

#include "base/clock.hpp"
#include "support/catch.hpp"

using namespace seamline;
using seam::CpuMeter;

namespace {

std::int64_t cpu_ns() { return thread_cpu_ns(::pthread_self()); }

/// Works until the thread has used this much CPU time.
void work(std::int64_t ns) {
  const std::int64_t until = cpu_ns() + ns;
  while (cpu_ns() < until) {
  }
}

constexpr std::int64_t call_ns = 200'000;

}  // namespace

TEST_CASE("calls that are alike are estimated by those that are measured, each module without those that it calls") {
  CpuMeter outer;
  CpuMeter inner;
  constexpr int calls = static_cast<int>(CpuMeter::every) * 4;
  for (int i = 0; i < calls; ++i) {
    const CpuMeter::Call call(outer);
    work(call_ns);
    const CpuMeter::Call nested(inner);
    work(2 * call_ns);
  }
  CHECK(outer.estimated_ns() >= calls * call_ns);
  CHECK(outer.estimated_ns() < calls * call_ns * 3 / 2);
  CHECK(inner.estimated_ns() >= calls * 2 * call_ns);
  CHECK(inner.estimated_ns() < calls * 3 * call_ns);
}

TEST_CASE("a module that alternates between cheap and dear calls hides neither") {
  CpuMeter meter;
  constexpr int pairs = static_cast<int>(CpuMeter::every) * 4;
  for (int i = 0; i < pairs; ++i) {
    {
      const CpuMeter::Call cheap(meter);
    }
    const CpuMeter::Call dear(meter);
    work(call_ns);
  }
  CHECK(meter.estimated_ns() >= pairs * call_ns);
  CHECK(meter.estimated_ns() < pairs * call_ns * 3 / 2);
}
