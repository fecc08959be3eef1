#include "runner.hpp"

#include "base/assert.hpp"

namespace seamline::simulation {

/// What LoopThread is with a thread: steps the loop until it finds nothing to do, then again when it is woken or its time is up.
class SimulatedRunner::SimulatedLoop final : public RunningLoop {
 public:
  SimulatedLoop(SimulatedRunner& runner, std::string name, Loop& loop, std::int64_t idle_ms)
      : runner_(runner), loop_(loop), idle_ns_(idle_ms * ns_in_ms), is_writer_(name.starts_with("w-")) {
    task_ = &runner_.scheduler_.spawn(runner_.group_, std::move(name), runner_.latency_ns(), [this] { repeat(); });
  }
  ~SimulatedLoop() override { stop(); }

  void wake() override {
    if (is_woken_) return;
    is_woken_ = true;
    // Where all else is at rest, what it was woken for is still to be done.
    if (task_ != nullptr) task_->rest(false);
    if (task_ != nullptr) runner_.scheduler_.wake(*task_, runner_.latency_ns());
  }
  void stop() override {
    is_stopping_ = true;
    // The process was brought to rest before its threads are joined.
    if (task_ != nullptr) runner_.scheduler_.finish(*task_);
    task_ = nullptr;
  }
  std::int64_t cpu_ns() const override { return 0; }

 private:
  void repeat() {
    Scheduler& scheduler = runner_.scheduler_;
    Task& task = *scheduler.current();
    while (!is_stopping_) {
      task.rest(false);
      is_woken_ = false;
      // Of a process that has died only the writer works on, for those who wait for it and do not know yet.
      const bool may_step = !runner_.group_.is_rushed() || is_writer_;
      if (may_step && loop_.step()) {
        scheduler.pause(runner_.latency_ns());
        continue;
      }
      task.rest(true);
      if (runner_.group_.is_rushed()) {
        scheduler.pause(0);
      } else {
        // A thread that nobody wakes may be late by any time.
        const std::int64_t late = static_cast<std::int64_t>(runner_.random_.below(8));
        scheduler.wait([this] { return is_woken_ || is_stopping_; }, scheduler.now_ns() + idle_ns_ * (1 + late));
      }
    }
  }

  SimulatedRunner& runner_;
  Loop& loop_;
  const std::int64_t idle_ns_;
  const bool is_writer_;
  bool is_woken_ = false;
  bool is_stopping_ = false;
  Task* task_ = nullptr;
};

std::unique_ptr<RunningLoop> SimulatedRunner::start(std::string name, Loop& loop, std::int64_t idle_ms) {
  return std::make_unique<SimulatedLoop>(*this, std::move(name), loop, idle_ms);
}

void SimulatedRunner::wait(const Completion& completion) {
  SEAMLINE_ASSERT(scheduler_.current() != nullptr);
  waiters_.push_back({&completion, scheduler_.current()});
  scheduler_.wait_certainly([&] { return completion.is_done(); });
  std::erase_if(waiters_, [&](const Waiter& waiter) { return waiter.completion == &completion; });
}

void SimulatedRunner::wake_waiters() {
  for (const Waiter& waiter : waiters_) {
    if (waiter.completion->is_done()) scheduler_.wake(*waiter.task, latency_ns());
  }
}

std::int64_t SimulatedRunner::latency_ns() {
  const std::uint64_t dice = random_.below(64);
  const std::uint64_t most_us = dice == 0 ? 100'000 : dice < 8 ? 5'000 : 300;
  return static_cast<std::int64_t>(1 + random_.below(most_us)) * 1'000;
}

}  // namespace seamline::simulation
