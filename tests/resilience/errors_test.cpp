#include "resilience/errors.hpp"

#include "seam/gate.hpp"
#include "support/catch.hpp"

using namespace seamline;
using namespace seamline::resilience;

namespace {

Error error_of(std::string code, Kind kind) {
  Error error;
  error.code = std::move(code);
  error.kind = kind;
  return error;
}

}  // namespace

TEST_CASE("a failure of the callee is one of infrastructure, what it decided is a success") {
  CHECK(outcome_of(error_of("call.unavailable", Kind::unavailable)) == Outcome::failure);
  CHECK(outcome_of(error_of("call.deadline_exceeded", Kind::deadline_exceeded)) == Outcome::failure);
  CHECK(outcome_of(error_of("call.bad_reply", Kind::internal)) == Outcome::failure);
  for (const Kind kind : {Kind::malformed, Kind::unauthenticated, Kind::forbidden, Kind::not_found, Kind::conflict,
                          Kind::precondition, Kind::too_large, Kind::invalid, Kind::limited, Kind::internal}) {
    CHECK(outcome_of(error_of("note.refused", kind)) == Outcome::success);
    CHECK_FALSE(is_infrastructure(error_of("note.refused", kind)));
  }
}

TEST_CASE("a callee that sheds load, moves or waits for another says nothing of its own health") {
  Error overloaded = error_of("store.overloaded", Kind::unavailable);
  overloaded.retryable = true;
  overloaded.retry_after_ms = 1000;
  CHECK(outcome_of(overloaded) == Outcome::ignored);
  CHECK(is_infrastructure(overloaded));
  overloaded.may_have_run = true;
  CHECK(outcome_of(overloaded) == Outcome::failure);

  Error from_behind = error_of("call.unavailable", Kind::unavailable);
  from_behind.from_seam = true;
  CHECK(outcome_of(from_behind) == Outcome::ignored);
  CHECK(is_infrastructure(from_behind));

  for (const ErrorCode& code : {seam::fenced, seam::moved}) {
    CHECK(outcome_of(error_of(std::string(code.code), code.kind)) == Outcome::ignored);
    CHECK_FALSE(is_infrastructure(error_of(std::string(code.code), code.kind)));
  }
  CHECK(outcome_of(error_of("call.no_instance", Kind::unavailable)) == Outcome::ignored);
  Error too_many_here = error_of("call.overloaded", Kind::unavailable);
  too_many_here.retryable = true;
  CHECK(outcome_of(too_many_here) == Outcome::ignored);
}
