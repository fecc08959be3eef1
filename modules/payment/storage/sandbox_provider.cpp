#include "storage/sandbox_provider.hpp"

namespace seamline::payment {

using Outcome = ProviderAnswer::Outcome;

ProviderAnswer SandboxProvider::charge(const std::string& key, std::int64_t, const std::string&, const std::string& token) {
  if (token == "tok_ok") return {Outcome::done, {}};
  if (token == "tok_declined") return {Outcome::refused, "declined"};
  if (token == "tok_insufficient_funds") return {Outcome::refused, "insufficient_funds"};
  if (token != "tok_timeout") return {Outcome::refused, "unknown_token"};
  const std::lock_guard lock(mutex_);
  if (voided_.contains(key)) return {Outcome::refused, "voided"};
  return {taken_without_answer_.insert(key).second ? Outcome::unknown : Outcome::done, {}};
}

ProviderAnswer SandboxProvider::void_charge(const std::string& key) {
  const std::lock_guard lock(mutex_);
  if (taken_without_answer_.contains(key)) return {Outcome::taken, {}};
  voided_.insert(key);
  return {Outcome::done, {}};
}

ProviderAnswer SandboxProvider::refund(const std::string&, std::int64_t, const std::string&) { return {Outcome::done, {}}; }

}  // namespace seamline::payment
