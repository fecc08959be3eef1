#pragma once

#include <atomic>
#include <mutex>

#include "base/call_context.hpp"
#include "base/random.hpp"
#include "contract/proxy.hpp"
#include "resilience/errors.hpp"

namespace seamline::resilience {

/// How often and how soon a call is repeated.
struct RetrySettings {
  std::int64_t max_attempts = 3;
  std::int64_t first_backoff_ms = 50;
  std::int64_t max_backoff_ms = 1'000;
  std::int64_t budget_percent = 10;
  std::int64_t floor_retries = 10;
  std::int64_t max_saved_retries = 100;

  static constexpr std::tuple fields{
      Field{"max_attempts", &RetrySettings::max_attempts, "How often a call is sent at most; 1 never repeats.", range(1, 10)},
      Field{"first_backoff_ms", &RetrySettings::first_backoff_ms,
            "The longest pause before the first repeat; it doubles with each further one. In milliseconds.", range(1, 60'000)},
      Field{"max_backoff_ms", &RetrySettings::max_backoff_ms, "The longest pause that the doubling leads to, in milliseconds.",
            range(1, 60'000)},
      Field{"budget_percent", &RetrySettings::budget_percent, "Repeats in every hundred calls to one module.", range(0, 100)},
      Field{"floor_retries", &RetrySettings::floor_retries,
            "Repeats that even a module that is called rarely is granted: so many at once, and one more a second.",
            range(0, 1'000)},
      Field{"max_saved_retries", &RetrySettings::max_saved_retries, "Repeats that many calls without one can save up.",
            range(1, 100'000)}};
};

/// Keeps repeats from multiplying the load on a callee that is in trouble: a token bucket that each call fills by a share, and
/// each repeat empties by one. Repeats <= calls * percent / 100 + floor + seconds passed. Thread-safe.
class RetryBudget {
 public:
  /// `clock` exists and outlives it.
  RetryBudget(const RetrySettings& settings, const Clock& clock);

  /// A call begins. Costs an atomic addition.
  void deposit();
  /// Takes one repeat; false where none is left.
  bool withdraw();

 private:
  /// In hundredths of a repeat, so that one percent is one.
  static constexpr std::int64_t one_retry = 100;

  void trickle();
  void add(std::int64_t amount, std::int64_t most);

  const std::int64_t share_;
  const std::int64_t floor_;
  const std::int64_t most_;
  const Clock& clock_;
  std::atomic<std::int64_t> balance_;
  std::mutex mutex_;
  Instant trickled_;
};

/// Whether a call that was sent and ended so may be sent again, time and budget aside. Never where the callee's own seam has
/// already retried it, nor for a relocation. Else an infrastructure error may be
/// - where a second run does no harm: Repeat::safe, or Repeat::with_key and the context has a key;
/// - where the error says that nothing ran (retryable, and not may_have_run), whatever the operation.
/// `earlier_may_have_run`: an earlier attempt of this call may have run. A refusal that passes (idempotency.in_progress) may
/// then be about that attempt, and is repeated too.
bool may_repeat(const RemoteOperation& operation, const CallContext& context, const Error& error, bool earlier_may_have_run);

/// The pause behind the attempt of this number (1, 2, …), in milliseconds: full jitter, uniform in [0, first * 2^(attempt-1)],
/// at most max_backoff_ms; on top of what the error asks for.
std::int64_t backoff_ms(const RetrySettings& settings, std::int64_t attempt, std::int64_t retry_after_ms, Random& random);

}  // namespace seamline::resilience
