#include "registry/announcement.hpp"

#include "observe/log.hpp"

namespace seamline::registry {

Announcement::Announcement(ConsulClient::Options options, Registration registration, std::int64_t interval_ms, const Clock& clock)
    : client_(std::move(options)),
      registration_(std::move(registration)),
      interval_ms_(interval_ms),
      clock_(clock),
      next_(clock.monotonic()) {}

bool Announcement::step() {
  if (clock_.monotonic() < next_) return false;
  const auto ensured = ensure();
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
  return added;
}

void Announcement::withdraw() {
  if (!was_added_) return;
  if (auto removed = client_.remove(registration_.id); !removed)
    observe::log_warning("registry", "cannot deregister " + registration_.id + ": " + removed.error().detail);
}

}  // namespace seamline::registry
