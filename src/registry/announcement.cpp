#include "registry/announcement.hpp"

#include <algorithm>

#include "observe/log.hpp"

namespace seamline::registry {

Announcement::Announcement(ConsulClient::Options options, Registration registration, std::int64_t interval_ms, const Clock& clock)
    : options_(std::move(options)),
      client_(options_),
      registration_(std::move(registration)),
      interval_ms_(interval_ms),
      clock_(clock),
      next_(clock.monotonic()) {}

bool Announcement::step() {
  if (is_finished_.load() || clock_.monotonic() < next_) return false;
  const auto ensured = ensure();
  if (is_finished_.load()) return false;
  next_ = clock_.monotonic().plus_ms(interval_ms_);
  // Said once, and not with each attempt.
  if (!ensured && !has_failed_)
    observe::log_warning("registry", "cannot register " + registration_.id + ", trying again: " + ensured.error().detail);
  if (ensured && has_failed_) observe::log_info("registry", registration_.id + " is registered now");
  has_failed_ = !ensured;
  return true;
}

Result<void> Announcement::ensure() {
  if (was_added_) {
    const auto known = client_.knows(registration_.id);
    if (!known) return fail(known.error());
    if (*known) return {};
  }
  auto added = client_.add(registration_);
  was_added_ = was_added_ || added.has_value();
  may_be_registered_ = may_be_registered_ || added.has_value() || added.error().may_have_run;
  return added;
}

void Announcement::finish() {
  is_finished_.store(true);
  client_.interrupt();
}

void Announcement::withdraw(std::int64_t time_ms) {
  if (!may_be_registered_) return;
  std::string problem = "there is no time left.";
  if (time_ms > 0) {
    // The client before it is interrupted for good.
    ConsulClient::Options options = options_;
    options.timeout_ms = std::min(options.timeout_ms, time_ms);
    const auto removed = ConsulClient(std::move(options)).remove(registration_.id);
    if (removed) return;
    problem = removed.error().detail;
  }
  observe::log_warning("registry", "cannot deregister " + registration_.id + ": " + problem);
}

}  // namespace seamline::registry
