#include "resilience/resilient_transport.hpp"

#include <algorithm>

#include "observe/log.hpp"

namespace seamline::resilience {
namespace {

void count(std::atomic<std::int64_t>& counter) { counter.fetch_add(1, std::memory_order_relaxed); }

CircuitBreaker::Listener log_transitions(const std::string& target) {
  return [target](const BreakerTransition& transition) {
    std::string message = "The circuit to " + target + " is " + std::string(name_of(transition.to));
    if (transition.to == BreakerState::open && transition.calls > 0) {
      message += ": of the last " + std::to_string(transition.calls) + " calls " + std::to_string(transition.failures) +
                 " failed and " + std::to_string(transition.slow_calls) + " were slow";
    } else if (transition.to == BreakerState::open) {
      message += ": a probe failed or was slow";
    }
    message += ".";
    if (transition.to == BreakerState::open) {
      observe::log_warning("calls", message);
    } else {
      observe::log_info("calls", message);
    }
  };
}

/// What became of a call whose last attempt ended so, and whose first that may have run so.
Error of_all_attempts(Error last, const std::optional<Error>& ambiguous) {
  if (!ambiguous) return last;
  if (is_passing_refusal(last)) {
    // It is that attempt, still running, that the later one was refused for.
    const std::int64_t retry_after_ms = std::max(ambiguous->retry_after_ms, last.retry_after_ms);
    last = *ambiguous;
    last.retry_after_ms = retry_after_ms;
  }
  last.may_have_run = true;
  return last;
}

}  // namespace

ResilientTransport::ResilientTransport(std::string target, Transport& wire, const ResilienceSettings& settings, Means means)
    : target_(std::move(target)),
      wire_(wire),
      settings_(settings),
      means_(means),
      breaker_(settings.breaker, means.clock, log_transitions(target_)),
      bulkhead_(settings.bulkhead, means.clock),
      budget_(settings.retry, means.clock) {}

Result<Answer> ResilientTransport::send(const CallContext& context, const RemoteOperation& operation,
                                        const EncodedRequest& request) {
  count(counters_.calls);
  budget_.deposit();
  const Instant latest = means_.clock.monotonic().plus_ms(settings_.timeout_ms + std::max<std::int64_t>(0, context.wait_ms));
  if (context.deadline <= latest) return repeat(context, operation, request);
  CallContext bounded = context;
  bounded.deadline = latest;
  return repeat(bounded, operation, request);
}

Result<Answer> ResilientTransport::repeat(const CallContext& context, const RemoteOperation& operation,
                                          const EncodedRequest& request) {
  std::optional<Error> last;       // of the attempt before
  std::optional<Error> ambiguous;  // of the first attempt that may have run
  for (std::int64_t number = 1;; ++number) {
    Attempt attempt = attempt_once(context, operation, request);
    if (attempt.answer) return std::move(attempt.answer);
    Error error = std::move(attempt.answer.error());
    if (!attempt.was_sent && last) {
      // What came from the wire says more than that it is not asked again; when to try again is the refusal's word.
      last->retry_after_ms = std::max(last->retry_after_ms, error.retry_after_ms);
      error = std::move(*last);
    }
    const bool repeats = attempt.was_sent && may_repeat(operation, context, error, ambiguous.has_value());
    if (!ambiguous && error.may_have_run) ambiguous = error;
    const auto pause_ms = repeats ? pause_after(number, context, error) : std::nullopt;
    if (!pause_ms) return fail(hand_on(of_all_attempts(std::move(error), ambiguous), operation, context));
    count(counters_.retries);
    means_.pause.pause(*pause_ms);
    last = std::move(error);
  }
}

Result<void> ResilientTransport::check_time(const CallContext& context) const {
  if (means_.clock.monotonic() < context.deadline) return {};
  auto refusal = fail(deadline_exceeded, "The time for this call was over before it was sent to " + target_ + ".");
  refusal.value().retryable = true;
  return refusal;
}

Result<ResilientTransport::Leave> ResilientTransport::ask_leave(const CallContext& context) {
  if (auto in_time = check_time(context); !in_time) return fail(std::move(in_time.error()));
  const auto refused = [](std::atomic<std::int64_t>& counter, Error error) {
    count(counter);
    return fail(std::move(error));
  };
  // Looked at before the bulkhead, so that nobody waits there to be refused; asked behind it, since a wait may change it.
  if (const std::int64_t open_for_ms = breaker_.open_for_ms(); open_for_ms > 0) {
    return refused(counters_.rejected_by_breaker, CircuitBreaker::refusal(open_for_ms));
  }
  auto place = bulkhead_.enter(context.deadline);
  if (!place) return refused(counters_.rejected_by_bulkhead, std::move(place.error()));
  if (auto in_time = check_time(context); !in_time) return fail(std::move(in_time.error()));
  auto permit = breaker_.admit();
  if (!permit) return refused(counters_.rejected_by_breaker, std::move(permit.error()));
  return Leave{std::move(*place), std::move(*permit)};
}

ResilientTransport::Attempt ResilientTransport::attempt_once(const CallContext& context, const RemoteOperation& operation,
                                                             const EncodedRequest& request) {
  auto leave = ask_leave(context);
  if (!leave) return {fail(std::move(leave.error())), false};
  if (context.wait_ms <= 0 || bulkhead_.has_room_to_wait()) return send_once(context, operation, request, *leave);
  CallContext at_once = context;
  at_once.wait_ms = 0;
  return send_once(at_once, operation, request, *leave);
}

ResilientTransport::Attempt ResilientTransport::send_once(const CallContext& context, const RemoteOperation& operation,
                                                          const EncodedRequest& request, Leave& leave) {
  const Instant started = means_.clock.monotonic();
  auto answer = wire_.send(context, operation, request);
  // What the caller asked to wait for is not the callee being slow.
  const std::int64_t duration_ms = started.ms_until(means_.clock.monotonic()) - std::max<std::int64_t>(0, context.wait_ms);
  leave.permit.report(answer ? Outcome::success : outcome_of(answer.error()), duration_ms);
  return {std::move(answer), true};
}

std::optional<std::int64_t> ResilientTransport::pause_after(std::int64_t number, const CallContext& context, const Error& error) {
  if (number >= settings_.retry.max_attempts) return std::nullopt;
  const std::int64_t pause_ms = backoff_ms(settings_.retry, number, error.retry_after_ms, means_.random);
  // In whole milliseconds: a repeat with less than one left would not be sent, and hide what became of the attempt before.
  if (means_.clock.monotonic().ms_until(context.deadline) <= pause_ms) return std::nullopt;
  if (breaker_.open_for_ms() > pause_ms) return std::nullopt;
  if (budget_.withdraw()) return pause_ms;
  count(counters_.retries_denied_by_budget);
  return std::nullopt;
}

Error ResilientTransport::hand_on(Error error, const RemoteOperation& operation, const CallContext& context) {
  if (!is_infrastructure(error)) return error;
  count(counters_.failures);
  if (error.kind == Kind::deadline_exceeded) count(counters_.timeouts);
  error.from_seam = true;
  error.retryable = error.retryable && (!error.may_have_run || is_repeatable(operation, context));
  if (const std::int64_t open_for_ms = breaker_.open_for_ms()) error.retry_after_ms = std::max(error.retry_after_ms, open_for_ms);
  return error;
}

TransportCounts ResilientTransport::counts() const {
  return {.calls = counters_.calls.load(),
          .retries = counters_.retries.load(),
          .retries_denied_by_budget = counters_.retries_denied_by_budget.load(),
          .rejected_by_breaker = counters_.rejected_by_breaker.load(),
          .rejected_by_bulkhead = counters_.rejected_by_bulkhead.load(),
          .timeouts = counters_.timeouts.load(),
          .failures = counters_.failures.load()};
}

}  // namespace seamline::resilience
