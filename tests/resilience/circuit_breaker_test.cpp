#include "resilience/circuit_breaker.hpp"

#include <deque>
#include <optional>
#include <string>
#include <thread>

#include "support/catch.hpp"
#include "support/manual_clock.hpp"
#include "support/poll.hpp"

using namespace seamline;
using namespace seamline::resilience;
using test::ManualClock;

namespace {

constexpr BreakerSettings small{.window_calls = 10,
                                .window_ms = 1'000,
                                .minimum_calls = 4,
                                .failure_percent = 50,
                                .slow_percent = 75,
                                .slow_call_ms = 100,
                                .open_ms = 500,
                                .probe_ms = 2'000};

/// Makes one call, if the breaker lets it; returns whether it did.
bool call(CircuitBreaker& breaker, Outcome outcome, std::int64_t duration_ms = 1) {
  auto permit = breaker.admit();
  if (permit) permit->report(outcome, duration_ms);
  return permit.has_value();
}

void call(CircuitBreaker& breaker, Outcome outcome, int times, std::int64_t duration_ms) {
  for (int i = 0; i < times; ++i) CHECK(call(breaker, outcome, duration_ms));
}

/// Opens the breaker by failures, and lets its time pass.
void open_and_wait(CircuitBreaker& breaker, ManualClock& clock) {
  while (breaker.state() == BreakerState::closed) call(breaker, Outcome::failure);
  clock.advance_ms(small.open_ms);
}

}  // namespace

TEST_CASE("a breaker opens at the failure rate, but not before the minimum of calls") {
  ManualClock clock;
  CircuitBreaker breaker(small, clock);
  call(breaker, Outcome::failure, 3, 1);
  CHECK(breaker.state() == BreakerState::closed);
  call(breaker, Outcome::success, 1, 1);
  CHECK(breaker.state() == BreakerState::open);
  CHECK(breaker.counts() == BreakerCounts{1, 0, 0});

  CircuitBreaker healthy(small, clock);
  for (int i = 0; i < 20; ++i) {
    call(healthy, Outcome::success, 2, 1);
    call(healthy, Outcome::failure, 1, 1);
  }
  CHECK(healthy.state() == BreakerState::closed);
}

TEST_CASE("a breaker opens when too many calls are slow, although all succeed") {
  ManualClock clock;
  CircuitBreaker breaker(small, clock);
  call(breaker, Outcome::success, 3, 99);
  call(breaker, Outcome::success, 7, 100);
  CHECK(breaker.state() == BreakerState::closed);
  call(breaker, Outcome::success, 1, 100);  // the first quick one leaves the window: 8 of 10
  CHECK(breaker.state() == BreakerState::open);
}

TEST_CASE("only the last calls count, and of these only recent ones") {
  ManualClock clock;
  CircuitBreaker breaker(small, clock);
  call(breaker, Outcome::success, 6, 1);
  call(breaker, Outcome::failure, 4, 1);
  call(breaker, Outcome::success, 10, 1);
  call(breaker, Outcome::failure, 4, 1);  // 4 of 10: the first four are out of the window
  CHECK(breaker.state() == BreakerState::closed);

  CircuitBreaker forgetful(small, clock);
  call(forgetful, Outcome::failure, 3, 1);
  clock.advance_ms(small.window_ms + 1);
  call(forgetful, Outcome::failure, 3, 1);
  CHECK(forgetful.state() == BreakerState::closed);
  clock.advance_ms(small.window_ms);
  call(forgetful, Outcome::failure, 1, 1);
  CHECK(forgetful.state() == BreakerState::open);
}

TEST_CASE("ignored outcomes count for nothing") {
  ManualClock clock;
  CircuitBreaker breaker(small, clock);
  call(breaker, Outcome::ignored, 50, 10'000);
  call(breaker, Outcome::failure, 3, 1);
  CHECK(breaker.state() == BreakerState::closed);
}

TEST_CASE("a minimum above the window does not keep a breaker from opening") {
  ManualClock clock;
  BreakerSettings settings = small;
  settings.window_calls = 3;
  CircuitBreaker breaker(settings, clock);
  call(breaker, Outcome::failure, 3, 1);
  CHECK(breaker.state() == BreakerState::open);
}

TEST_CASE("an open breaker refuses every call and says for how long") {
  ManualClock clock;
  CircuitBreaker breaker(small, clock);
  while (breaker.state() == BreakerState::closed) call(breaker, Outcome::failure);
  clock.advance_ms(200);
  const auto refused = breaker.admit();
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == "call.circuit_open");
  CHECK(refused.error().retryable);
  CHECK_FALSE(refused.error().may_have_run);
  CHECK(refused.error().retry_after_ms == 300);
  CHECK(breaker.open_for_ms() == 300);
  clock.advance_ms(299);
  CHECK_FALSE(breaker.admit().has_value());
  clock.advance_ms(1);
  CHECK(breaker.open_for_ms() == 0);
  CHECK(breaker.admit().has_value());
  CHECK(breaker.state() == BreakerState::half_open);
}

TEST_CASE("a half-open breaker lets exactly three probes through, and closes when all three succeeded") {
  ManualClock clock;
  CircuitBreaker breaker(small, clock);
  open_and_wait(breaker, clock);
  auto first = breaker.admit();
  auto second = breaker.admit();
  auto third = breaker.admit();
  REQUIRE(third.has_value());
  const auto fourth = breaker.admit();
  REQUIRE_FALSE(fourth.has_value());
  CHECK(fourth.error().retry_after_ms > 0);
  first->report(Outcome::success, 1);
  second->report(Outcome::success, 1);
  CHECK_FALSE(breaker.admit().has_value());
  CHECK(breaker.state() == BreakerState::half_open);
  third->report(Outcome::success, 1);
  CHECK(breaker.state() == BreakerState::closed);
  CHECK(breaker.counts() == BreakerCounts{1, 1, 1});
  call(breaker, Outcome::failure, 3, 1);
  CHECK(breaker.state() == BreakerState::closed);  // what was before is forgotten
}

TEST_CASE("any probe that fails or is slow opens the breaker again for its whole time") {
  for (const bool fails : {true, false}) {
    ManualClock clock;
    CircuitBreaker breaker(small, clock);
    open_and_wait(breaker, clock);
    CHECK(call(breaker, Outcome::success));
    CHECK(call(breaker, Outcome::success));
    auto late = breaker.admit();
    late->report(fails ? Outcome::failure : Outcome::success, fails ? 1 : small.slow_call_ms);
    CHECK(breaker.state() == BreakerState::open);
    CHECK(breaker.open_for_ms() == small.open_ms);
    clock.advance_ms(small.open_ms);
    CHECK(call(breaker, Outcome::success));
    CHECK(call(breaker, Outcome::success));
    CHECK(breaker.state() == BreakerState::half_open);  // successes of the round before do not count
  }
}

TEST_CASE("a probe whose outcome never comes, or says nothing, gives its place to another") {
  ManualClock clock;
  CircuitBreaker breaker(small, clock);
  open_and_wait(breaker, clock);
  {
    const auto dropped = breaker.admit();
    auto ignored = breaker.admit();
    ignored->report(Outcome::ignored, 1);
  }
  auto hung = breaker.admit();
  auto hung_too = breaker.admit();
  auto third = breaker.admit();
  REQUIRE(third.has_value());
  CHECK_FALSE(breaker.admit().has_value());
  clock.advance_ms(small.probe_ms - 1);
  CHECK_FALSE(breaker.admit().has_value());
  clock.advance_ms(1);
  auto replacements = std::array{breaker.admit(), breaker.admit(), breaker.admit()};
  for (const auto& one : replacements) CHECK(one.has_value());
  CHECK_FALSE(breaker.admit().has_value());
  hung->report(Outcome::failure, 1);  // its place is another's by now
  CHECK(breaker.state() == BreakerState::half_open);
  for (auto& one : replacements) one->report(Outcome::success, 1);
  CHECK(breaker.state() == BreakerState::closed);
}

TEST_CASE("a call that was let through before a change of state changes nothing after it") {
  ManualClock clock;
  CircuitBreaker breaker(small, clock);
  std::vector<Result<CircuitBreaker::Permit>> early;
  for (int i = 0; i < 8; ++i) early.push_back(breaker.admit());
  open_and_wait(breaker, clock);
  early[0]->report(Outcome::failure, 1);
  CHECK(breaker.state() == BreakerState::open);
  auto probe = breaker.admit();
  for (std::size_t i = 1; i < 4; ++i) early[i]->report(Outcome::success, 1);
  CHECK(breaker.state() == BreakerState::half_open);
  early[4]->report(Outcome::failure, 1);
  CHECK(breaker.state() == BreakerState::half_open);
  probe->report(Outcome::success, 1);
  CHECK(call(breaker, Outcome::success));
  CHECK(call(breaker, Outcome::success));
  for (std::size_t i = 5; i < 8; ++i) early[i]->report(Outcome::failure, 1);
  call(breaker, Outcome::failure, 3, 1);
  CHECK(breaker.state() == BreakerState::closed);
}

TEST_CASE("a listener hears each change of state in its order, with what the window held") {
  ManualClock clock;
  std::vector<std::string> heard;
  CircuitBreaker breaker(small, clock, [&](const BreakerTransition& change) {
    heard.push_back(std::string(name_of(change.from)) + ">" + std::string(name_of(change.to)) + " " +
                    std::to_string(change.failures) + "/" + std::to_string(change.slow_calls) + "/" +
                    std::to_string(change.calls));
  });
  call(breaker, Outcome::success, 2, 200);
  call(breaker, Outcome::failure, 2, 1);
  clock.advance_ms(small.open_ms);
  call(breaker, Outcome::failure);
  clock.advance_ms(small.open_ms);
  for (int i = 0; i < 3; ++i) call(breaker, Outcome::success);
  CHECK(heard == std::vector<std::string>{"closed>open 2/2/4", "open>half_open 0/0/0", "half_open>open 0/0/0",
                                          "open>half_open 0/0/0", "half_open>closed 0/0/0"});
}

TEST_CASE("of eight threads that ask a half-open breaker exactly three come through, round after round") {
  ManualClock clock;
  CircuitBreaker breaker(small, clock);
  for (int round = 0; round < 200; ++round) {
    open_and_wait(breaker, clock);
    std::atomic<int> ready{0};
    std::atomic<int> asked{0};
    std::atomic<int> admitted{0};
    {
      std::vector<std::jthread> callers;
      for (int t = 0; t < 8; ++t) {
        callers.emplace_back([&] {
          ++ready;
          while (ready < 8) std::this_thread::yield();
          auto permit = breaker.admit();
          admitted += permit ? 1 : 0;
          ++asked;
          while (asked < 8) std::this_thread::yield();  // all ask before any answer comes
          if (permit) permit->report(Outcome::success, 1);
        });
      }
    }
    REQUIRE(admitted == 3);
    REQUIRE(breaker.state() == BreakerState::closed);
  }
  CHECK(breaker.counts() == BreakerCounts{200, 200, 200});
}

TEST_CASE("under many threads, failing and well in turn, the breaker never wedges") {
  ManualClock clock;
  CircuitBreaker breaker(small, clock);
  std::atomic<bool> is_well{true};
  std::atomic<bool> stop{false};
  std::vector<std::jthread> callers;
  for (int t = 0; t < 4; ++t) {
    callers.emplace_back([&] {
      for (int i = 0; !stop; ++i) {
        if (auto permit = breaker.admit(); permit && i % 7 != 0) permit->report(is_well ? Outcome::success : Outcome::failure, 1);
        std::this_thread::yield();
      }
    });
  }
  for (int round = 0; round < 30; ++round) {
    is_well = false;
    CHECK(test::poll_until([&] { return breaker.state() == BreakerState::open; }));
    is_well = true;
    CHECK(test::poll_until([&] {
      clock.advance_ms(small.open_ms);
      return breaker.state() == BreakerState::closed;
    }));
  }
  stop = true;
}

namespace {

/// What a breaker should do, said as simply as possible.
class Model {
 public:
  explicit Model(const ManualClock& clock) : clock_(clock) {}

