#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <mutex>
#include <vector>

#include "base/clock.hpp"
#include "contract/fields.hpp"
#include "resilience/errors.hpp"

namespace seamline::resilience {

/// When calls are no longer sent, and when they are tried again.
struct BreakerSettings {
  std::int64_t window_calls = 100;
  std::int64_t window_ms = 30'000;
  std::int64_t minimum_calls = 10;
  std::int64_t failure_percent = 50;
  std::int64_t slow_percent = 80;
  std::int64_t slow_call_ms = 2'000;
  std::int64_t open_ms = 5'000;
  std::int64_t probe_ms = 15'000;

  static constexpr std::tuple fields{
      Field{"window_calls", &BreakerSettings::window_calls, "The last calls that a breaker judges by.", range(1, 10'000)},
      Field{"window_ms", &BreakerSettings::window_ms, "Of these, it forgets those that are older, in milliseconds.",
            range(100, 3'600'000)},
      Field{"minimum_calls", &BreakerSettings::minimum_calls,
            "It opens for no fewer calls than these, or than window_calls where that is less.", range(1, 10'000)},
      Field{"failure_percent", &BreakerSettings::failure_percent, "It opens when so many of them failed.", range(1, 100)},
      Field{"slow_percent", &BreakerSettings::slow_percent, "It opens when so many of them were slow.", range(1, 100)},
      Field{"slow_call_ms", &BreakerSettings::slow_call_ms,
            "A call is slow that took so long, beside what it asked to wait, in milliseconds.", range(1, 600'000)},
      Field{"open_ms", &BreakerSettings::open_ms,
            "How long it refuses all calls before it lets three probes through, in milliseconds.", range(1, 600'000)},
      Field{"probe_ms", &BreakerSettings::probe_ms,
            "A probe that has no outcome for so long gives its place to another, in milliseconds.", range(1, 3'600'000)}};
};

enum class BreakerState : std::uint8_t { closed, open, half_open };

}  // namespace seamline::resilience

template <>
inline constexpr std::array<std::string_view, 3> seamline::enum_names<seamline::resilience::BreakerState>{"closed", "open",
                                                                                                          "half_open"};

namespace seamline::resilience {

/// How often a breaker came into each state.
struct BreakerCounts {
  std::int64_t opened = 0;
  std::int64_t half_opened = 0;
  std::int64_t closed = 0;
  bool operator==(const BreakerCounts&) const = default;
};

/// One change of state, with what the window held just before it.
struct BreakerTransition {
  BreakerState from;
  BreakerState to;
  std::int64_t calls = 0;
  std::int64_t failures = 0;
  std::int64_t slow_calls = 0;
};

/// Stops calls to a callee that fails or is too slow, and tries it again after a while.
/// - closed: every call may go. It opens when the window holds the minimum of calls and too many of them failed or were slow.
/// - open: none may, for `open_ms`.
/// - half-open: three probes may go, no matter how many ask. Three successes close it; one that fails or is slow opens it
///   again. The place of a probe whose outcome is ignored, never told, or not known after `probe_ms`, goes to another call.
/// The outcome of a call that was let through before the last change of state changes nothing. Thread-safe; in the closed state
/// admit() is one atomic load, and report() a short critical section.
class CircuitBreaker {
 public:
  /// Called at each transition, in their order, within the breaker's lock: it must not call the breaker.
  using Listener = std::function<void(const BreakerTransition&)>;

  /// The leave to make one call. Destroyed without a report, it counts as ignored. The breaker outlives it.
  class Permit {
   public:
    Permit(Permit&& other) noexcept
        : breaker_(std::exchange(other.breaker_, nullptr)), generation_(other.generation_), probe_(other.probe_) {}
    Permit& operator=(Permit&&) = delete;
    ~Permit() { report(Outcome::ignored, 0); }
    /// Tells how the call ended, and how long it took. Only the first report counts.
    void report(Outcome outcome, std::int64_t duration_ms) {
      if (auto* breaker = std::exchange(breaker_, nullptr)) breaker->record(*this, outcome, duration_ms);
    }

   private:
    friend CircuitBreaker;
    Permit(CircuitBreaker& breaker, std::uint64_t generation, std::uint64_t probe)
        : breaker_(&breaker), generation_(generation), probe_(probe) {}

    CircuitBreaker* breaker_;
    std::uint64_t generation_;
    /// The number of the probe; 0 for a call in the closed state.
    std::uint64_t probe_;
  };

  /// As many calls are tried, and must succeed, before it closes.
  static constexpr std::size_t probes = 3;

  /// `clock` exists and outlives it.
  CircuitBreaker(const BreakerSettings& settings, const Clock& clock, Listener listener = {});

  /// Errors: call.circuit_open, with retry_after_ms.
  Result<Permit> admit() {
    const std::uint64_t word = word_.load(std::memory_order_acquire);
    if (state_in(word) == BreakerState::closed) return Permit(*this, generation_in(word), 0);
    return admit_probe();
  }

  /// How long it still refuses every call: 0 unless it is open.
  std::int64_t open_for_ms() const;
  /// What a call is told that it refuses, when to come again included. Callers that look before they ask use it with
  /// open_for_ms().
  static Error refusal(std::int64_t retry_after_ms);
  /// An open breaker becomes half-open when a call asks, not by itself.
  BreakerState state() const { return state_in(word_.load(std::memory_order_acquire)); }
  BreakerCounts counts() const;

 private:
  struct Recorded {
    Instant at;
    bool has_failed = false;
    bool was_slow = false;
  };
  struct Probe {
    std::uint64_t number = 0;  // 0: nobody's
    Instant started;
  };

  static BreakerState state_in(std::uint64_t word) { return static_cast<BreakerState>(word & 3U); }
  static std::uint64_t generation_in(std::uint64_t word) { return word >> 2U; }

  Result<Permit> admit_probe();
  void record(const Permit& permit, Outcome outcome, std::int64_t duration_ms);
  void record_call(const Recorded& call);
  void record_probe(std::uint64_t number, Outcome outcome, bool was_slow);
  void forget_oldest();
  void change_to(BreakerState next);

  const BreakerSettings settings_;
  const Clock& clock_;
  const Listener listener_;

  // Generation and state in one word: a permit that is given without the lock belongs to exactly one of both.
  std::atomic<std::uint64_t> word_{0};
  std::atomic<std::int64_t> open_until_ns_{0};

  mutable std::mutex mutex_;
  // A ring: `size_` entries up to, and without, the one at `next_`.
  std::vector<Recorded> window_;
  std::size_t next_ = 0;
  std::size_t size_ = 0;
  std::int64_t failures_ = 0;
  std::int64_t slow_calls_ = 0;
  std::array<Probe, probes> probes_;
  std::uint64_t last_probe_ = 0;
  std::size_t successes_ = 0;
  BreakerCounts counts_;
};

}  // namespace seamline::resilience
