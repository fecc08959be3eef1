#include "application/login_throttle.hpp"

#include <atomic>
#include <thread>
#include <vector>

#include "support/catch.hpp"
#include "support/manual_clock.hpp"

using namespace seamline;
using user::LoginThrottle;

TEST_CASE("a right password forgets the failures before it") {
  test::ManualClock clock;
  LoginThrottle throttle({3, 1000, 10}, clock);
  for (int round = 0; round < 5; ++round) {
    CHECK(throttle.begin("a").has_value());
    CHECK(throttle.begin("a").has_value());
    throttle.succeeded("a");
  }
}

TEST_CASE("a try whose password was not checked does not count") {
  test::ManualClock clock;
  LoginThrottle throttle({3, 1000, 10}, clock);
  for (int i = 0; i < 20; ++i) {
    CHECK(throttle.begin("a").has_value());
    throttle.not_tried("a");
  }
}

TEST_CASE("the window ends when it said, whatever was tried in it") {
  test::ManualClock clock;
  LoginThrottle throttle({1, 1000, 10}, clock);
  CHECK(throttle.begin("a").has_value());
  for (int i = 0; i < 9; ++i) {
    clock.advance_ms(100);
    CHECK(throttle.begin("a").error().retry_after_ms == 900 - i * 100);
  }
  clock.advance_ms(100);
  CHECK(throttle.begin("a").has_value());
}

TEST_CASE("the table is bounded: the account whose window ends first is forgotten") {
  test::ManualClock clock;
  LoginThrottle throttle({1, 100'000, 3}, clock);
  for (const char* account : {"a", "b", "c", "d"}) {
    CHECK(throttle.begin(account).has_value());
    clock.advance_ms(1);
  }
  CHECK_FALSE(throttle.begin("d").has_value());
  CHECK_FALSE(throttle.begin("c").has_value());
  CHECK_FALSE(throttle.begin("b").has_value());
  CHECK(throttle.begin("a").has_value());
}

TEST_CASE("of many logins at once no more begin than may fail") {
  test::ManualClock clock;
  LoginThrottle throttle({10, 1000, 10}, clock);
  std::atomic<int> begun{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 100; ++k) begun += throttle.begin("a").has_value() ? 1 : 0;
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(begun == 10);
}
