#include "registry/check_state.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace seamline::registry {
namespace {

/// As Consul's: what a check says is for people.
constexpr std::size_t max_output_bytes = 4096;
/// A service is not forgotten sooner, whatever its registration asks for (Consul's lower bound).
constexpr std::int64_t min_deregister_ms = 60'000;

/// What a foreign server answered need not be text.
std::string as_output(std::string_view bytes) {
  return std::string(text_prefix(bytes.substr(0, well_formed_bytes(bytes)), max_output_bytes));
}

}  // namespace

CheckStatus Instance::status() const {
  CheckStatus worst = CheckStatus::passing;
  for (const Check& check : checks) worst = std::max(worst, check.status);
  return worst;
}

CheckState::CheckState(CheckDefinition definition, std::uint64_t number, Instant now)
    : definition_(std::move(definition)),
      number_(number),
      status_(definition_.status),
      expires_(now.plus_ms(definition_.ttl_ms)),
      next_run_(now),
      critical_since_(now) {}

Check CheckState::view() const {
  return {definition_.id, definition_.name, definition_.notes, is_ttl() ? "ttl" : "http", status_, output_};
}

void CheckState::continue_from(const CheckState& earlier) {
  // The same check goes on with all that it has: its times, and a run that is under way.
  if (definition_ == earlier.definition_) {
    *this = earlier;
    return;
  }
  status_ = earlier.status_;
  output_ = earlier.output_;
  critical_since_ = earlier.critical_since_;
}

bool CheckState::update(CheckStatus status, std::string_view output, Instant now) {
  output_ = as_output(output);
  expires_ = now.plus_ms(definition_.ttl_ms);
  return change(status, now);
}

bool CheckState::record(CheckStatus status, std::string_view output, Instant now) {
  is_running_ = false;
  next_run_ = now.plus_ms(definition_.interval_ms);
  output_ = as_output(output);
  if (status == CheckStatus::critical) {
    successes_ = 0;
    return ++failures_ >= definition_.failures_before_critical && change(status, now);
  }
  failures_ = 0;
  return ++successes_ >= definition_.successes_before_passing && change(status, now);
}

bool CheckState::expire(Instant now) {
  if (!is_ttl() || status_ == CheckStatus::critical || now < expires_) return false;
  output_ = "TTL expired";
  return change(CheckStatus::critical, now);
}

bool CheckState::is_given_up(Instant now) const {
  if (definition_.deregister_after_ms == 0 || status_ != CheckStatus::critical) return false;
  return now >= critical_since_.plus_ms(std::max(definition_.deregister_after_ms, min_deregister_ms));
}

bool CheckState::is_due(Instant now) const { return is_http() && !is_running_ && now >= next_run_; }

bool CheckState::change(CheckStatus status, Instant now) {
  if (status == status_) return false;
  if (status == CheckStatus::critical) critical_since_ = now;
  status_ = status;
  return true;
}

}  // namespace seamline::registry
