#include "seam/gate.hpp"

#include <chrono>

#include "base/outside_failure.hpp"
#include "observe/log.hpp"

namespace seamline::seam {

void Gate::close(Error reason) {
  const std::lock_guard lock(mutex_);
  reason_ = std::move(reason);
  closed_.store(true);
  changed_.notify_all();
}

void Gate::open() {
  {
    const std::lock_guard lock(mutex_);
    closed_.store(false);
  }
  if (wake_) wake_();
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

bool GatedLoop::step() {
  const auto pass = gate_.enter();
  if (!pass) return false;
  try {
    const bool has_worked = loop_.step();
    if (has_failed_) observe::log_info("module", "The loop " + name_ + " works again.");
    has_failed_ = false;
    return has_worked;
  } catch (const std::exception& problem) {
    // Once for each time that it begins: the loop comes again many times a second.
    if (!has_failed_) observe::log_error("module", "The loop " + name_ + " failed, and tries again: " + problem.what());
    has_failed_ = true;
    return false;
  }
}

Error failure_of(std::string_view operation, const std::exception& problem) {
  const auto* outside = dynamic_cast<const OutsideFailure*>(&problem);
  if (outside == nullptr || !outside->passes()) return unexpected(operation, problem.what());
  observe::log_error("module", std::string(operation) + " failed for now: " + problem.what());
  constexpr ErrorCode code{"store.unavailable", Kind::unavailable};
  Error error = std::move(fail(code, "What the module needs is away for now; try again in a moment.").value());
  error.may_have_run = true;
  error.retry_after_ms = 1000;
  return error;
}

Error unexpected(std::string_view operation, std::string_view what) {
  observe::log_error("module", std::string(operation) + " failed unexpectedly: " + std::string(what));
  constexpr ErrorCode code{"internal.unexpected", Kind::internal};
  return std::move(fail(code, "Something went wrong here; it is logged.").value());
}

}  // namespace seamline::seam
