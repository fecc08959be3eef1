#include "application/waiters.hpp"

#include <chrono>

namespace seamline::order {

Waiters::Place::Place(Waiters& waiters, std::string order_id) : waiters_(waiters), order_id_(std::move(order_id)) {
  const std::lock_guard lock(waiters_.mutex_);
  is_held_ = waiters_.places_.size() < waiters_.max_waiters_;
  if (is_held_) waiters_.places_.emplace(order_id_, this);
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

std::optional<Order> Waiters::Place::wait(std::int64_t wait_ms) {
  std::unique_lock lock(waiters_.mutex_);
  if (!is_held_) return std::nullopt;
  ended_.wait_for(lock, std::chrono::milliseconds(wait_ms), [this] { return ended_order_.has_value(); });
  return std::move(ended_order_);
}

bool Waiters::is_awaited(const std::string& order_id) const {
  const std::lock_guard lock(mutex_);
  return places_.contains(order_id);
}

void Waiters::notify(const Order& ended) {
  const std::lock_guard lock(mutex_);
  const auto [first, last] = places_.equal_range(ended.order_id.text);
  for (auto place = first; place != last; ++place) {
    place->second->ended_order_ = ended;
    place->second->ended_.notify_one();
  }
}

}  // namespace seamline::order
