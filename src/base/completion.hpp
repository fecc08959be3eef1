#pragma once

#include <atomic>
#include <cstdint>

namespace seamline {

/// Lets one thread wait until others have finished a number of parts. Lives on the waiting thread's stack: whoever finishes the
/// last part touches nothing of it afterwards, so that it may be destroyed as soon as wait() returns.
///
/// A futex (futex(2)) by itself, because a mutex with a condition variable wakes its waiter into a lock that is still held:
/// one switch between threads more for every call.
class Completion {
 public:
  explicit Completion(std::uint32_t parts = 1) : left_(parts) {}
  Completion(const Completion&) = delete;
  Completion& operator=(const Completion&) = delete;

  /// One part is done. What was written before it is visible behind wait().
  void finish_one();
  bool is_done() const { return left_.load(std::memory_order_acquire) == 0; }
  /// Returns once all parts are done. One waiter only.
  void wait() const;

 private:
  std::atomic<std::uint32_t> left_;
};

}  // namespace seamline
