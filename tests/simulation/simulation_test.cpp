#include <unistd.h>

#include "arguments.hpp"
#include "observe/log.hpp"
#include "shrink.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"
#include "world.hpp"

using namespace seamline;
using namespace seamline::simulation;

namespace {

/// What runs begin with, once for all tests.
const Template& start() {
  observe::set_log_level("off");
  static const test::TemporaryFolder folder;
  static const Template made(folder.path() / "template");
  static const Template usable(made, folder.path() / "run");
  return usable;
}

RunOptions with_seed(std::uint64_t seed) {
  RunOptions options;
  options.seed = seed;
  options.orders = 15;
  return options;
}

/// Answers after a while.
class SlowPeer final : public Peer {
 public:
  explicit SlowPeer(Scheduler& scheduler) : Peer("slow"), scheduler_(scheduler) {}
  http::Response handle(const http::Request&) override {
    scheduler_.pause(100 * ns_in_ms);
    ++handled;
    return {};
  }
  int handled = 0;

 private:
  Scheduler& scheduler_;
};

struct Calm {
  Trace trace;
  Scheduler scheduler{trace};
  SeededRandom random{1};
  FaultPlan plan;
  Faults faults{plan, random};
  Network network{scheduler, faults, random, trace};
  Group clients{"clients"};
};

}  // namespace

TEST_CASE("a task goes on when its time has come, and time moves by nothing else") {
  Trace trace;
  Scheduler scheduler(trace);
  Group group("tasks");
  std::string order;
  scheduler.spawn(group, "late", 20, [&] { order += "late" + std::to_string(scheduler.now_ns()); });
  scheduler.spawn(group, "early", 5, [&] {
    order += "early" + std::to_string(scheduler.now_ns()) + " ";
    scheduler.pause(10);
    order += "again" + std::to_string(scheduler.now_ns()) + " ";
  });
  while (scheduler.run_next()) {
  }
  CHECK(order == "early5 again15 late20");
}

