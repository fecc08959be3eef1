#include "resilience/resilient_transport.hpp"

#include <deque>
#include <functional>
#include <thread>

#include "contract/decode.hpp"
#include "contract/encode.hpp"
#include "seam/gate.hpp"
#include "support/catch.hpp"
#include "support/manual_clock.hpp"
#include "support/poll.hpp"

using namespace seamline;
using namespace seamline::resilience;
using test::ManualClock;

namespace {

/// A wire that answers what the test has written down for it, in turn; then always well. Not thread-safe, unless it is empty.
class ScriptedWire final : public Transport {
 public:
  explicit ScriptedWire(ManualClock& clock) : clock_(clock) {}

  Result<Answer> send(const CallContext& context, const RemoteOperation&, const EncodedRequest&) override {
    ++sent;
    last_deadline = context.deadline;
    asked_to_wait += context.wait_ms > 0 ? 1 : 0;
    if (during) during();
    if (script.empty()) return Answer{};
    auto [error, duration_ms] = script.front();
    script.pop_front();
    clock_.advance_ms(duration_ms);
    if (error.code.empty()) return Answer{};
    return fail(error);
  }
  void then(const Error& error, std::int64_t duration_ms = 1) { script.push_back({error, duration_ms}); }
  void then_well(std::int64_t duration_ms = 1) { script.push_back({Error{}, duration_ms}); }

  std::atomic<int> sent{0};
  std::atomic<int> asked_to_wait{0};
  std::atomic<Instant> last_deadline{};
  std::function<void()> during;
  std::deque<std::pair<Error, std::int64_t>> script;

 private:
  ManualClock& clock_;
};

/// Moves the clock instead of waiting.
class ClockPause final : public Pause {
 public:
  explicit ClockPause(ManualClock& clock) : clock_(clock) {}
  void pause(std::int64_t duration_ms) override {
    if (during) during();
    pauses.push_back(duration_ms);
    clock_.advance_ms(duration_ms);
  }
  std::vector<std::int64_t> pauses;
  std::function<void()> during;

 private:
  ManualClock& clock_;
};

RemoteOperation operation_with(Repeat repeat) {
  return {"note", "note.write", Route{Verb::post, "/notes"}, Access::anyone, repeat};
}
const RemoteOperation safe = operation_with(Repeat::safe);
const RemoteOperation never = operation_with(Repeat::never);

Error error_of(std::string code, Kind kind, bool may_have_run, bool retryable, std::int64_t retry_after_ms = 0) {
  return {std::move(code), kind, "As written.", {}, may_have_run, retryable, false, retry_after_ms};
}
const Error refused_connection = error_of("call.unavailable", Kind::unavailable, false, true);
const Error lost_answer = error_of("call.unavailable", Kind::unavailable, true, true);
const Error timed_out = error_of("call.deadline_exceeded", Kind::deadline_exceeded, true, true);
const Error no_note = error_of("note.not_found", Kind::not_found, false, false);

/// A transport with all that it needs, standing still.
struct Fixture {
  explicit Fixture(const ResilienceSettings& settings = {}) : transport("note", wire, settings, {clock, random, pause}) {}

  Result<Answer> send(const RemoteOperation& operation, std::int64_t left_ms = 5'000) {
    CallContext context;
    context.deadline = clock.monotonic().plus_ms(left_ms);
    return transport.send(context, operation, {});
  }

  ManualClock clock;
  SeededRandom random{1};
  ClockPause pause{clock};
  ScriptedWire wire{clock};
  ResilientTransport transport;
};

ResilienceSettings easily_opened() {
  ResilienceSettings settings;
  settings.retry.max_attempts = 1;
  settings.breaker.minimum_calls = 2;
  return settings;
}

}  // namespace

TEST_CASE("a call that goes well is sent once, and its answer is handed on") {
  Fixture fixture;
  fixture.wire.then_well();
  CHECK(fixture.send(safe).has_value());
  CHECK(fixture.wire.sent == 1);
  CHECK(fixture.transport.counts() == TransportCounts{.calls = 1});
  CHECK(fixture.transport.bulkhead().in_flight() == 0);
}