  /// The round that a call belongs to; none where it is refused.
  std::optional<int> admit() {
    const Instant now = clock_.monotonic();
    if (state == BreakerState::open && now >= open_until_) enter(BreakerState::half_open);
    if (state == BreakerState::open) return std::nullopt;
    if (state == BreakerState::half_open && successes_ + probes_ == 3) return std::nullopt;
    if (state == BreakerState::half_open) ++probes_;
    return round_;
  }
  void report(int round, Outcome outcome, std::int64_t duration_ms) {
    if (round != round_) return;
    const bool is_slow = duration_ms >= small.slow_call_ms;
    if (state == BreakerState::half_open) {
      --probes_;
      if (outcome == Outcome::ignored) return;
      if (outcome == Outcome::failure || is_slow) return enter(BreakerState::open);
      if (++successes_ == 3) enter(BreakerState::closed);
    } else if (state == BreakerState::closed && outcome != Outcome::ignored) {
      calls_.push_back({clock_.monotonic(), outcome == Outcome::failure, is_slow});
      judge();
    }
  }

  BreakerState state = BreakerState::closed;

 private:
  struct Call {
    Instant at;
    bool failed = false;
    bool slow = false;
  };

  void judge() {
    std::int64_t calls = 0;
    std::int64_t failed = 0;
    std::int64_t slow = 0;
    for (auto call = calls_.rbegin(); call != calls_.rend() && calls < small.window_calls; ++call) {
      if (call->at.plus_ms(small.window_ms) < clock_.monotonic()) break;
      ++calls;
      failed += call->failed ? 1 : 0;
      slow += call->slow ? 1 : 0;
    }
    if (calls < small.minimum_calls) return;
    if (failed * 100 >= calls * small.failure_percent || slow * 100 >= calls * small.slow_percent) enter(BreakerState::open);
  }
  void enter(BreakerState next) {
    state = next;
    ++round_;
    calls_.clear();
    probes_ = successes_ = 0;
    if (next == BreakerState::open) open_until_ = clock_.monotonic().plus_ms(small.open_ms);
  }

