#include "application/login_throttle.hpp"

#include <algorithm>

#include "user/operations.hpp"

namespace seamline::user {

Result<void> LoginThrottle::begin(const std::string& account) {
  const Instant now = clock_.monotonic();
  const std::lock_guard lock(mutex_);
  auto known = tries_.find(account);
  if (known == tries_.end()) {
    make_room(now);
    known = tries_.emplace(account, Tries{}).first;
  }
  Tries& tries = known->second;
  if (tries.count == 0 || now >= tries.ends_at) tries = {0, now.plus_ms(limits_.window_ms)};
  if (tries.count >= limits_.failures) {
    auto refusal = fail(errors::slow_down, "Too many failed logins to this account; try again later.");
    refusal.value().retryable = true;
    refusal.value().retry_after_ms = std::max<std::int64_t>(1, now.ms_until(tries.ends_at));
    return refusal;
  }
  ++tries.count;
  return {};
}

void LoginThrottle::succeeded(const std::string& account) {
  const std::lock_guard lock(mutex_);
  tries_.erase(account);
}

void LoginThrottle::not_tried(const std::string& account) {
  const std::lock_guard lock(mutex_);
  const auto known = tries_.find(account);
  if (known != tries_.end() && known->second.count > 0) --known->second.count;
}

void LoginThrottle::make_room(Instant now) {
  if (tries_.size() < limits_.accounts) return;
  std::erase_if(tries_, [now](const auto& item) { return now >= item.second.ends_at; });
  if (tries_.size() < limits_.accounts) return;
  tries_.erase(std::min_element(tries_.begin(), tries_.end(),
                                [](const auto& a, const auto& b) { return a.second.ends_at < b.second.ends_at; }));
}

}  // namespace seamline::user
