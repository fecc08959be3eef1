#pragma once

#include <condition_variable>
#include <map>
#include <mutex>
#include <string>

namespace seamline::order {

/// Callers that wait for the end of an order (`Prefer: wait`). At most `max_waiters` of them: a further one is answered at once.
/// Thread-safe.
class Waiters {
 public:
  explicit Waiters(std::size_t max_waiters) : max_waiters_(max_waiters) {}

  /// A place among the waiters of one order, taken before the order can end, so that its end is not missed.
  class Place {
   public:
    Place(Waiters& waiters, std::string order_id);
    ~Place();
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    /// Waits until the order ends or the time is up. Returns whether there was a place to wait in.
    bool wait(std::int64_t wait_ms);

   private:
    friend class Waiters;
    Waiters& waiters_;
    const std::string order_id_;
    bool has_place_ = false;
    bool has_ended_ = false;
    std::condition_variable ended_;
  };

  /// The order has ended: wakes those who wait for it.
  void notify(const std::string& order_id);

 private:
  const std::size_t max_waiters_;
  std::mutex mutex_;
  std::multimap<std::string, Place*> places_;
};

}  // namespace seamline::order