TEST_CASE("a call whose time is over is refused before anything is sent") {
  Fixture fixture;
  const auto answer = fixture.send(safe, 0);
  REQUIRE_FALSE(answer.has_value());
  CHECK(answer.error().code == "call.deadline_exceeded");
  CHECK_FALSE(answer.error().may_have_run);
  CHECK(answer.error().from_seam);
  CHECK(fixture.wire.sent == 0);
  CHECK(fixture.transport.counts() == TransportCounts{.calls = 1, .timeouts = 1, .failures = 1});
}

TEST_CASE("a call without a deadline gets one, which grants what it asked to wait") {
  Fixture fixture;
  CallContext context;
  context.wait_ms = 3'000;
  CHECK(fixture.transport.send(context, safe, {}).has_value());
  CHECK(fixture.wire.last_deadline == fixture.clock.monotonic().plus_ms(13'000));
}

TEST_CASE("a safe call is repeated until it goes well, after pauses") {
  Fixture fixture;
  fixture.wire.then(lost_answer);
  fixture.wire.then(timed_out);
  fixture.wire.then_well();
  CHECK(fixture.send(safe).has_value());
  CHECK(fixture.wire.sent == 3);
  CHECK(fixture.pause.pauses.size() == 2);
  CHECK(fixture.transport.counts() == TransportCounts{.calls = 1, .retries = 2});
}

TEST_CASE("no more attempts are made than are set, and the last error is marked as retried") {
  Fixture fixture;
  for (int i = 0; i < 9; ++i) fixture.wire.then(refused_connection);
  const auto answer = fixture.send(safe);
  REQUIRE_FALSE(answer.has_value());
  CHECK(fixture.wire.sent == 3);
  Error expected = refused_connection;
  expected.from_seam = true;
  CHECK(answer.error() == expected);
  CHECK(fixture.transport.counts() == TransportCounts{.calls = 1, .retries = 2, .failures = 1});
}

TEST_CASE("what may have run is not sent again where a second run does harm, and the caller is not told to") {
  Fixture fixture;
  fixture.wire.then(lost_answer);
  const auto answer = fixture.send(never);
  REQUIRE_FALSE(answer.has_value());
  CHECK(fixture.wire.sent == 1);
  CHECK(answer.error().may_have_run);
  CHECK_FALSE(answer.error().retryable);
}

TEST_CASE("an error speaks for all attempts of its call: it may have run if one of them may have") {
  Fixture fixture;
  fixture.wire.then(lost_answer);
  fixture.wire.then(refused_connection);
  fixture.wire.then(refused_connection);
  const auto answer = fixture.send(safe);
  REQUIRE_FALSE(answer.has_value());
  CHECK(answer.error().may_have_run);
  CHECK(answer.error().retryable);
}

TEST_CASE("a call that may have run ends with that error, where its repeats hear only that it is still running") {
  const Error in_progress = error_of("idempotency.in_progress", Kind::conflict, false, true, 20);
  Fixture fixture;
  fixture.wire.then(lost_answer);
  fixture.wire.then(in_progress);
  fixture.wire.then(in_progress);
  const auto answer = fixture.send(safe);
  REQUIRE_FALSE(answer.has_value());
  CHECK(fixture.wire.sent == 3);
  Error expected = lost_answer;
  expected.from_seam = true;
  expected.retry_after_ms = 20;
  CHECK(answer.error() == expected);

  // Also where there is no time for a further one.
  Fixture hurried;
  hurried.wire.then(lost_answer);
  hurried.wire.then(in_progress, 4'985);
  const auto late = hurried.send(safe);
  REQUIRE_FALSE(late.has_value());
  CHECK(late.error().code == lost_answer.code);
}

TEST_CASE("an answer of the callee's own after an attempt that may have run says so too") {
  Fixture fixture;
  const Error token_ended = error_of("request.invalid_token", Kind::unauthenticated, false, false);
  fixture.wire.then(lost_answer);
  fixture.wire.then(token_ended);
  const auto answer = fixture.send(safe);
  REQUIRE_FALSE(answer.has_value());
  Error expected = token_ended;
  expected.may_have_run = true;
  CHECK(answer.error() == expected);
  CHECK(fixture.wire.sent == 2);
}

TEST_CASE("an answer of the callee's own is handed on as it is, at once") {
  for (const Error& error : {no_note, error_of("oauth.slow_down", Kind::limited, false, true, 10),
                             error_of("internal.unexpected", Kind::internal, false, false)}) {
    Fixture fixture;
    fixture.wire.then(error);
    const auto answer = fixture.send(safe);
    REQUIRE_FALSE(answer.has_value());
    CHECK(answer.error() == error);
    CHECK(fixture.wire.sent == 1);
    CHECK(fixture.transport.counts() == TransportCounts{.calls = 1});
  }
}

TEST_CASE("a relocation is handed on as it is, and touches neither budget nor breaker") {
  Fixture fixture(easily_opened());
  for (int i = 0; i < 20; ++i) {
    const Error moving = error_of(std::string(i % 2 == 0 ? seam::fenced.code : seam::moved.code), Kind::unavailable, false, true);
    fixture.wire.then(moving);
    const auto answer = fixture.send(safe);
    REQUIRE_FALSE(answer.has_value());
    CHECK(answer.error() == moving);
  }
  CHECK(fixture.transport.breaker().state() == BreakerState::closed);
  CHECK(fixture.transport.counts() == TransportCounts{.calls = 20});
}

TEST_CASE("what the callee's own seam has retried is not retried here") {
  Fixture fixture;
  Error from_behind = refused_connection;
  from_behind.from_seam = true;
  fixture.wire.then(from_behind);
  const auto answer = fixture.send(safe);
  REQUIRE_FALSE(answer.has_value());
  CHECK(answer.error() == from_behind);
  CHECK(fixture.wire.sent == 1);
}

TEST_CASE("a repeat waits at least as long as the callee asks for, and is not made where that is too late") {
  const Error overloaded = error_of("store.overloaded", Kind::unavailable, false, true, 1'000);
  Fixture patient;
  patient.wire.then(overloaded);
  CHECK(patient.send(never).has_value());
  REQUIRE(patient.pause.pauses.size() == 1);
  CHECK(patient.pause.pauses[0] >= 1'000);

  Fixture hurried;
  hurried.wire.then(overloaded);
  const auto answer = hurried.send(never, 900);
  REQUIRE_FALSE(answer.has_value());
  CHECK(answer.error().retry_after_ms == 1'000);
  CHECK(hurried.pause.pauses.empty());
  CHECK(hurried.wire.sent == 1);
}

TEST_CASE("a call does not end after its deadline however its attempts fail") {
  rc::prop("", [] {
    ResilienceSettings settings;
    settings.retry.max_attempts = 10;
    settings.retry.floor_retries = 100;
    Fixture fixture(settings);
    const std::int64_t left_ms = *rc::gen::inRange<std::int64_t>(1, 2'000);
    const Instant deadline = fixture.clock.monotonic().plus_ms(left_ms);
    bool was_late = false;
    fixture.wire.during = [&] { was_late = was_late || fixture.clock.monotonic() >= deadline; };
    fixture.pause.during = fixture.wire.during;
    for (int i = 0; i < 10; ++i) {
      Error error = refused_connection;
      error.retry_after_ms = *rc::gen::inRange<std::int64_t>(0, 300);
      fixture.wire.then(error, 0);
    }
    (void)fixture.send(safe, left_ms);
    RC_ASSERT(!was_late);
    RC_ASSERT(fixture.clock.monotonic() < deadline);
  });
}

TEST_CASE("a call that timed out is not repeated in the last fraction of its time, which would hide why it failed") {
  ResilienceSettings settings;
  settings.retry.first_backoff_ms = 1;
  Fixture fixture(settings);
  for (int call = 0; call < 10; ++call) {
    fixture.wire.then(timed_out, 4);
    CallContext context;
    context.deadline = {fixture.clock.monotonic().ns + 4'500'000};
    const auto answer = fixture.transport.send(context, safe, {});
    REQUIRE_FALSE(answer.has_value());
    CHECK(answer.error().detail == timed_out.detail);
  }
  CHECK(fixture.pause.pauses.empty());
}

TEST_CASE("a callee that is down is asked by a tenth more attempts than calls, no more") {
  ResilienceSettings settings;
  settings.retry.floor_retries = 0;
  settings.breaker.window_calls = 10'000;
  settings.breaker.minimum_calls = 10'000;
  Fixture fixture(settings);
  for (int i = 0; i < 2'000; ++i) fixture.wire.then(refused_connection, 0);
  for (int i = 0; i < 1'000; ++i) CHECK_FALSE(fixture.send(safe).has_value());
  const TransportCounts counts = fixture.transport.counts();
  CHECK(counts.calls == 1'000);
  CHECK(counts.retries > 90);
  CHECK(counts.retries <= 100 + 10);  // a tenth, and one for each second of pauses
  CHECK(counts.retries_denied_by_budget >= 890);
  CHECK(fixture.wire.sent == counts.calls + counts.retries);
}

TEST_CASE("behind an open circuit nothing is sent, until three probes have gone well") {
  Fixture fixture(easily_opened());
  fixture.wire.then(refused_connection);
  fixture.wire.then(refused_connection);
  for (int i = 0; i < 2; ++i) CHECK_FALSE(fixture.send(safe).has_value());
  const auto refused = fixture.send(safe);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == "call.circuit_open");
  CHECK(refused.error().retry_after_ms == 5'000);
  CHECK(refused.error().retryable);
  CHECK(refused.error().from_seam);
  CHECK(fixture.wire.sent == 2);
  CHECK(fixture.transport.counts() == TransportCounts{.calls = 3, .rejected_by_breaker = 1, .failures = 3});

  fixture.clock.advance_ms(5'000);
  for (int i = 0; i < 3; ++i) {
    CHECK(fixture.transport.breaker().state() != BreakerState::closed);
    CHECK(fixture.send(safe).has_value());
  }
  CHECK(fixture.transport.breaker().state() == BreakerState::closed);
}

TEST_CASE("a call whose failure opens the circuit ends with that failure, and says when to come again") {
  ResilienceSettings settings = easily_opened();
  settings.retry.max_attempts = 3;
  Fixture fixture(settings);
  for (int i = 0; i < 3; ++i) fixture.wire.then(lost_answer);
  const auto answer = fixture.send(safe, 9'000);
  REQUIRE_FALSE(answer.has_value());
  CHECK(answer.error().code == "call.unavailable");
  CHECK(answer.error().may_have_run);
  CHECK(answer.error().retry_after_ms == 5'000);
  CHECK(fixture.wire.sent == 2);
  CHECK(fixture.transport.counts() == TransportCounts{.calls = 1, .retries = 1, .failures = 1});
}

TEST_CASE("a circuit that opens during a pause ends the call with what came from the wire") {
  ResilienceSettings settings = easily_opened();
  settings.retry.max_attempts = 2;
  settings.breaker.minimum_calls = 3;
  Fixture other(settings);
  other.wire.then(lost_answer);
  other.wire.then(lost_answer);
  other.wire.then(lost_answer);
  other.pause.during = [&] {
    other.pause.during = nullptr;
    for (int i = 0; i < 2; ++i) CHECK_FALSE(other.send(never).has_value());
  };
  const auto answer = other.send(safe);
  REQUIRE_FALSE(answer.has_value());
  CHECK(answer.error().code == "call.unavailable");
  CHECK(answer.error().may_have_run);
  CHECK(answer.error().retry_after_ms > 0);
  CHECK(other.transport.counts().rejected_by_breaker == 1);
}

TEST_CASE("slow answers open the circuit, but not those that were asked to wait") {
  Fixture fixture(easily_opened());
  CallContext waiting;
  waiting.wait_ms = 5'000;
  for (int i = 0; i < 2; ++i) {
    fixture.wire.then_well(6'000);
    CHECK(fixture.transport.send(waiting, safe, {}).has_value());
  }
  CHECK(fixture.transport.breaker().state() == BreakerState::closed);
  for (int i = 0; i < 8; ++i) {
    fixture.wire.then_well(2'000);
    CHECK(fixture.send(safe).has_value());
  }
  CHECK(fixture.transport.breaker().state() == BreakerState::open);
}

TEST_CASE("a full bulkhead refuses a call as not run, and is left free by every call that ended") {
  ResilienceSettings settings;
  settings.bulkhead = {.max_in_flight = 1, .max_waiting = 0, .max_wait_ms = 0};
  Fixture fixture(settings);
  std::atomic<bool> release{false};
  fixture.wire.during = [&] {
    while (!release) std::this_thread::yield();
  };
  std::jthread inside([&] { CHECK(fixture.send(safe).has_value()); });
  REQUIRE(test::poll_until([&] { return fixture.wire.sent == 1; }));
  const auto refused = fixture.send(safe);
  release = true;
  inside.join();
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == "call.bulkhead_full");
  CHECK(refused.error().retryable);
  CHECK_FALSE(refused.error().may_have_run);
  CHECK(refused.error().from_seam);
  CHECK(fixture.transport.counts() == TransportCounts{.calls = 2, .rejected_by_bulkhead = 1, .failures = 1});

  fixture.wire.then(refused_connection);
  fixture.pause.during = [&] { CHECK(fixture.transport.bulkhead().in_flight() == 0); };
  CHECK(fixture.send(safe).has_value());
  CHECK(fixture.pause.pauses.size() == 1);
  CHECK(fixture.transport.bulkhead().in_flight() == 0);
}

TEST_CASE("a call whose time ended while it waited for a place is not sent, and says nothing of the callee") {
  ResilienceSettings settings = easily_opened();
  settings.bulkhead = {.max_in_flight = 1, .max_waiting = 1, .max_wait_ms = 60'000};
  Fixture fixture(settings);
  std::atomic<bool> release{false};
  fixture.wire.during = [&] {
    while (!release) std::this_thread::yield();
  };
  bool first_is_answered = false;
  std::jthread inside([&] { first_is_answered = fixture.send(safe, 60'000).has_value(); });
  REQUIRE(test::poll_until([&] { return fixture.wire.sent == 1; }));
  Result<Answer> late;
  std::jthread waiting([&] { late = fixture.send(safe, 5'000); });
  REQUIRE(test::poll_until([&] { return fixture.transport.bulkhead().waiting() == 1; }));
  fixture.clock.advance_ms(5'000);
  release = true;
  inside.join();
  waiting.join();
  CHECK(first_is_answered);
  REQUIRE_FALSE(late.has_value());
  CHECK(late.error().code == "call.deadline_exceeded");
  CHECK(fixture.wire.sent == 1);
  CHECK(fixture.transport.breaker().state() == BreakerState::closed);
}

TEST_CASE("calls that ask to wait take no more than half of the places, beyond them they ask for the status of the moment") {
  ResilienceSettings settings;
  settings.bulkhead = {.max_in_flight = 8, .max_waiting = 0, .max_wait_ms = 0};
  Fixture fixture(settings);
  std::atomic<bool> release{false};
  fixture.wire.during = [&] {
    while (!release) std::this_thread::yield();
  };
  std::atomic<int> answered{0};
  const auto send_waiting = [&] {
    CallContext context;
    context.wait_ms = 30'000;
    answered += fixture.transport.send(context, safe, {}).has_value() ? 1 : 0;
  };
  {
    std::vector<std::jthread> inside;
    bool all_sent = true;
    for (int i = 1; i <= 8; ++i) {
      inside.emplace_back(send_waiting);
      all_sent = all_sent && test::poll_until([&] { return fixture.wire.sent == i; });
    }
    release = true;
    CHECK(all_sent);
  }
  CHECK(answered == 8);
  CHECK(fixture.wire.asked_to_wait == 4);
  send_waiting();
  CHECK(fixture.wire.asked_to_wait == 5);
}

TEST_CASE("the settings are a section of a configuration, and their defaults are within the declared limits") {
  const auto defaults = decode<ResilienceSettings>(encode(ResilienceSettings{}), Reading::strict);
  REQUIRE(defaults.has_value());
  CHECK(defaults->breaker.window_calls == 100);
  const auto changed = decode<ResilienceSettings>(R"({"retry":{"max_attempts":1},"breaker":{"open_ms":50}})", Reading::overlay);
  REQUIRE(changed.has_value());
  CHECK(changed->retry.max_attempts == 1);
  CHECK(changed->breaker.open_ms == 50);
  CHECK(changed->breaker.window_calls == 100);
  CHECK_FALSE(decode<ResilienceSettings>(R"({"retry":{"max_attempts":0}})", Reading::overlay).has_value());
  CHECK_FALSE(decode<ResilienceSettings>(R"({"retry":{"attempts":1}})", Reading::overlay).has_value());
}
