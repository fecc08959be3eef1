#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <thread>
#include <vector>

#include "base/clock.hpp"
#include "spawn.hpp"

namespace seamline::app {

struct SupervisorOptions {
  /// How long after its first death a child is started again; doubled with each death, up to the most.
  std::int64_t first_backoff_ms = 200;
  std::int64_t most_backoff_ms = 10'000;
  /// A child that has run this long begins again with the first backoff.
  std::int64_t stable_ms = 30'000;
  /// How long stop() waits for children before it kills them.
  std::int64_t stop_ms = 25'000;
  /// A longer line is cut into several.
  std::size_t max_line_bytes = 8192;
  /// How wide the column of names is: that of the longest name to come. Grows with a longer one.
  std::size_t name_width = 0;
  /// Gets every line that a child writes, behind the child's name and without its end. Our standard error, if empty.
  std::function<void(std::string_view line)> print{};
  /// Is told of a child that will not be started again, by its name, with a sentence about why. Runs in the supervisor's thread,
  /// so it must not call stop(): it wakes the owner, who does.
  std::function<void(const std::string& name, const std::string& why)> on_failed{};
};

struct ChildStatus {
  std::string name;
  bool is_running = false;
  /// 0 while it does not run.
  pid_t pid = 0;
  /// How often it was started again.
  std::int64_t restarts = 0;
  /// It will not be started again: it cannot be run, or said that it was called wrongly (exit status 2).
  bool has_failed = false;
  /// "exit status 1", "killed by SIGKILL", or why it could not be started; empty before its first death.
  std::string last_exit;
};

/// Runs child processes and starts those again that die. Their output, stdout and stderr alike, becomes lines of ours:
/// `payment | …`. One thread reads it, reaps, and starts them; it is the thread whose end would kill the children, so they die
/// with this process even where it is killed, and no earlier (see spawn()). What a child started itself, in its process group,
/// ends with it. Thread-safe.
class Supervisor {
 public:
  /// `clock` exists and outlives the supervisor.
  Supervisor(SupervisorOptions options, const Clock& clock);
  ~Supervisor();
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  /// Has a child run from now on, soon after the call. `name` is new; `argv[0]` is a path; `environment` comes on top of ours.
  /// Does nothing after stop().
  void start(std::string name, std::vector<std::string> argv, std::map<std::string, std::string> environment = {});

  /// Tells all children to stop (SIGTERM), in the order of their start, and waits until they have; kills those that take
  /// longer than `stop_ms`. Idempotent; the destructor calls it.
  void stop();

  /// In the order of their start.
  std::vector<ChildStatus> status() const;

 private:
  struct Child;
  struct Round;

  void run();
  bool step();
  Round begin_round();
  void start_due(const Round& round);
  void launch(Child& child);
  void tell_to_stop(const Round& round);
  void read_outputs(const Round& round);
  void reap(const Round& round);
  void bury(const Round& round, Child& child, int wait_status);
  void give_up(Child& child, const std::string& why);
  void start_later(Child& child, Instant ended_at);
  void wake() const;

  const SupervisorOptions options_;
  const Clock& clock_;
  const Descriptor wake_up_;
  mutable std::mutex mutex_;
  std::condition_variable ended_;
  /// A child's status is written by the thread, under the mutex; all else of it is the thread's alone.
  std::vector<std::unique_ptr<Child>> children_;
  bool is_stopping_ = false;
  bool has_ended_ = false;
  Instant kill_at_ = Instant::never();
  std::thread thread_;
};

}  // namespace seamline::app
