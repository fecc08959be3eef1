#include "security/bearer_authenticator.hpp"

#include <cstring>

namespace seamline::security {
namespace {

constexpr std::string_view scheme = "bearer ";

/// A role that tokens of users may carry. `service` is none: a user's token is never a service's.
std::optional<Role> role_from(std::string_view name) {
  if (name == "user") return Role::user;
  if (name == "admin") return Role::admin;
  return std::nullopt;
}

}  // namespace

std::string_view bearer_token(std::string_view authorization) {
  if (authorization.size() <= scheme.size()) return {};
  for (std::size_t i = 0; i < scheme.size(); ++i) {
    const char c = authorization[i];
    if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c) != scheme[i]) return {};
  }
  const std::string_view token = authorization.substr(scheme.size());
  return token.size() <= TokenVerifier::max_token_bytes ? token : std::string_view();
}

std::size_t VerifiedTokens::FirstBytes::operator()(const Sha256& digest) const {
  std::size_t value = 0;
  std::memcpy(&value, digest.data(), sizeof value);
  return value;
}

std::optional<Caller> VerifiedTokens::find(const Sha256& token, std::int64_t now_s) {
  Shard& shard = shard_of(token);
  const std::lock_guard lock(shard.mutex);
  const auto found = shard.tokens.find(token);
  if (found == shard.tokens.end()) return std::nullopt;
  if (now_s < found->second.until_s) return found->second.caller;
  shard.tokens.erase(found);
  return std::nullopt;
}

void VerifiedTokens::add(const Sha256& token, Caller caller, std::int64_t until_s, std::int64_t now_s) {
  Shard& shard = shard_of(token);
  const std::lock_guard lock(shard.mutex);
  if (shard.tokens.size() >= max_in_shard_) {
    std::erase_if(shard.tokens, [now_s](const auto& item) { return item.second.until_s <= now_s; });
    if (shard.tokens.size() >= max_in_shard_) shard.tokens.erase(shard.tokens.begin());
  }
  shard.tokens.insert_or_assign(token, Entry{std::move(caller), until_s});
}

std::size_t VerifiedTokens::size() const {
  std::size_t all = 0;
  for (const Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    all += shard.tokens.size();
  }
  return all;
}

Result<Caller> BearerAuthenticator::authenticate(std::string_view authorization) {
  if (authorization.empty()) return Caller{};
  const std::string_view token = bearer_token(authorization);
  if (token.empty()) return fail(invalid_token, "The header Authorization must be: Bearer <access token>, of 8 KiB at most.");
  return verify(token);
}

Result<Caller> BearerAuthenticator::verify(std::string_view token) {
  if (token.size() > TokenVerifier::max_token_bytes) return fail(invalid_token, "The access token is longer than 8 KiB.");
  const Timestamp now = clock_.now();
  const Sha256 digest = sha256(token);
  if (auto known = verified_.find(digest, now.ms / 1000)) return std::move(*known);
  const auto claims = verifier_.verify(token, now);
  if (!claims) return fail(claims.error());
  const auto role = role_from(claims->role);
  if (!role) return fail(invalid_token, "The access token is for a role that users do not have.");
  Caller caller{*role, claims->subject};
  verified_.add(digest, caller, claims->expires_at_s + verifier_.policy().leeway_s, now.ms / 1000);
  return caller;
}

}  // namespace seamline::security
