#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>

#include "contract/port.hpp"

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
    inside_.fetch_add(1);
    if (!closed_.load()) return Pass(*this);
    leave();
    return fail(reason());
  }

  /// Refuses everybody from here on with `reason`. Who is inside goes on.
  void close(Error reason);
  void open();
  bool is_open() const { return !closed_.load(); }
  /// Waits until nobody is inside a closed gate, or `timeout_ms` have passed; returns whether it came true.
  bool wait_empty(std::int64_t timeout_ms);

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
};

/// A closed gate's reason on a host that stops.
inline constexpr ErrorCode draining{"module.draining", Kind::unavailable};
/// Not run, guaranteed: the module is about to move, repeat in a moment.
inline constexpr ErrorCode fenced{"module.fenced", Kind::unavailable};
/// Not run, guaranteed: the module is elsewhere now.
inline constexpr ErrorCode moved{"module.moved", Kind::unavailable};

/// A module's port behind its gate: also the place where an operation's access is checked, wherever the call comes from.
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
    return module_.call(context, operation);
  }

 private:
  Gate& gate_;
  Port<C>& module_;
};

}  // namespace seamline::seam
