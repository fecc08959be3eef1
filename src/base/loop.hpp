#pragma once

#include <pthread.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace seamline {

/// One loop of the kernel: bounded work on demand. A thread calls step(); so can a test or a single-threaded simulation.
class Loop {
 public:
  virtual ~Loop() = default;
  /// Does one bounded unit of work and never sleeps. Returns whether it did any.
  virtual bool step() = 0;
};

/// A thread around a loop: calls step() until it finds nothing to do, then sleeps until it is woken or `idle_ms` have
/// passed. stop() lets the current step end and joins; it is idempotent, and the destructor calls it.
class LoopThread {
 public:
  /// `loop` exists and outlives the thread. `name` shows in debuggers (at most 15 characters).
  LoopThread(std::string name, Loop& loop, std::int64_t idle_ms);
  ~LoopThread();
  LoopThread(const LoopThread&) = delete;
  LoopThread& operator=(const LoopThread&) = delete;

  /// There may be work. Thread-safe, cheap when the thread is awake.
  void wake();
  void stop();
  /// CPU time that the thread has used, in nanoseconds; what it was in the end once it has stopped. Thread-safe.
  std::int64_t cpu_ns() const;

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
