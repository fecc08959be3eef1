#include "base/loop.hpp"

#include <chrono>
#include <utility>

#include "base/clock.hpp"

namespace seamline {
namespace {

class Threads final : public LoopRunner {
 public:
  std::unique_ptr<RunningLoop> start(std::string name, Loop& loop, std::int64_t idle_ms) override {
    return std::make_unique<LoopThread>(std::move(name), loop, idle_ms);
  }
  void wait(const Completion& completion) override { completion.wait(); }
};

}  // namespace

LoopRunner& LoopRunner::threads() {
  static Threads threads;
  return threads;
}

LoopThread::LoopThread(std::string name, Loop& loop, std::int64_t idle_ms)
    : loop_(loop), idle_ms_(idle_ms), thread_([this, name = std::move(name)] { run(name); }) {}

LoopThread::~LoopThread() { stop(); }

void LoopThread::wake() {
  if (woken_.exchange(true)) return;
  bool is_asleep = false;
  {
    const std::lock_guard lock(mutex_);
    is_asleep = asleep_;
  }
  // Outside the lock, or the thread would wake only to wait for it.
  if (is_asleep) changed_.notify_one();
}

void LoopThread::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

std::int64_t LoopThread::cpu_ns() const {
  const std::lock_guard lock(mutex_);
  return running_ ? thread_cpu_ns(*running_) : ended_cpu_ns_;
}

void LoopThread::run(const std::string& name) {
  ::pthread_setname_np(::pthread_self(), name.substr(0, 15).c_str());
  {
    const std::lock_guard lock(mutex_);
    running_ = ::pthread_self();
  }
  repeat();
  const std::lock_guard lock(mutex_);
  ended_cpu_ns_ = thread_cpu_ns(::pthread_self());
  running_.reset();
}

void LoopThread::repeat() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    lock.unlock();
    // Taken down before the work, so that a wake during the work leads to another round.
    woken_.store(false);
    while (loop_.step()) {
      const std::lock_guard check(mutex_);
      if (stopping_) return;
    }
    lock.lock();
    asleep_ = true;
    changed_.wait_for(lock, std::chrono::milliseconds(idle_ms_), [this] { return stopping_ || woken_.load(); });
    asleep_ = false;
  }
}

}  // namespace seamline
