#pragma once

#include <exception>
#include <functional>

namespace seamline::simulation {

/// A function with a stack of its own, which can stop in the middle and go on later: what a thread is in the simulation. All
/// fibers of a process run in one thread; not thread-safe.
class Fiber {
 public:
  explicit Fiber(std::function<void()> body) : body_(std::move(body)) {}
  /// It has ended, or never begun.
  ~Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  /// Runs it until it yields or ends. Called from outside of all fibers. Throws what the body has thrown, which ends it.
  void resume();
  /// Goes back to whoever resumed the fiber that runs now. Never within a transaction.
  static void yield();
  bool has_ended() const { return has_ended_; }

 private:
  class Stack;

  void run_body();

  const std::function<void()> body_;
  Stack* stack_ = nullptr;  // from its first resume() to its end
  std::exception_ptr thrown_;
  bool has_ended_ = false;
};

}  // namespace seamline::simulation
