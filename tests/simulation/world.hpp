#pragma once

#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "customers.hpp"
#include "faults.hpp"
#include "process.hpp"
#include "run.hpp"
#include "template.hpp"

namespace seamline::simulation {

/// One run: a shop of one to five processes, its customers, a network, and somebody who breaks things. After all orders are made
/// nothing goes wrong any more, everything is up, and time runs on until nothing moves; then the books are checked.
class World {
 public:
  /// `start` outlives it; `trace_file` gets every line of the trace, null for none. One world at a time.
  World(const RunOptions& options, const Template& start, std::FILE* trace_file);
  ~World();

  RunResult run();

 private:
  void make_processes();
  void observe();
  Process* running_process();
  /// Between two commands a thread may lose its processor anywhere, and others go on.
  void interrupt();
  void died_within(Process& process, const std::string& place);
  void draw_settings();
  void start(Process& process);
  void break_things();
  void break_one();
  void cease();
  void crash(Process& process, Death death);
  void restart_later(Process& process);
  void set_weather();
  /// What cannot be done within a task: takes away who has died, and starts who is to start.
  void look_after_processes();
  void run_until_quiet();
  bool is_quiet();
  bool are_all_up() const;
  void count_orders();
  /// An audit while orders flow. Returns whether it could be made.
  bool look_at_work();
  bool has_settled(const std::string& module);
  host::Host& host_of(const std::string& module);
  void shut_down();
  void fail(const std::string& what);
  std::int64_t draw(std::int64_t least, std::int64_t most);
  /// How many crash points later a process dies.
  std::int64_t draw_distance();
  Death draw_death();

  const RunOptions options_;
  const Template& start_;
  test::SimulatedDisk disk_;
  Trace trace_;
  Scheduler scheduler_;
  SeededRandom random_;
  SeededRandom interruptions_;
  Faults faults_;
  Network network_;
  History history_;
  ShopSettings settings_;
  std::vector<host::ModuleSpec> modules_;
  Group group_{"world"};
  std::vector<std::unique_ptr<Process>> processes_;
  std::unique_ptr<Customers> customers_;
  Process* starting_ = nullptr;
  std::vector<Process*> to_start_;
  std::vector<Process*> to_stop_;
  RunResult result_;
};

}  // namespace seamline::simulation
