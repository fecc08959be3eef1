#include "seam/cpu_meter.hpp"

#include "base/clock.hpp"

namespace seamline::seam {
namespace {

/// What is known of the calls that a thread is in. The outermost one decides whether all of them are measured.
struct ThreadCalls {
  unsigned count = 0;
  unsigned depth = 0;
  bool is_measured = false;
  /// Spent in the calls that the current one has made.
  std::int64_t nested_ns = 0;
};

thread_local ThreadCalls calls;

}  // namespace

CpuMeter::Call::Call(CpuMeter& meter) : meter_(meter) {
  if (calls.depth++ == 0) calls.is_measured = ++calls.count % every == 0;
  if (!calls.is_measured) return;
  outer_nested_ns_ = calls.nested_ns;
  calls.nested_ns = 0;
  started_ns_ = thread_cpu_ns(::pthread_self());
}

CpuMeter::Call::~Call() {
  --calls.depth;
  if (!calls.is_measured) return;
  const std::int64_t spent_ns = thread_cpu_ns(::pthread_self()) - started_ns_;
  meter_.measured_ns_.fetch_add(spent_ns - calls.nested_ns, std::memory_order_relaxed);
  calls.nested_ns = outer_nested_ns_ + spent_ns;
}

}  // namespace seamline::seam
