#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "base/assert.hpp"
#include "base/transaction_mark.hpp"
#include "contract/port.hpp"
#include "observe/histogram.hpp"
#include "seam/call_span.hpp"

namespace seamline::seam {

/// What one edge has measured of one operation.
struct Meter {
  /// Counts every call, with its duration.
  observe::LatencyHistogram latency;
  std::atomic<std::int64_t> errors{0};
};

/// Where a seam's calls go, and how many are there now. Flips choose between several, so that one never waits for another.
class Switch {
 public:
  /// One target of a seam. It is reused for a later target once no call is in it.
  struct Side {
    void* target = nullptr;
    std::atomic<std::int64_t> in_flight{0};
  };

  /// Counts a call into the side that it really uses, while it lives.
  class Entered {
   public:
    explicit Entered(Switch& owner) : owner_(owner), side_(owner.current_.load()) {
      for (;;) {
        side_->in_flight.fetch_add(1);
        Side* now = owner_.current_.load();
        if (now == side_) return;
        owner_.leave(*side_);  // flipped in between: count into the new one
        side_ = now;
      }
    }
    ~Entered() { owner_.leave(*side_); }
    Entered(const Entered&) = delete;
    Entered& operator=(const Entered&) = delete;
    void* target() const { return side_->target; }

   private:
    Switch& owner_;
    Side* side_;
  };

  explicit Switch(void* target);
  /// Later calls enter `next`. Returns at once. Flips are serialised.
  void point_at(void* next);
  /// Whether no call is left in an earlier target.
  bool drained() const;
  /// Waits for that until `timeout_ms` have passed; returns whether it came true.
  bool wait_drained(std::int64_t timeout_ms);

 private:
  void leave(Side& side) {
    if (side.in_flight.fetch_sub(1) == 1 && current_.load() != &side) announce_drained();
  }
  void announce_drained();
  bool drained_locked() const;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::unique_ptr<Side>> sides_;
  std::atomic<Side*> current_;
};

/// One edge from a caller to a callee. A caller holds it as a `Port<C>` and cannot tell where the calls go. Measures every
/// call, and can be pointed elsewhere while calls flow: each call is answered by exactly one target. Thread-safe.
template <AContract C>
class Seam final : public Overrides<C, Seam<C>> {
 public:
  /// `caller` names the edge in metrics. `target` exists until the seam points elsewhere and is drained.
  Seam(std::string caller, Port<C>& target) : caller_(std::move(caller)), switch_(&target) {}

  /// Later calls go to `next`, at once; calls under way end where they are.
  void point_at(Port<C>& next) { switch_.point_at(&next); }
  bool drained() const { return switch_.drained(); }
  bool wait_drained(std::int64_t timeout_ms) { return switch_.wait_drained(timeout_ms); }
  /// Calls of recorded traces become spans of `tracer`, which outlives the seam; null for none. Before the first call.
  void trace_with(observe::Tracer* tracer) { tracer_ = tracer; }

  const std::string& caller() const { return caller_; }
  /// What was measured of the operation at this place in the contract's list.
  const Meter& meter(std::size_t operation) const { return meters_[operation]; }

  template <Operation Op>
  Result<typename Op::Reply> run(const CallContext& context, const Op& operation) {
    SEAMLINE_ASSERT(!inside_transaction);
    if (tracer_ != nullptr && observe::is_sampled(context.traceparent)) [[unlikely]]
      return run_traced(context, operation);
    return run_metered(context, operation);
  }

 private:
  /// Apart, so that a call that is not traced has no more of it than the question.
  template <Operation Op>
  [[gnu::noinline]] Result<typename Op::Reply> run_traced(const CallContext& context, const Op& operation) {
    CallSpan span(*tracer_, caller_, C::module, Op::name, context);
    auto reply = run_metered(span.context(), operation);
    if (!reply) span.failed(reply.error());
    return reply;
  }

  template <Operation Op>
  Result<typename Op::Reply> run_metered(const CallContext& context, const Op& operation) {
    const auto started = std::chrono::steady_clock::now();
    const Switch::Entered entered(switch_);
    auto reply = static_cast<Port<C>*>(entered.target())->call(context, operation);
    const std::chrono::nanoseconds spent = std::chrono::steady_clock::now() - started;
    Meter& meter = meters_[IndexOf<Op, typename C::operations>::value];
    meter.latency.record(spent.count());
    if (!reply) meter.errors.fetch_add(1, std::memory_order_relaxed);
    return reply;
  }

  const std::string caller_;
  observe::Tracer* tracer_ = nullptr;
  Switch switch_;
  std::array<Meter, C::operations::size> meters_;
};

}  // namespace seamline::seam
