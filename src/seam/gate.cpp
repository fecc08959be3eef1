#include "seam/gate.hpp"

#include <chrono>

namespace seamline::seam {

void Gate::close(Error reason) {
  const std::lock_guard lock(mutex_);
  reason_ = std::move(reason);
  closed_.store(true);
  changed_.notify_all();
}

void Gate::open() {
  const std::lock_guard lock(mutex_);
  closed_.store(false);
}

bool Gate::wait_empty(std::int64_t timeout_ms) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, std::chrono::milliseconds(timeout_ms), [this] { return inside_.load() == 0; });
}

void Gate::announce_empty() {
  const std::lock_guard lock(mutex_);
  changed_.notify_all();
}

Error Gate::reason() const {
  const std::lock_guard lock(mutex_);
  return reason_;
}

}  // namespace seamline::seam
