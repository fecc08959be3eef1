#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "base/loop.hpp"
#include "base/random.hpp"
#include "resilience/pause.hpp"
#include "scheduler.hpp"

namespace seamline::simulation {

/// What moves the threads of one process: its loops, and the waits of whoever calls into it.
class SimulatedRunner final : public LoopRunner, public resilience::Pause {
 public:
  /// All exist and outlive it.
  SimulatedRunner(Scheduler& scheduler, Group& group, Random& random) : scheduler_(scheduler), group_(group), random_(random) {}

  std::unique_ptr<RunningLoop> start(std::string name, Loop& loop, std::int64_t idle_ms) override;
  void wait(const Completion& completion) override;
  void pause(std::int64_t duration_ms) override { scheduler_.pause(duration_ms * ns_in_ms); }

  /// Wakes those whose completion is done.
  void wake_waiters();

 private:
  class SimulatedLoop;
  struct Waiter {
    const Completion* completion;
    Task* task;
  };

  /// How long a thread that could go on waits for a processor.
  std::int64_t latency_ns();

  Scheduler& scheduler_;
  Group& group_;
  Random& random_;
  std::vector<Waiter> waiters_;
};

}  // namespace seamline::simulation
