#include "resilience/bulkhead.hpp"

#include <optional>
#include <thread>
#include <vector>

#include "support/catch.hpp"
#include "support/manual_clock.hpp"
#include "support/poll.hpp"

using namespace seamline;
using namespace seamline::resilience;
using test::ManualClock;
using test::poll_until;

TEST_CASE("a full bulkhead refuses at once where nobody may wait, and a place that is left is free again") {
  ManualClock clock;
  Bulkhead bulkhead({.max_in_flight = 2, .max_waiting = 0, .max_wait_ms = 1000}, clock);
  auto first = bulkhead.enter(Instant::never());
  {
    const auto second = bulkhead.enter(Instant::never());
    CHECK(bulkhead.in_flight() == 2);
    const auto third = bulkhead.enter(Instant::never());
    REQUIRE_FALSE(third.has_value());
    CHECK(third.error().code == "call.bulkhead_full");
    CHECK(third.error().retryable);
    CHECK_FALSE(third.error().may_have_run);
  }
  CHECK(bulkhead.in_flight() == 1);
  CHECK(bulkhead.enter(Instant::never()).has_value());
}

TEST_CASE("nobody waits beyond the deadline or the longest wait") {
  ManualClock clock;
  Bulkhead bulkhead({.max_in_flight = 1, .max_waiting = 1, .max_wait_ms = 60'000}, clock);
  const auto inside = bulkhead.enter(Instant::never());
  CHECK_FALSE(bulkhead.enter(clock.monotonic()).has_value());
  CHECK_FALSE(bulkhead.enter(clock.monotonic().plus_ms(20)).has_value());
  CHECK(bulkhead.waiting() == 0);
  Bulkhead impatient({.max_in_flight = 1, .max_waiting = 1, .max_wait_ms = 20}, clock);
  const auto place = impatient.enter(Instant::never());
  CHECK_FALSE(impatient.enter(Instant::never()).has_value());
}

TEST_CASE("those who wait come in in their order, and one too many is refused") {
  ManualClock clock;
  Bulkhead bulkhead({.max_in_flight = 1, .max_waiting = 2, .max_wait_ms = 60'000}, clock);
  std::vector<int> order;  // written inside only
  std::optional<Bulkhead::Place> inside;
  inside.emplace(std::move(*bulkhead.enter(Instant::never())));
  {
    std::vector<std::jthread> callers;
    for (int number = 1; number <= 2; ++number) {
      callers.emplace_back([&, number] {
        const auto place = bulkhead.enter(Instant::never());
        if (place) order.push_back(number);
      });
      REQUIRE(poll_until([&] { return bulkhead.waiting() == number; }));
    }
    CHECK_FALSE(bulkhead.enter(Instant::never()).has_value());
    inside.reset();
  }
  CHECK(order == std::vector<int>{1, 2});
  CHECK(bulkhead.in_flight() == 0);
}

TEST_CASE("under many threads no more calls are inside than there are places, and none is lost") {
  constexpr std::int64_t places = 3;
  ManualClock clock;
  Bulkhead bulkhead({.max_in_flight = places, .max_waiting = 5, .max_wait_ms = 60'000}, clock);
  std::atomic<std::int64_t> inside{0};
  std::atomic<bool> was_overfull{false};
  std::atomic<std::int64_t> refused{0};
  {
    std::vector<std::jthread> callers;
    for (int t = 0; t < 8; ++t) {
      callers.emplace_back([&] {
        for (int i = 0; i < 2'000; ++i) {
          const auto place = bulkhead.enter(Instant::never());
          if (!place) ++refused;
          if (inside.fetch_add(place ? 1 : 0) >= places && place) was_overfull = true;
          if (i % 16 == 0) std::this_thread::yield();
          inside.fetch_sub(place ? 1 : 0);
        }
      });
    }
  }
  CHECK_FALSE(was_overfull);
  CHECK(refused == 0);  // three inside and five waiting are all eight
  CHECK(bulkhead.in_flight() == 0);
  CHECK(bulkhead.waiting() == 0);
}
