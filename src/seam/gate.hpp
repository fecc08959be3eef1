#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>

#include "base/loop.hpp"
#include "contract/port.hpp"
#include "seam/call_span.hpp"
#include "seam/cpu_meter.hpp"

namespace seamline::seam {

/// The one door into a module on its host. Port calls, HTTP routes, consumers, timers and workers all pass it, so that closing
/// it and waiting for what is inside leaves the module still. Thread-safe.
class Gate {
 public:
  /// Holds a place inside while it lives.
  class Pass {
   public:
    explicit Pass(Gate& gate) : gate_(&gate) {}
    Pass(Pass&& other) noexcept : gate_(std::exchange(other.gate_, nullptr)) {}
    Pass& operator=(Pass&&) = delete;
    ~Pass() {
      if (gate_ != nullptr) gate_->leave();
    }

   private:
    Gate* gate_;
  };

  /// Errors: what the gate was closed with; nothing was run then.
  Result<Pass> enter() {
    // Looked at first, so that those who knock at a closed gate do not count as inside, not even for a moment.
    if (closed_.load()) return fail(reason());
    inside_.fetch_add(1);
    if (!closed_.load()) return Pass(*this);
    leave();
    return fail(reason());
  }

  /// Refuses everybody from here on with `reason`. Who is inside goes on.
  void close(Error reason);
  /// Lets everybody in again, and calls on_open.
  void open();
  /// What wakes those who stopped at the closed gate without a caller who would repeat. Before the gate is used.
  void on_open(std::function<void()> wake) { wake_ = std::move(wake); }
  bool is_open() const { return !closed_.load(); }
  /// Waits until nobody is inside a closed gate, or `timeout_ms` have passed; returns whether it came true.
  bool wait_empty(std::int64_t timeout_ms);
  /// What the calls through the gate cost on their callers' threads.
  CpuMeter& cpu() { return cpu_; }
  const CpuMeter& cpu() const { return cpu_; }
  /// Calls of recorded traces that come in become spans of `tracer`, which outlives the gate; null for none. Before the first
  /// call.
  void trace_with(observe::Tracer* tracer) { tracer_ = tracer; }
  observe::Tracer* tracer() const { return tracer_; }

 private:
  void leave() {
    if (inside_.fetch_sub(1) == 1 && closed_.load()) announce_empty();
  }
  void announce_empty();
  Error reason() const;

  std::atomic<std::int64_t> inside_{0};
  std::atomic<bool> closed_{false};
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  Error reason_;
  std::function<void()> wake_;
  CpuMeter cpu_;
  observe::Tracer* tracer_ = nullptr;
};

/// A module's loop behind its gate: a step holds a place inside, and a closed gate leaves nothing to do. It is also where an
/// exception ends, as GatedPort is for calls: that a store cannot be read now is logged, and the next step tries again.
class GatedLoop final : public Loop {
 public:
  /// Both exist and outlive it. `name` is for the log.
  GatedLoop(Gate& gate, Loop& loop, std::string name) : gate_(gate), loop_(loop), name_(std::move(name)) {}
  bool step() override;

 private:
  Gate& gate_;
  Loop& loop_;
  const std::string name_;
  bool has_failed_ = false;
};

/// A closed gate's reason on a host that stops.
inline constexpr ErrorCode draining{"module.draining", Kind::unavailable};
/// Not run, guaranteed: the module is about to move, repeat in a moment.
inline constexpr ErrorCode fenced{"module.fenced", Kind::unavailable};
/// Not run, guaranteed: the module is elsewhere now.
inline constexpr ErrorCode moved{"module.moved", Kind::unavailable};

/// What a caller is told of a failure that nobody expected: the log has the rest, under the name of the operation.
Error unexpected(std::string_view operation, std::string_view what);

/// What a caller is told of an exception that the module threw: that something outside is away for now, or that it was
/// unexpected.
Error failure_of(std::string_view operation, const std::exception& problem);

/// A module's port behind its gate: also the place where an operation's access is checked, wherever the call comes from, and
/// where an exception ends: none crosses a port.
template <AContract C>
class GatedPort final : public Overrides<C, GatedPort<C>> {
 public:
  /// Both exist and outlive it.
  GatedPort(Gate& gate, Port<C>& module) : gate_(gate), module_(module) {}

  template <Operation Op>
  Result<typename Op::Reply> run(const CallContext& context, const Op& operation) {
    if (auto allowed = check_access(Op::access, context.caller); !allowed) return fail(std::move(allowed.error()));
    const auto pass = gate_.enter();
    if (!pass) return fail(pass.error());
    const CpuMeter::Call measured(gate_.cpu());
    // Behind the checks, so that a call that another host refuses before it comes here looks the same.
    if (gate_.tracer() != nullptr && observe::is_sampled(context.traceparent)) [[unlikely]]
      return run_traced(context, operation);
    return run_inside(context, operation);
  }

 private:
  template <Operation Op>
  [[gnu::noinline]] Result<typename Op::Reply> run_traced(const CallContext& context, const Op& operation) {
    CallSpan span(*gate_.tracer(), C::module, Op::name, context);
    auto reply = run_inside(span.context(), operation);
    if (!reply) span.failed(reply.error());
    return reply;
  }

  template <Operation Op>
  Result<typename Op::Reply> run_inside(const CallContext& context, const Op& operation) {
    try {
      auto reply = module_.call(context, operation);
      if (!reply && reply.error().kind == Kind::internal) return fail(unexpected(Op::name, reply.error().detail));
      return reply;
    } catch (const std::exception& problem) {
      return fail(failure_of(Op::name, problem));
    }
  }

  Gate& gate_;
  Port<C>& module_;
};

}  // namespace seamline::seam
