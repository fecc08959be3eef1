#include "resilience/errors.hpp"

#include "seam/gate.hpp"

namespace seamline::resilience {
namespace {

/// What a host that is no module's answered, or nothing that can be read.
constexpr std::string_view bad_reply = "call.bad_reply";
/// These never left this process.
constexpr std::string_view no_instance = "call.no_instance";
constexpr std::string_view overloaded = "call.overloaded";

bool sheds_load(const Error& error) { return error.retryable && !error.may_have_run && error.retry_after_ms > 0; }

}  // namespace

bool is_relocation(const Error& error) { return error.code == seam::fenced.code || error.code == seam::moved.code; }

bool is_infrastructure(const Error& error) {
  if (is_relocation(error)) return false;
  return error.kind == Kind::unavailable || error.kind == Kind::deadline_exceeded || error.code == bad_reply;
}

bool is_passing_refusal(const Error& error) {
  return error.retryable && !error.may_have_run && !is_infrastructure(error) && !is_relocation(error);
}

Outcome outcome_of(const Error& error) {
  if (is_relocation(error) || error.from_seam) return Outcome::ignored;
  if (error.code == no_instance || error.code == overloaded) return Outcome::ignored;
  if (!is_infrastructure(error)) return Outcome::success;
  return sheds_load(error) ? Outcome::ignored : Outcome::failure;
}

}  // namespace seamline::resilience
