#include "supervisor.hpp"

#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "observe/log.hpp"
#include "support/catch.hpp"
#include "support/manual_clock.hpp"
#include "support/poll.hpp"
#include "support/temporary_folder.hpp"

using namespace seamline;
using namespace seamline::app;
using seamline::test::poll_until;

namespace {

/// A supervisor that keeps what it prints. Its log is shut: what it says there is for people.
struct Supervised {
  explicit Supervised(SupervisorOptions options = {}) : supervisor(with_printer(std::move(options)), clock) {
    observe::set_log_level("off");
  }
  ~Supervised() {
    supervisor.stop();
    observe::set_log_level("info");
  }

  void run(const std::string& name, const std::string& script, std::map<std::string, std::string> environment = {}) {
    supervisor.start(name, {"/bin/sh", "-c", script}, std::move(environment));
  }
  ChildStatus child(std::size_t place = 0) const { return supervisor.status().at(place); }
  bool is_running(std::size_t place = 0) const { return child(place).is_running; }
  std::vector<std::string> lines() const {
    const std::lock_guard lock(mutex);
    return printed;
  }
  bool has_printed(const std::string& line) const {
    const auto all = lines();
    return std::find(all.begin(), all.end(), line) != all.end();
  }
  bool has_failed(const std::string& name) const {
    const std::lock_guard lock(mutex);
    return failed.contains(name);
  }

  SupervisorOptions with_printer(SupervisorOptions options) {
    options.print = [this](std::string_view line) {
      const std::lock_guard lock(mutex);
      printed.emplace_back(line);
    };
    options.on_failed = [this](const std::string& name, const std::string& why) {
      const std::lock_guard lock(mutex);
      failed[name] = why;
    };
    return options;
  }

  test::ManualClock clock;
  mutable std::mutex mutex;
  std::vector<std::string> printed;
  std::map<std::string, std::string> failed;
  Supervisor supervisor;
};

bool exists(pid_t pid) { return ::kill(pid, 0) == 0; }

/// Whether the process has ended; a zombie that nobody reaps has.
bool has_ended(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  std::getline(file, text);
  const auto name_end = text.rfind(')');
  return name_end == std::string::npos || text[name_end + 2] == 'Z';
}

pid_t number_in(const std::filesystem::path& file) {
  pid_t number = 0;
  std::ifstream(file) >> number;
  return number;
}

}  // namespace

TEST_CASE("what children write on either stream becomes whole lines behind their aligned names") {
  Supervised all({.name_width = 9});
  all.run("user", "printf 'one\\ntw'; printf 'problem\\n' >&2; printf 'o\\n'; exec sleep 100");
  all.run("inventory", "echo stock; exec sleep 100");
  CHECK(poll_until([&] { return all.has_printed("inventory | stock"); }));
  CHECK(poll_until([&] { return all.has_printed("user      | two"); }));
  CHECK(poll_until([&] { return all.has_printed("user      | problem"); }));
  CHECK(all.has_printed("user      | one"));
}

TEST_CASE("an unfinished last line is printed when the child ends") {
  Supervised all;
  all.run("payment", "printf 'the end'");
  CHECK(poll_until([&] { return all.has_printed("payment | the end"); }));
}

TEST_CASE("a line that is too long is cut, and none of it is lost") {
  Supervised all({.max_line_bytes = 4});
  all.run("p", "printf 'abcd\\nabcdefghij\\n\\nxy\\n'; exec sleep 100");
  CHECK(poll_until([&] { return all.has_printed("p | xy"); }));
  CHECK(all.lines() == std::vector<std::string>{"p | abcd", "p | abcd", "p | efgh", "p | ij", "p | ", "p | xy"});
}

