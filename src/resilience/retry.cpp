#include "resilience/retry.hpp"

#include <algorithm>

namespace seamline::resilience {

RetryBudget::RetryBudget(const RetrySettings& settings, const Clock& clock)
    : share_(settings.budget_percent),
      floor_(settings.floor_retries * one_retry),
      most_(std::max(settings.max_saved_retries * one_retry, floor_)),
      clock_(clock),
      balance_(floor_),
      trickled_(clock.monotonic()) {}

void RetryBudget::add(std::int64_t amount, std::int64_t most) {
  std::int64_t before = balance_.load(std::memory_order_relaxed);
  while (before < most && !balance_.compare_exchange_weak(before, std::min(most, before + amount), std::memory_order_relaxed)) {
  }
}

void RetryBudget::deposit() { add(share_, most_); }

void RetryBudget::trickle() {
  const std::lock_guard lock(mutex_);
  const Instant now = clock_.monotonic();
  const std::int64_t amount = trickled_.ms_until(now) * one_retry / 1000;
  if (amount <= 0) return;
  // The rest of a started hundredth is not lost.
  trickled_ = trickled_.plus_ms(amount * 1000 / one_retry);
  add(amount, floor_);
}

bool RetryBudget::withdraw() {
  trickle();
  std::int64_t before = balance_.load(std::memory_order_relaxed);
  while (before >= one_retry) {
    if (balance_.compare_exchange_weak(before, before - one_retry, std::memory_order_relaxed)) return true;
  }
  return false;
}

bool may_repeat(const RemoteOperation& operation, const CallContext& context, const Error& error, bool earlier_may_have_run) {
  if (error.from_seam || is_relocation(error)) return false;
  if (is_infrastructure(error)) return (error.retryable && !error.may_have_run) || is_repeatable(operation, context);
  return is_passing_refusal(error) && earlier_may_have_run;
}

std::int64_t backoff_ms(const RetrySettings& settings, std::int64_t attempt, std::int64_t retry_after_ms, Random& random) {
  const auto doublings = std::clamp<std::int64_t>(attempt - 1, 0, 20);
  const std::int64_t most = std::min(settings.max_backoff_ms, settings.first_backoff_ms << doublings);
  return retry_after_ms + static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(most) + 1));
}

}  // namespace seamline::resilience