TEST_CASE("a task that waits goes on when it is woken, and else when its time is up") {
  Trace trace;
  Scheduler scheduler(trace);
  Group group("tasks");
  bool is_so = false;
  std::vector<std::int64_t> ended;
  Task& waiting = scheduler.spawn(group, "waiting", 0, [&] {
    CHECK(scheduler.wait([&] { return is_so; }, 1'000));
    ended.push_back(scheduler.now_ns());
    CHECK(!scheduler.wait([] { return false; }, 2'000));
    ended.push_back(scheduler.now_ns());
  });
  scheduler.spawn(group, "waking", 10, [&] {
    is_so = true;
    scheduler.wake(waiting, 3);
  });
  while (scheduler.run_next()) {
  }
  CHECK(ended == std::vector<std::int64_t>{13, 2'000});
}

TEST_CASE("an exception of a task comes out where the tasks are run") {
  Trace trace;
  Scheduler scheduler(trace);
  Group group("tasks");
  scheduler.spawn(group, "throwing", 0, [&] {
    scheduler.pause(1);
    throw std::runtime_error("from within");
  });
  CHECK(scheduler.run_next());
  CHECK_THROWS_AS(scheduler.run_next(), std::runtime_error);
}

TEST_CASE("the answer of a process that dies meanwhile is never seen, and the call may have run") {
  Calm calm;
  SlowPeer peer(calm.scheduler);
  calm.network.listen("http://slow:80", &peer);
  std::optional<Error> seen;
  calm.scheduler.spawn(calm.clients, "caller", 0, [&] {
    const auto answer = calm.network.send(calm.clients, "http://slow:80", {"POST", "/", {}, {}, {}}, {1'000, 5'000, 5'000});
    if (!answer) seen = answer.error();
  });
  while (peer.size() == 0) CHECK(calm.scheduler.run_next());
  CHECK(calm.scheduler.run_next());  // it has begun
  calm.network.listen("http://slow:80", nullptr);
  peer.die();
  calm.scheduler.finish(peer);
  while (calm.scheduler.run_next()) {
  }
  CHECK(peer.handled == 1);
  REQUIRE(seen);
  CHECK(seen->code == "call.unavailable");
  CHECK(seen->may_have_run);
}

TEST_CASE("a caller whose time is over goes on while the callee still runs") {
  Calm calm;
  SlowPeer peer(calm.scheduler);
  calm.network.listen("http://slow:80", &peer);
  std::int64_t gave_up_ms = 0;
  calm.scheduler.spawn(calm.clients, "caller", 0, [&] {
    const auto answer = calm.network.send(calm.clients, "http://slow:80", {"POST", "/", {}, {}, {}}, {50, 50, 50});
    CHECK(answer.error().code == "call.deadline_exceeded");
    gave_up_ms = calm.scheduler.now_ns() / ns_in_ms;
  });
  while (calm.scheduler.run_next()) {
  }
  CHECK(gave_up_ms == 50);
  CHECK(peer.handled == 1);
}

TEST_CASE("faults are numbered whether they are wanted or not, and only those that are asked for happen") {
  FaultPlan plan = FaultPlan::parse("kill,stall").value();
  plan.only = {2, 3};
  SeededRandom random(1);
  Faults faults(plan, random);
  CHECK(!faults.happens(Fault::kill, 1'000'000));
  CHECK(faults.happens(Fault::stall, 1'000'000));
  CHECK(!faults.happens(Fault::lose, 1'000'000));
  CHECK(!faults.happens(Fault::kill, 0));
  CHECK(!faults.happens(Fault::kill, 1'000'000));
  CHECK(faults.happened() == std::vector<std::int64_t>{2});
  faults.cease();
  CHECK(!faults.happens(Fault::stall, 1'000'000));
}

TEST_CASE("a seed gives the same trace each time, in this process and in another") {
  const test::TemporaryFolder folder;
  Workers workers(start(), folder.path(), 1);
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    const RunResult once = run(with_seed(seed), start(), nullptr);
    const RunResult again = run(with_seed(seed), start(), nullptr);
    const RunResult elsewhere = workers.run_one(with_seed(seed));
    CHECK(once.failure == "");
    CHECK(once.trace_lines > 500);
    CHECK(again.trace_hash == once.trace_hash);
    CHECK(elsewhere.trace_hash == once.trace_hash);
    CHECK(run(with_seed(seed + 100), start(), nullptr).trace_hash != once.trace_hash);
  }
}

TEST_CASE("every placement is played, with and without faults") {
  for (int placement = 0; placement < 16; ++placement) {
    RunOptions options = with_seed(7);
    options.placement = placement;
    const RunResult broken = run(options, start(), nullptr);
    options.faults = FaultPlan::none();
    const RunResult calm = run(options, start(), nullptr);
    INFO("placement " << placement);
    CHECK(broken.failure == "");
    CHECK(calm.failure == "");
    CHECK(!broken.faults.empty());
    CHECK(calm.faults.empty());
    CHECK(calm.examined.at("O1") > 5);
  }
}

TEST_CASE("a run's arguments give the same run again") {
  RunOptions options = with_seed(12);
  options.placement = 5;
  options.faults = FaultPlan::parse("kill,lose").value();
  options.faults.only = {3, 8};
  options.mistakes = "no-cursor";
  CHECK(options.text() == "--seed 12 --placement 5 --faults kill,lose --only 3,8 --orders 15 --mistakes no-cursor");
  std::vector<std::string> words;
  std::istringstream text(options.text());
  for (std::string word; text >> word;) words.push_back(word);
  CHECK(read_arguments(words).value().run.text() == options.text());
  CHECK(read_arguments({"--sedes", "4"}).error().detail == "--sedes is no option.");
  CHECK(!read_arguments({"--placement", "16"}));
  CHECK(!read_arguments({"--faults", "meteor"}));
}

TEST_CASE("a mistake in the code is found, and its run is shrunk to one that fails too") {
  const test::TemporaryFolder folder;
  Workers workers(start(), folder.path(), 1);
  RunOptions options = with_seed(1);
  options.mistakes = "no-cursor";
  const RunResult failed = workers.run_one(options);
  REQUIRE(failed.failure != "");
  const RunOptions smallest = shrink(workers, options, failed, 60);
  CHECK(smallest.orders < options.orders);
  CHECK(workers.run_one(smallest).failure != "");
}