TEST_CASE("a megabyte of output arrives whole although the child ends at once") {
  Supervised all;
  all.run("p",
          "i=0; while [ $i -lt 16000 ]; do echo 'sixty-four bytes make up one line, of which there are many: 16000 .'; "
          "i=$((i+1)); done");
  CHECK(poll_until([&] { return !all.child().last_exit.empty(); }));
  CHECK(all.lines().size() == 16'000);
}

TEST_CASE("a child that dies is started again, later each time, and soon again once it has run for long") {
  test::TemporaryFolder folder;
  Supervised again({.first_backoff_ms = 200, .most_backoff_ms = 500, .stable_ms = 30'000});
  const std::string die = (folder.path() / "die").string();
  again.run("p", "while [ ! -e " + die + " ]; do sleep 0.01; done; rm " + die + "; exit 1");
  const auto let_die = [&] {
    CHECK(poll_until([&] { return again.is_running(); }));
    std::ofstream(die) << "now";
    CHECK(poll_until([&] { return !again.is_running(); }));
    CHECK(again.child().last_exit == "exit status 1");
  };
  // It must not come back before the backoff has passed: the clock stands still until then.
  const auto comes_back_after = [&](std::int64_t backoff_ms) {
    const std::int64_t restarts = again.child().restarts;
    again.clock.advance_ms(backoff_ms - 1);
    again.run("witness-" + std::to_string(restarts), "exec sleep 100");
    CHECK(poll_until([&] { return again.supervisor.status().back().is_running; }));
    CHECK(!again.is_running());
    again.clock.advance_ms(1);
    CHECK(poll_until([&] { return again.is_running(); }));
    CHECK(again.child().restarts == restarts + 1);
  };
  let_die();
  comes_back_after(200);
  let_die();
  comes_back_after(400);
  let_die();
  comes_back_after(500);
  again.clock.advance_ms(30'000);
  let_die();
  comes_back_after(200);
}

TEST_CASE("the signal that killed a child is told, and the child comes back as another process") {
  Supervised all;
  all.run("p", "exec sleep 100");
  REQUIRE(poll_until([&] { return all.is_running(); }));
  const pid_t before = all.child().pid;
  ::kill(before, SIGKILL);
  CHECK(poll_until([&] { return all.child().last_exit == "killed by SIGKILL"; }));
  all.clock.advance_ms(200);
  CHECK(poll_until([&] { return all.is_running(); }));
  CHECK(all.child().pid != before);
  CHECK(!exists(before));
}

TEST_CASE("a child that was called wrongly is not started again, and its owner is told") {
  Supervised all;
  all.run("p", "echo 'unknown key' >&2; exit 2");
  CHECK(poll_until([&] { return all.has_failed("p"); }));
  CHECK(all.has_printed("p | unknown key"));
  all.clock.advance_ms(3'600'000);
  all.run("witness", "exec sleep 100");
  CHECK(poll_until([&] { return all.is_running(1); }));
  CHECK(all.child().has_failed);
  CHECK(all.child().restarts == 0);
  CHECK(all.child().last_exit == "exit status 2");
}

TEST_CASE("a program that is not there is a failure that names it") {
  Supervised all;
  all.supervisor.start("p", {"/nowhere/seamline", "serve"});
  CHECK(poll_until([&] { return all.has_failed("p"); }));
  CHECK(all.child().last_exit == "cannot run /nowhere/seamline: No such file or directory");
}

TEST_CASE("stopping lets children end by themselves and leaves none behind") {
  Supervised all;
  all.run("p", "trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.01; done");
  all.run("q", "exec sleep 100");
  REQUIRE(poll_until([&] { return all.has_printed("p | up") && all.is_running(1); }));
  const std::vector<pid_t> pids{all.child(0).pid, all.child(1).pid};
  all.supervisor.stop();
  CHECK(all.has_printed("p | bye"));
  CHECK(all.child(0).last_exit == "exit status 0");
  CHECK(all.child(1).last_exit == "killed by SIGTERM");
  for (const pid_t pid : pids) CHECK(!exists(pid));
  all.supervisor.stop();
  CHECK(!all.is_running());
}

TEST_CASE("a child that does not stop in time is killed with what it started itself") {
  Supervised all({.stop_ms = 1000});
  test::TemporaryFolder folder;
  const std::string file = (folder.path() / "pid").string();
  all.run("p", "trap '' TERM; sleep 100 & echo $! >" + file + "; echo up; while :; do wait; done");
  REQUIRE(poll_until([&] { return all.has_printed("p | up"); }));
  std::thread stopping([&] { all.supervisor.stop(); });
  // The clock may only move once the supervisor has begun to wait.
  CHECK(poll_until([&] {
    all.clock.advance_ms(100);
    return !all.is_running();
  }));
  stopping.join();
  CHECK(all.child().last_exit == "killed by SIGKILL");
  CHECK(poll_until([&] { return has_ended(number_in(file)); }));
}

TEST_CASE("a child that waits to be started again is not started by a stop") {
  Supervised all;
  all.run("p", "exit 1");
  REQUIRE(poll_until([&] { return !all.child().last_exit.empty(); }));
  all.clock.advance_ms(199);
  all.supervisor.stop();
  CHECK(all.child().restarts == 0);
}

TEST_CASE("a child inherits the environment with what is added, and no descriptor, signal mask or process group") {
  const int leaky = ::open("/dev/null", O_RDONLY);  // without O_CLOEXEC, as a library might
  const int high = ::fcntl(leaky, F_DUPFD, 200);
  ::signal(SIGPIPE, SIG_IGN);
  ::setenv("SEAMLINE_TEST_SET", "old", 1);
  ::setenv("SEAMLINE_TEST_KEPT", "kept", 1);
  Supervised all;
  all.run("p",
          "[ -e /proc/self/fd/" + std::to_string(leaky) + " ] && echo leaked; [ -e /proc/self/fd/" + std::to_string(high) +
              " ] && echo leaked; echo $SEAMLINE_TEST_SET $SEAMLINE_TEST_KEPT; grep SigBlk /proc/self/status | cut -f2; "
              "grep SigIgn /proc/self/status | cut -f2; [ $(cut -d' ' -f5 /proc/$$/stat) = $$ ] && echo leader; "
              "cat; echo end; exec sleep 100",
          {{"SEAMLINE_TEST_SET", "new"}});
  CHECK(poll_until([&] { return all.has_printed("p | end"); }));
  CHECK(all.lines() ==
        std::vector<std::string>{"p | new kept", "p | 0000000000000000", "p | 0000000000000000", "p | leader", "p | end"});
  ::signal(SIGPIPE, SIG_DFL);
  ::close(leaky);
  ::close(high);
}

TEST_CASE("children die with a parent that is killed") {
  test::TemporaryFolder folder;
  const std::string file = (folder.path() / "pid").string();
  // A process of its own plays the parent; it has no threads but the supervisor's.
  const pid_t parent = ::fork();
  if (parent == 0) {
    Supervisor supervisor({}, Clock::system());
    supervisor.start("p", {"/bin/sh", "-c", "echo $$ >" + file + ".new; mv " + file + ".new " + file + "; exec sleep 100"});
    for (;;) ::pause();
  }
  REQUIRE(poll_until([&] { return std::filesystem::exists(file); }));
  const pid_t child = number_in(file);
  CHECK(!has_ended(child));
  ::kill(parent, SIGKILL);
  ::waitpid(parent, nullptr, 0);
  CHECK(poll_until([&] { return has_ended(child); }));
}

TEST_CASE("a supervisor leaves no descriptor behind") {
  const auto open_descriptors = [] {
    const std::filesystem::directory_iterator all("/proc/self/fd");
    return std::distance(begin(all), end(all));
  };
  const auto before = open_descriptors();
  {
    Supervised all;
    for (int i = 0; i < 5; ++i) all.run("p" + std::to_string(i), "exit 1");
    for (std::size_t i = 0; i < 5; ++i) CHECK(poll_until([&] { return !all.child(i).last_exit.empty(); }));
    all.clock.advance_ms(200);
    for (std::size_t i = 0; i < 5; ++i) CHECK(poll_until([&] { return all.child(i).restarts == 1; }));
  }
  CHECK(open_descriptors() == before);
}
