#include "resilience/retry.hpp"

#include <thread>
#include <vector>

#include "seam/gate.hpp"
#include "support/catch.hpp"
#include "support/manual_clock.hpp"

using namespace seamline;
using namespace seamline::resilience;
using test::ManualClock;

namespace {

RemoteOperation operation_with(Repeat repeat) {
  return {"note", "note.write", Route{Verb::post, "/notes"}, Access::anyone, repeat};
}

CallContext with_key() {
  CallContext context;
  context.idempotency_key = "key";
  return context;
}

Error unavailable(bool may_have_run, bool retryable) {
  Error error;
  error.code = "call.unavailable";
  error.kind = Kind::unavailable;
  error.may_have_run = may_have_run;
  error.retryable = retryable;
  return error;
}

}  // namespace

TEST_CASE("what may have run is repeated only where a second run does no harm") {
  const Error lost = unavailable(true, true);
  CHECK(may_repeat(operation_with(Repeat::safe), {}, lost, false));
  CHECK(may_repeat(operation_with(Repeat::with_key), with_key(), lost, false));
  CHECK_FALSE(may_repeat(operation_with(Repeat::with_key), {}, lost, false));
  CHECK_FALSE(may_repeat(operation_with(Repeat::never), with_key(), lost, false));
}

TEST_CASE("what has not run for certain is repeated whatever the operation") {
  for (const Repeat repeat : {Repeat::safe, Repeat::with_key, Repeat::never}) {
    CHECK(may_repeat(operation_with(repeat), {}, unavailable(false, true), false));
  }
  CHECK_FALSE(may_repeat(operation_with(Repeat::never), {}, unavailable(false, false), false));
}

TEST_CASE("what the callee's seam has retried, and what moves, is not repeated") {
  Error from_behind = unavailable(false, true);
  from_behind.from_seam = true;
  CHECK_FALSE(may_repeat(operation_with(Repeat::safe), {}, from_behind, false));
  for (const ErrorCode& code : {seam::fenced, seam::moved}) {
    Error moving = unavailable(false, true);
    moving.code = code.code;
    CHECK_FALSE(may_repeat(operation_with(Repeat::safe), {}, moving, false));
  }
}

TEST_CASE("what the callee decided is not repeated, but for a passing refusal that an earlier attempt may have caused") {
  Error in_progress;
  in_progress.code = "idempotency.in_progress";
  in_progress.kind = Kind::conflict;
  in_progress.retryable = true;
  CHECK_FALSE(may_repeat(operation_with(Repeat::with_key), with_key(), in_progress, false));
  CHECK(may_repeat(operation_with(Repeat::with_key), with_key(), in_progress, true));
  in_progress.retryable = false;
  CHECK_FALSE(may_repeat(operation_with(Repeat::with_key), with_key(), in_progress, true));
}

TEST_CASE("the pause is spread over the whole of a bound that doubles up to a limit, on top of what the error asks for") {
  RetrySettings settings;
  settings.first_backoff_ms = 100;
  settings.max_backoff_ms = 350;
  SeededRandom random(7);
  for (const auto& [attempt, bound] :
       std::vector<std::pair<std::int64_t, std::int64_t>>{{1, 100}, {2, 200}, {3, 350}, {90, 350}}) {
    std::int64_t least = INT64_MAX;
    std::int64_t most = 0;
    for (int i = 0; i < 2000; ++i) {
      const std::int64_t pause = backoff_ms(settings, attempt, 1000, random) - 1000;
      least = std::min(least, pause);
      most = std::max(most, pause);
    }
    CHECK(least >= 0);
    CHECK(least <= bound / 20);
    CHECK(most <= bound);
    CHECK(most >= bound - bound / 20);
  }
}

TEST_CASE("a quiet system may repeat as often as the floor says, and once more a second") {
  ManualClock clock;
  RetrySettings settings;
  settings.floor_retries = 2;
  RetryBudget budget(settings, clock);
  CHECK(budget.withdraw());
  CHECK(budget.withdraw());
  CHECK_FALSE(budget.withdraw());
  clock.advance_ms(999);
  CHECK_FALSE(budget.withdraw());
  clock.advance_ms(1);
  CHECK(budget.withdraw());
  CHECK_FALSE(budget.withdraw());
  clock.advance_ms(3'600'000);
  CHECK(budget.withdraw());
  CHECK(budget.withdraw());
  CHECK_FALSE(budget.withdraw());
}

TEST_CASE("under load a tenth of the calls may be repeated, and calls without a repeat save up a limited number") {
  ManualClock clock;
  RetrySettings settings;
  settings.floor_retries = 0;
  settings.max_saved_retries = 20;
  RetryBudget budget(settings, clock);
  int repeated = 0;
  for (int i = 0; i < 1000; ++i) {
    budget.deposit();
    repeated += budget.withdraw() ? 1 : 0;
  }
  CHECK(repeated == 100);
  for (int i = 0; i < 1000; ++i) budget.deposit();
  repeated = 0;
  while (budget.withdraw()) ++repeated;
  CHECK(repeated == 20);
}

TEST_CASE("the budget counts every call and every repeat of many threads once") {
  ManualClock clock;
  RetrySettings settings;
  settings.floor_retries = 0;
  settings.max_saved_retries = 100'000;
  RetryBudget budget(settings, clock);
  std::atomic<int> repeated{0};
  {
    std::vector<std::jthread> callers;
    for (int t = 0; t < 4; ++t) {
      callers.emplace_back([&] {
        for (int i = 0; i < 10'000; ++i) {
          budget.deposit();
          if (i % 2 == 0 && budget.withdraw()) ++repeated;
        }
      });
    }
  }
  while (budget.withdraw()) ++repeated;
  CHECK(repeated == 4'000);
}

TEST_CASE("repeats never exceed their share of the calls, the floor and the seconds passed") {
  rc::prop("", [] {
    ManualClock clock;
    RetrySettings settings;
    settings.budget_percent = *rc::gen::inRange<std::int64_t>(0, 101);
    settings.floor_retries = *rc::gen::inRange<std::int64_t>(0, 5);
    RetryBudget budget(settings, clock);
    std::int64_t calls = 0;
    std::int64_t repeats = 0;
    std::int64_t passed_ms = 0;
    for (const int step : *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 500))) {
      if (step < 200) {
        ++calls;
        budget.deposit();
      } else if (step < 400) {
        repeats += budget.withdraw() ? 1 : 0;
      } else {
        passed_ms += step;
        clock.advance_ms(step);
      }
      RC_ASSERT(repeats * 1000 <= calls * settings.budget_percent * 10 + settings.floor_retries * 1000 + passed_ms);
    }
  });
}
