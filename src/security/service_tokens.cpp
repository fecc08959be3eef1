#include "security/service_tokens.hpp"

#include <algorithm>

namespace seamline::security {
namespace {

Error no_token(std::string_view audience, const std::string& why) {
  Error error = fail(no_service_token, "No token to call " + std::string(audience) + " with can be had: " + why).value();
  error.retryable = true;
  error.retry_after_ms = ServiceTokens::retry_failed_ms;
  return error;
}

}  // namespace

Result<std::string> ServiceTokens::token_for(std::string_view audience) {
  Slot* slot = slot_of(audience);
  if (slot == nullptr) return fail(no_service_token, "There are too many services to hold a token for each.");
  Held held = look(*slot);
  if (should_fetch(held)) {
    std::unique_lock lock(slot->fetching, std::defer_lock);
    // Whose token is still valid goes on with it while another thread asks.
    const bool is_valid = clock_.monotonic() < held.ends_at;
    const bool may_ask = is_valid ? lock.try_lock() : (lock.lock(), true);
    // Another thread may have asked in the meantime.
    if (may_ask && should_fetch(look(*slot))) fetch(*slot, audience);
    held = look(*slot);
  }
  if (clock_.monotonic() < held.ends_at) return std::move(held.token);
  return fail(std::move(held.problem));
}

void ServiceTokens::refused(std::string_view audience, std::string_view token) {
  const std::lock_guard lock(mutex_);
  const auto slot = slots_.find(audience);
  if (slot == slots_.end()) return;
  Held& held = slot->second.held;
  if (held.token != token || held.fetched_at.ms_until(clock_.monotonic()) < retry_failed_ms) return;
  held.renew_at = held.ends_at = Instant{};
}

ServiceTokens::Slot* ServiceTokens::slot_of(std::string_view audience) {
  const std::lock_guard lock(mutex_);
  if (const auto known = slots_.find(audience); known != slots_.end()) return &known->second;
  if (slots_.size() >= max_audiences) return nullptr;
  return &slots_.try_emplace(std::string(audience)).first->second;
}

ServiceTokens::Held ServiceTokens::look(const Slot& slot) const {
  const std::lock_guard lock(mutex_);
  return slot.held;
}

bool ServiceTokens::should_fetch(const Held& held) const {
  const Instant now = clock_.monotonic();
  if (held.has_failed && held.failed_at.ms_until(now) < retry_failed_ms) return false;
  return now >= held.renew_at;
}

void ServiceTokens::fetch(Slot& slot, std::string_view audience) {
  // The life counts from before the question, so that a slow answer makes it shorter and never longer.
  const Instant asked_at = clock_.monotonic();
  auto answer = source_(audience);
  const Instant answered_at = clock_.monotonic();
  const std::lock_guard lock(mutex_);
  Held& held = slot.held;
  held.has_failed = !answer || answer->token.empty() || answer->life_s <= 0;
  if (!held.has_failed) {
    const std::int64_t life_ms = std::min(answer->life_s, max_life_s) * 1000;
    held.token = std::move(answer->token);
    held.fetched_at = asked_at;
    held.renew_at = asked_at.plus_ms(life_ms * 2 / 3);
    held.ends_at = asked_at.plus_ms(life_ms);
    held.problem = no_token(audience, "the last one has just ended");
    return;
  }
  held.failed_at = answered_at;
  held.problem = no_token(audience, answer ? "the issuer's answer holds none" : answer.error().detail);
}

}  // namespace seamline::security
