#pragma once

#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "order/operations.hpp"

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
    /// Whether there was a place to wait in.
    bool is_held() const { return is_held_; }
    /// Waits until the order ends or the time is up. Returns the order as it ended; empty where it has not, or is not waited for.
    std::optional<Order> wait(std::int64_t wait_ms);

   private:
    friend class Waiters;
    Waiters& waiters_;
    const std::string order_id_;
    bool is_held_ = false;
    std::optional<Order> ended_order_;
    std::condition_variable ended_;
  };

  /// Whether anybody waits for the order. Who asks within the transaction that ends it misses nobody: a place is taken before
  /// the order is placed.
  bool is_awaited(const std::string& order_id) const;
  /// The order has ended, durably: wakes those who wait for it.
  void notify(const Order& ended);

 private:
  const std::size_t max_waiters_;
  mutable std::mutex mutex_;
  std::multimap<std::string, Place*> places_;
};

}  // namespace seamline::order
