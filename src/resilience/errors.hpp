#pragma once

#include "base/result.hpp"

/// What a failed call says of its callee. Every part of this folder judges errors by these functions alone.
namespace seamline::resilience {

/// Not run: so many calls failed of late that no further one is sent for now. Retryable, says when.
inline constexpr ErrorCode circuit_open{"call.circuit_open", Kind::unavailable};
/// Not run: too many calls to this callee are under way in this process. Retryable.
inline constexpr ErrorCode bulkhead_full{"call.bulkhead_full", Kind::unavailable};
/// Not run where this folder says it: the caller's time was over before anything was sent.
inline constexpr ErrorCode deadline_exceeded{"call.deadline_exceeded", Kind::deadline_exceeded};

/// What a circuit breaker learns from a call. `ignored` says nothing of the callee's health.
enum class Outcome : std::uint8_t { success, failure, ignored };

/// The module is changing its place: for the seam to follow, outside retry budget and breaker.
bool is_relocation(const Error& error);

/// The call failed on its way or for want of strength, not by a rule of the callee's contract: unavailable, deadline_exceeded,
/// and what was no answer of a module at all (call.bad_reply). Not a relocation.
bool is_infrastructure(const Error& error);

/// The callee did not run the call for now, by a rule of its own: idempotency.in_progress.
bool is_passing_refusal(const Error& error);

/// - `success`: every error that the callee decided on (not_found, conflict, invalid, limited, …, also an unexpected one: a
///   request that always breaks its callee must not close the way for all others).
/// - `ignored`: a relocation; what the callee got from a seam of its own, for its other operations may be well; a refusal that
///   has not run and says when to repeat (503 with Retry-After: overloaded, draining): the callee sheds load by itself, at
///   little cost, and an open breaker would make a partial overload a total one; and what asked nobody:
///   call.no_instance, call.overloaded.
/// - `failure`: every other infrastructure error.
Outcome outcome_of(const Error& error);

}  // namespace seamline::resilience
