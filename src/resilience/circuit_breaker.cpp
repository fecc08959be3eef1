#include "resilience/circuit_breaker.hpp"

#include <algorithm>

namespace seamline::resilience {
namespace {

/// While probes are under way nobody knows when the breaker closes: come again soon.
constexpr std::int64_t half_open_retry_after_ms = 100;

std::int64_t milliseconds_up(std::int64_t nanoseconds) { return (nanoseconds + 999'999) / 1'000'000; }

}  // namespace

CircuitBreaker::CircuitBreaker(const BreakerSettings& settings, const Clock& clock, Listener listener)
    : settings_(settings),
      clock_(clock),
      listener_(std::move(listener)),
      window_(static_cast<std::size_t>(std::max<std::int64_t>(1, settings.window_calls))) {}

std::int64_t CircuitBreaker::open_for_ms() const {
  if (state() != BreakerState::open) return 0;
  const std::int64_t left_ns = open_until_ns_.load(std::memory_order_relaxed) - clock_.monotonic().ns;
  return left_ns > 0 ? milliseconds_up(left_ns) : 0;
}

Error CircuitBreaker::refusal(std::int64_t retry_after_ms) {
  Error error = std::move(fail(circuit_open, "Too many calls failed or were slow: none is sent for now.").value());
  error.retryable = true;
  error.retry_after_ms = retry_after_ms;
  return error;
}

BreakerCounts CircuitBreaker::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

Result<CircuitBreaker::Permit> CircuitBreaker::admit_probe() {
  const std::lock_guard lock(mutex_);
  const Instant now = clock_.monotonic();
  if (state() == BreakerState::open) {
    const std::int64_t left_ns = open_until_ns_.load(std::memory_order_relaxed) - now.ns;
    if (left_ns > 0) return fail(refusal(milliseconds_up(left_ns)));
    change_to(BreakerState::half_open);
  }
  const std::uint64_t generation = generation_in(word_.load(std::memory_order_relaxed));
  if (state() == BreakerState::closed) return Permit(*this, generation, 0);  // closed since the caller looked

  std::size_t taken = successes_;
  Probe* free = nullptr;
  for (Probe& probe : probes_) {
    const bool is_taken = probe.number != 0 && now < probe.started.plus_ms(settings_.probe_ms);
    if (is_taken) {
      ++taken;
    } else {
      free = &probe;
    }
  }
  if (taken >= probes) return fail(refusal(half_open_retry_after_ms));
  *free = {++last_probe_, now};
  return Permit(*this, generation, free->number);
}

void CircuitBreaker::record(const Permit& permit, Outcome outcome, std::int64_t duration_ms) {
  if (outcome == Outcome::ignored && permit.probe_ == 0) return;
  const bool was_slow = duration_ms >= settings_.slow_call_ms;
  const std::lock_guard lock(mutex_);
  if (permit.generation_ != generation_in(word_.load(std::memory_order_relaxed))) return;
  if (permit.probe_ != 0) {
    record_probe(permit.probe_, outcome, was_slow);
  } else {
    record_call({clock_.monotonic(), outcome == Outcome::failure, was_slow});
  }
}

void CircuitBreaker::record_call(const Recorded& call) {
  if (size_ == window_.size()) forget_oldest();
  window_[next_] = call;
  next_ = (next_ + 1) % window_.size();
  ++size_;
  failures_ += call.has_failed ? 1 : 0;
  slow_calls_ += call.was_slow ? 1 : 0;
  while (window_[(next_ + window_.size() - size_) % window_.size()].at.plus_ms(settings_.window_ms) < call.at) forget_oldest();

  const auto calls = static_cast<std::int64_t>(size_);
  if (calls < std::min(settings_.minimum_calls, settings_.window_calls)) return;
  const bool fails = failures_ * 100 >= settings_.failure_percent * calls;
  const bool is_slow = slow_calls_ * 100 >= settings_.slow_percent * calls;
  if (fails || is_slow) change_to(BreakerState::open);
}

void CircuitBreaker::forget_oldest() {
  const Recorded& oldest = window_[(next_ + window_.size() - size_) % window_.size()];
  failures_ -= oldest.has_failed ? 1 : 0;
  slow_calls_ -= oldest.was_slow ? 1 : 0;
  --size_;
}

void CircuitBreaker::record_probe(std::uint64_t number, Outcome outcome, bool was_slow) {
  const auto probe = std::find_if(probes_.begin(), probes_.end(), [&](const Probe& one) { return one.number == number; });
  if (probe == probes_.end()) return;  // its place was given to another
  *probe = {};
  if (outcome == Outcome::ignored) return;
  if (outcome == Outcome::failure || was_slow) return change_to(BreakerState::open);
  if (++successes_ == probes) change_to(BreakerState::closed);
}

void CircuitBreaker::change_to(BreakerState next) {
  const std::uint64_t word = word_.load(std::memory_order_relaxed);
  const BreakerTransition transition{state_in(word), next, static_cast<std::int64_t>(size_), failures_, slow_calls_};
  next_ = size_ = successes_ = 0;
  failures_ = slow_calls_ = 0;
  probes_ = {};
  switch (next) {
    case BreakerState::closed: ++counts_.closed; break;
    case BreakerState::open:
      ++counts_.opened;
      open_until_ns_.store(clock_.monotonic().plus_ms(settings_.open_ms).ns, std::memory_order_relaxed);
      break;
    case BreakerState::half_open: ++counts_.half_opened; break;
  }
  word_.store((generation_in(word) + 1) << 2U | static_cast<std::uint64_t>(next), std::memory_order_release);
  if (listener_) listener_(transition);
}

}  // namespace seamline::resilience