  const ManualClock& clock_;
  int round_ = 0;
  std::vector<Call> calls_;
  int probes_ = 0;
  int successes_ = 0;
  Instant open_until_{};
};

struct UnderWay {
  CircuitBreaker::Permit permit;
  int round;
};

}  // namespace

TEST_CASE("whatever calls come and end in whatever order, the breaker does as its model") {
  rc::prop("", [] {
    ManualClock clock;
    CircuitBreaker breaker(small, clock);
    Model model(clock);
    std::deque<UnderWay> under_way;
    for (const int step : *rc::gen::container<std::vector<int>>(400, rc::gen::inRange(0, 100))) {
      if (step < 45) {
        auto permit = breaker.admit();
        const auto expected = model.admit();
        RC_ASSERT(permit.has_value() == expected.has_value());
        if (permit) under_way.push_back({std::move(*permit), *expected});
      } else if (step < 85 && !under_way.empty()) {
        // Steps are the dice too: which call ends, how, and how slowly.
        auto [permit, round] = std::move(step % 3 == 0 ? under_way.front() : under_way.back());
        step % 3 == 0 ? under_way.pop_front() : under_way.pop_back();
        const Outcome outcome = step < 63 ? Outcome::success : step < 80 ? Outcome::failure : Outcome::ignored;
        const std::int64_t duration_ms = step % 5 == 0 ? small.slow_call_ms : 1;
        permit.report(outcome, duration_ms);
        model.report(round, outcome, duration_ms);
      } else if (step >= 85) {
        clock.advance_ms(step < 97 ? step - 84 : 250);
      }
      RC_ASSERT(breaker.state() == model.state);
    }
  });
}
