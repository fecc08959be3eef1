#pragma once

#include <algorithm>
#include <deque>
#include <memory>
#include <string>

#include "host/host.hpp"

/// What a host is made of. For host.cpp alone.
namespace seamline::host {

/// Forgets remembered answers that have aged out, a few at a time.
class Host::Housekeeping final : public Loop {
 public:
  Housekeeping(store::Store& store, const Clock& clock, std::int64_t keep_ms) : store_(store), clock_(clock), keep_ms_(keep_ms) {}

  bool step() override {
    const Instant now = clock_.monotonic();
    if (now < next_) return false;
    const std::int64_t forgotten = store_.forget_aged({clock_.now().ms - keep_ms_}, batch);
    if (forgotten < batch) next_ = now.plus_ms(period_ms);
    return forgotten > 0;
  }

 private:
  static constexpr std::int64_t batch = 500;
  static constexpr std::int64_t period_ms = 60'000;

  store::Store& store_;
  const Clock& clock_;
  const std::int64_t keep_ms_;
  Instant next_;
};

/// A loop of a module behind its gate, and the thread around it while the host has threads.
struct Host::GatedThread {
  GatedThread(std::string thread_name, seam::Gate& gate, Loop& inner, std::int64_t thread_idle_ms, WorkerWaker thread_waker)
      : name(std::move(thread_name)), loop(gate, inner, name), idle_ms(thread_idle_ms), waker(std::move(thread_waker)) {}

  std::string name;
  seam::GatedLoop loop;
  std::int64_t idle_ms;
  WorkerWaker waker;
  std::unique_ptr<RunningLoop> thread;
};

/// A subscriber's own loop at a log elsewhere, and the thread around it while the host has threads.
struct Host::Following {
  /// How often a follower that pauses, or waits for room, looks again.
  static constexpr std::int64_t idle_ms = 50;

  std::string name;
  events::Consumer* consumer = nullptr;
  std::unique_ptr<events::Follower> loop;
  WorkerWaker waker;
  std::unique_ptr<RunningLoop> thread;
};

/// A module in its place: what belongs to it alone, in the order in which it is made.
struct Host::Placed {
  std::string name;
  ModuleSpec spec;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<Environment> environment;
  std::unique_ptr<HostedModule> module;
  std::unique_ptr<events::Timers> timers;
  std::unique_ptr<Housekeeping> housekeeping;
  std::deque<GatedThread> loops;

  void add_loop(std::string thread_name, Loop& loop, std::int64_t idle_ms, WorkerWaker waker) {
    loops.emplace_back(std::move(thread_name), module->gate(), loop, idle_ms, std::move(waker));
  }
  bool calls(const Placed& other) const {
    return std::any_of(environment->edges_.begin(), environment->edges_.end(),
                       [&](const std::unique_ptr<Edge>& edge) { return edge->callee() == other.name; });
  }
};

}  // namespace seamline::host
