#include "resilience/bulkhead.hpp"

#include <algorithm>
#include <chrono>

namespace seamline::resilience {
namespace {

tl::unexpected<Error> refuse(std::int64_t max_in_flight) {
  auto refusal = fail(bulkhead_full, std::to_string(max_in_flight) + " calls are under way already.");
  refusal.value().retryable = true;
  return refusal;
}

}  // namespace

Result<Bulkhead::Place> Bulkhead::enter(Instant deadline) {
  std::unique_lock lock(mutex_);
  if (in_flight_ < settings_.max_in_flight) {
    ++in_flight_;
    return Place(*this);
  }
  const std::int64_t wait_ms = std::min(settings_.max_wait_ms, clock_.monotonic().ms_until(deadline));
  if (wait_ms <= 0 || std::ssize(waiters_) >= settings_.max_waiting) return refuse(settings_.max_in_flight);
  Waiter waiter;
  waiters_.push_back(&waiter);
  waiter.changed.wait_for(lock, std::chrono::milliseconds(wait_ms), [&] { return waiter.has_place; });
  if (waiter.has_place) return Place(*this);
  waiters_.erase(std::find(waiters_.begin(), waiters_.end(), &waiter));
  return refuse(settings_.max_in_flight);
}

void Bulkhead::leave() {
  const std::lock_guard lock(mutex_);
  if (waiters_.empty()) {
    --in_flight_;
    return;
  }
  // Handed over, so that a newcomer cannot take it first. Told within the lock: the waiter is gone as soon as it sees it.
  waiters_.front()->has_place = true;
  waiters_.front()->changed.notify_one();
  waiters_.pop_front();
}

std::int64_t Bulkhead::in_flight() const {
  const std::lock_guard lock(mutex_);
  return in_flight_;
}

std::int64_t Bulkhead::waiting() const {
  const std::lock_guard lock(mutex_);
  return std::ssize(waiters_);
}

}  // namespace seamline::resilience
