#pragma once

#include <pthread.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "base/completion.hpp"

namespace seamline {

/// One loop of the kernel: bounded work on demand. A thread calls step(); so can a test or a single-threaded simulation.
class Loop {
 public:
  virtual ~Loop() = default;
  /// Does one bounded unit of work and never sleeps. Returns whether it did any.
  virtual bool step() = 0;
};

/// A loop that somebody steps until it is stopped.
class RunningLoop {
 public:
  virtual ~RunningLoop() = default;
  /// There may be work. Thread-safe, cheap where the loop is at work already.
  virtual void wake() = 0;
  /// Lets the current step end; none comes after it. Idempotent, and the destructor does it.
  virtual void stop() = 0;
  /// CPU time that it has used, in nanoseconds. Thread-safe.
  virtual std::int64_t cpu_ns() const = 0;
};

/// Runs loops, and lets callers wait for what they do: by threads, or in a simulation by whatever decides who goes on next.
/// Thread-safe.
class LoopRunner {
 public:
  virtual ~LoopRunner() = default;
  /// Steps the loop from now on: until it finds nothing to do, then again when it is woken or `idle_ms` have passed. `loop`
  /// exists and outlives what is returned.
  virtual std::unique_ptr<RunningLoop> start(std::string name, Loop& loop, std::int64_t idle_ms) = 0;
  /// Returns once the completion, which a running loop finishes, is done.
  virtual void wait(const Completion& completion) = 0;

  /// A thread for each loop.
  static LoopRunner& threads();
};

/// A thread around a loop: calls step() until it finds nothing to do, then sleeps until it is woken or `idle_ms` have
/// passed. stop() lets the current step end and joins; it is idempotent, and the destructor calls it.
class LoopThread final : public RunningLoop {
 public:
  /// `loop` exists and outlives the thread. `name` shows in debuggers (at most 15 characters).
  LoopThread(std::string name, Loop& loop, std::int64_t idle_ms);
  ~LoopThread() override;
  LoopThread(const LoopThread&) = delete;
  LoopThread& operator=(const LoopThread&) = delete;

  void wake() override;
  void stop() override;
  /// What it was in the end once the thread has stopped.
  std::int64_t cpu_ns() const override;

 private:
  void run(const std::string& name);
  void repeat();

  Loop& loop_;
  const std::int64_t idle_ms_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::atomic<bool> woken_{false};
  bool asleep_ = false;
  bool stopping_ = false;
  std::optional<pthread_t> running_;  // while its clock can be read
  std::int64_t ended_cpu_ns_ = 0;
  std::thread thread_;
};

}  // namespace seamline
