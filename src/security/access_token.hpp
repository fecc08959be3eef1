#pragma once

#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "security/public_keys.hpp"

/// Access tokens: JWTs (RFC 7519) with the profile of RFC 9068, signed with ES256.
namespace seamline::security {

/// What an access token says. Times are whole seconds since 1970.
struct AccessClaims {
  std::string issuer;
  std::string audience;
  std::string subject;
  std::string client_id;
  std::string role;
  std::string token_id;
  std::int64_t issued_at_s = 0;
  std::int64_t expires_at_s = 0;
};

/// The token, as it stands behind `Bearer`. `key_id` is the one under which the public key is published.
std::string sign_access_token(const AccessClaims& claims, const SigningKey& key, std::string_view key_id);

/// Whose tokens are believed, and how far clocks may differ.
struct TokenPolicy {
  std::string issuer = "https://seamline.local";
  std::string audience = "seamline";
  std::int64_t leeway_s = 60;
  /// A token that claims a longer life is refused: it could not be taken back.
  std::int64_t max_life_s = 3600;
};

/// Checks access tokens. The signature is only one of its checks: form, algorithm, type, issuer, audience and times are
/// decided here (RFC 8725; RFC 9068, section 4). Thread-safe where `keys` is.
class TokenVerifier {
 public:
  static constexpr std::size_t max_token_bytes = std::size_t{8} << 10U;

  /// `keys` exists and outlives it.
  TokenVerifier(TokenPolicy policy, PublicKeys& keys) : policy_(std::move(policy)), keys_(keys) {}

  /// Errors: request.invalid_token, saying which check failed; request.keys_unavailable.
  Result<AccessClaims> verify(std::string_view token, Timestamp now) const;
  const TokenPolicy& policy() const { return policy_; }

 private:
  Result<void> check_times(const AccessClaims& claims, std::int64_t not_before_s, std::int64_t now_s) const;
  Result<AccessClaims> check_claims(std::string_view payload, std::int64_t now_s) const;

  const TokenPolicy policy_;
  PublicKeys& keys_;
};

}  // namespace seamline::security
