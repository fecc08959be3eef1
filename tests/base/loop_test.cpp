#include "base/loop.hpp"

#include <chrono>
#include <functional>
#include <vector>

#include "support/catch.hpp"

using namespace seamline;

namespace {

constexpr std::int64_t an_hour_ms = 3'600'000;

/// Takes what was put into it, one piece a step, and counts.
class Counter final : public Loop {
 public:
  bool step() override {
    steps.fetch_add(1);
    if (pending.load() == 0) return false;
    pending.fetch_sub(1);
    done.fetch_add(1);
    return true;
  }
  std::atomic<int> pending{0};
  std::atomic<int> done{0};
  std::atomic<int> steps{0};
};

/// Polls until it holds; false after ten seconds.
bool soon(const std::function<bool()>& holds) {
  for (int i = 0; i < 10'000; ++i) {
    if (holds()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return holds();
}

}  // namespace

TEST_CASE("a loop runs at once, until it finds nothing to do") {
  Counter loop;
  loop.pending = 5;
  LoopThread thread("test", loop, an_hour_ms);
  CHECK(soon([&] { return loop.done == 5; }));
}

TEST_CASE("no wake is lost, however it meets the loop going to sleep") {
  Counter loop;
  LoopThread thread("test", loop, an_hour_ms);
  for (int i = 1; i <= 2000; ++i) {
    loop.pending.fetch_add(1);
    thread.wake();
    // Only a lost wake makes this wait for the hour.
    REQUIRE(soon([&] { return loop.done.load() == i; }));
  }
}

TEST_CASE("no wake of many threads is lost") {
  Counter loop;
  LoopThread thread("test", loop, an_hour_ms);
  std::vector<std::thread> wakers;
  for (int waker = 0; waker < 4; ++waker) {
    wakers.emplace_back([&] {
      for (int i = 0; i < 2000; ++i) {
        loop.pending.fetch_add(1);
        thread.wake();
      }
    });
  }
  for (auto& waker : wakers) waker.join();
  CHECK(soon([&] { return loop.done == 8000; }));
}

TEST_CASE("an idle loop looks again when its time has passed, without a wake") {
  Counter loop;
  LoopThread thread("test", loop, 2);
  CHECK(soon([&] { return loop.steps >= 3; }));
}

TEST_CASE("an idle loop sleeps: a wake means one more round, not a spin") {
  Counter loop;
  LoopThread thread("test", loop, an_hour_ms);
  REQUIRE(soon([&] { return loop.steps >= 1; }));
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  CHECK(loop.steps <= 2);
}

TEST_CASE("stop() ends a sleeping loop and a busy one, may be called again, and a later wake does nothing") {
  Counter loop;
  SECTION("asleep") {}
  SECTION("busy") { loop.pending = 1'000'000'000; }
  LoopThread thread("a name that is longer than a thread may have", loop, an_hour_ms);
  REQUIRE(soon([&] { return loop.steps >= 1; }));
  thread.stop();
  const int steps = loop.steps;
  thread.stop();
  thread.wake();
  CHECK(loop.steps == steps);
}

TEST_CASE("a loop that is stopped before it ran is stopped") {
  for (int i = 0; i < 200; ++i) {
    Counter loop;
    const LoopThread thread("test", loop, an_hour_ms);
  }
  SUCCEED("each of them was joined");
}

TEST_CASE("a runner of threads steps a loop by itself, and lets a caller wait for what the loop finishes") {
  class Finisher final : public Loop {
   public:
    explicit Finisher(Completion& completion) : completion_(completion) {}
    bool step() override {
      if (completion_.is_done()) return false;
      completion_.finish_one();
      return true;
    }

   private:
    Completion& completion_;
  };
  Completion completion(3);
  Finisher loop(completion);
  const auto running = LoopRunner::threads().start("test", loop, an_hour_ms);
  LoopRunner::threads().wait(completion);
  CHECK(completion.is_done());
}
