#include "seam/seam.hpp"

#include <algorithm>

namespace seamline::seam {

Switch::Switch(void* target) {
  sides_.push_back(std::make_unique<Side>());
  sides_.front()->target = target;
  current_.store(sides_.front().get());
}

void Switch::point_at(void* next) {
  const std::lock_guard lock(mutex_);
  Side* const current = current_.load();
  auto free = std::find_if(sides_.begin(), sides_.end(), [&](const std::unique_ptr<Side>& side) {
    return side.get() != current && side->in_flight.load() == 0;
  });
  // A straggler may still count itself into a free side for a moment. It then sees that the side is not the current one, or
  // that it is again, with the target that it has now; either way it calls the right target.
  if (free == sides_.end()) free = sides_.insert(sides_.end(), std::make_unique<Side>());
  (*free)->target = next;
  current_.store(free->get());
}

bool Switch::drained_locked() const {
  const Side* const current = current_.load();
  return std::all_of(sides_.begin(), sides_.end(),
                     [&](const std::unique_ptr<Side>& side) { return side.get() == current || side->in_flight.load() == 0; });
}

bool Switch::drained() const {
  const std::lock_guard lock(mutex_);
  return drained_locked();
}

bool Switch::wait_drained(std::int64_t timeout_ms) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, std::chrono::milliseconds(timeout_ms), [this] { return drained_locked(); });
}

void Switch::announce_drained() {
  const std::lock_guard lock(mutex_);
  changed_.notify_all();
}

}  // namespace seamline::seam
