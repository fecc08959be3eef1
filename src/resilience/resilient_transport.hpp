#pragma once

#include <atomic>
#include <optional>
#include <string>

#include "contract/proxy.hpp"
#include "resilience/bulkhead.hpp"
#include "resilience/circuit_breaker.hpp"
#include "resilience/pause.hpp"
#include "resilience/retry.hpp"

namespace seamline::resilience {

/// How calls to modules in other processes are made: the section `calls` of the configuration.
struct ResilienceSettings {
  std::int64_t timeout_ms = 10'000;
  RetrySettings retry;
  BreakerSettings breaker;
  BulkheadSettings bulkhead;

  static constexpr std::tuple fields{
      Field{"timeout_ms", &ResilienceSettings::timeout_ms,
            "How long a call may take with all its repeats, beside what it asks to wait, where its caller gives it more time.",
            range(10, 600'000)},
      Field{"retry", &ResilienceSettings::retry, "When calls are repeated."},
      Field{"breaker", &ResilienceSettings::breaker, "When calls are no longer sent."},
      Field{"bulkhead", &ResilienceSettings::bulkhead, "How many calls may be under way."}};
};

/// What became of the calls to one target.
struct TransportCounts {
  std::int64_t calls = 0;
  /// Attempts beyond the first of a call.
  std::int64_t retries = 0;
  std::int64_t retries_denied_by_budget = 0;
  /// Attempts that were not sent, since the circuit was open or too many were under way.
  std::int64_t rejected_by_breaker = 0;
  std::int64_t rejected_by_bulkhead = 0;
  /// Calls that ended with deadline_exceeded.
  std::int64_t timeouts = 0;
  /// Calls that ended with an infrastructure error, those above included.
  std::int64_t failures = 0;
  bool operator==(const TransportCounts&) const = default;
};

/// What stands between a proxy and the wire: deadline, circuit breaker, bulkhead and retries, for one target. The only layer
/// that retries.
///
/// A call whose deadline has passed is refused before anything is sent. Each attempt needs a place in the bulkhead and the
/// breaker's leave, and holds neither during a pause. Where more than half of the places are taken it does not ask to wait
/// (Prefer: wait), and is answered with the status of the moment: those who wait leave room for all others. It is repeated as
/// may_repeat() says, after a pause that ends before the deadline, within the budget, and not while the breaker would refuse it.
///
/// `may_have_run` of an error speaks for all attempts. One that may have run, and is followed by refusals that pass
/// (idempotency.in_progress: it is still running), is what its caller hears of. An infrastructure error is marked `from_seam`,
/// and is `retryable` only where a repeat does no harm. All else of a relocation (module.fenced, module.moved), for the seam to
/// follow, and of every other error of the callee is handed on as it is. Thread-safe.
class ResilientTransport final : public Transport {
 public:
  /// Whatever it needs of the process. All exist and outlive it.
  struct Means {
    const Clock& clock = Clock::system();
    Random& random = Random::system();
    Pause& pause = Pause::system();
  };

  /// `target` names the callee in messages and in the log. `wire` exists and outlives it.
  ResilientTransport(std::string target, Transport& wire, const ResilienceSettings& settings, Means means);

  /// Errors: those of the wire; call.circuit_open, call.bulkhead_full, call.deadline_exceeded, not run.
  Result<Answer> send(const CallContext& context, const RemoteOperation& operation, const EncodedRequest& request) override;

  const std::string& target() const { return target_; }
  TransportCounts counts() const;
  const CircuitBreaker& breaker() const { return breaker_; }
  const Bulkhead& bulkhead() const { return bulkhead_; }

 private:
  struct Counters {
    std::atomic<std::int64_t> calls{0};
    std::atomic<std::int64_t> retries{0};
    std::atomic<std::int64_t> retries_denied_by_budget{0};
    std::atomic<std::int64_t> rejected_by_breaker{0};
    std::atomic<std::int64_t> rejected_by_bulkhead{0};
    std::atomic<std::int64_t> timeouts{0};
    std::atomic<std::int64_t> failures{0};
  };
  struct Attempt {
    Result<Answer> answer;
    /// Whether the answer is the wire's.
    bool was_sent = false;
  };
  /// The leave to send one attempt.
  struct Leave {
    Bulkhead::Place place;
    CircuitBreaker::Permit permit;
  };

  Result<Answer> repeat(const CallContext& context, const RemoteOperation& operation, const EncodedRequest& request);
  /// Errors: call.deadline_exceeded.
  Result<void> check_time(const CallContext& context) const;
  Result<Leave> ask_leave(const CallContext& context);
  Attempt attempt_once(const CallContext& context, const RemoteOperation& operation, const EncodedRequest& request);
  Attempt send_once(const CallContext& context, const RemoteOperation& operation, const EncodedRequest& request, Leave& leave);
  /// How long to wait behind the attempt of this number; none where the next would be too late, refused, or over a limit.
  std::optional<std::int64_t> pause_after(std::int64_t number, const CallContext& context, const Error& error);
  Error hand_on(Error error, const RemoteOperation& operation, const CallContext& context);

  const std::string target_;
  Transport& wire_;
  const ResilienceSettings settings_;
  const Means means_;
  CircuitBreaker breaker_;
  Bulkhead bulkhead_;
  RetryBudget budget_;
  Counters counters_;
};

}  // namespace seamline::resilience
