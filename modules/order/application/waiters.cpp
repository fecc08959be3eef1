#include "application/waiters.hpp"

#include <chrono>

namespace seamline::order {

Waiters::Place::Place(Waiters& waiters, std::string order_id) : waiters_(waiters), order_id_(std::move(order_id)) {
  const std::lock_guard lock(waiters_.mutex_);
  has_place_ = waiters_.places_.size() < waiters_.max_waiters_;
  if (has_place_) waiters_.places_.emplace(order_id_, this);
}

Waiters::Place::~Place() {
  const std::lock_guard lock(waiters_.mutex_);
  const auto [first, last] = waiters_.places_.equal_range(order_id_);
  for (auto place = first; place != last; ++place) {
    if (place->second != this) continue;
    waiters_.places_.erase(place);
    return;
  }
}

bool Waiters::Place::wait(std::int64_t wait_ms) {
  std::unique_lock lock(waiters_.mutex_);
  if (!has_place_) return false;
  ended_.wait_for(lock, std::chrono::milliseconds(wait_ms), [this] { return has_ended_; });
  return true;
}

void Waiters::notify(const std::string& order_id) {
  const std::lock_guard lock(mutex_);
  const auto [first, last] = places_.equal_range(order_id);
  for (auto place = first; place != last; ++place) {
    place->second->has_ended_ = true;
    place->second->ended_.notify_one();
  }
}

}  // namespace seamline::order
