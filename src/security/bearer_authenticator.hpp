#pragma once

#include <array>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "base/hash.hpp"
#include "security/access_token.hpp"
#include "security/authenticator.hpp"

namespace seamline::security {

/// Callers of verified tokens, by the token's SHA-256, until the token expires. Checking an ES256 signature costs about 100
/// microseconds, a look here about one. Only the digest is kept, so that reading this memory gives no token. Thread-safe.
class VerifiedTokens {
 public:
  explicit VerifiedTokens(std::size_t max_tokens) : max_in_shard_(max_tokens / shard_count + 1) {}

  std::optional<Caller> find(const Sha256& token, std::int64_t now_s);
  /// Where the shard is full, what has expired makes room, or else any other token: it is only checked again.
  void add(const Sha256& token, Caller caller, std::int64_t until_s, std::int64_t now_s);
  std::size_t size() const;

 private:
  struct Entry {
    Caller caller;
    std::int64_t until_s = 0;
  };
  /// A digest's bytes are as good as random already.
  struct FirstBytes {
    std::size_t operator()(const Sha256& digest) const;
  };
  /// Padded to a cache line of its own: threads that use different shards do not disturb each other.
  struct alignas(64) Shard {
    mutable std::mutex mutex;
    std::unordered_map<Sha256, Entry, FirstBytes> tokens;
  };
  static constexpr std::size_t shard_count = 16;

  Shard& shard_of(const Sha256& token) { return shards_[token[31] % shard_count]; }

  const std::size_t max_in_shard_;
  std::array<Shard, shard_count> shards_;
};

/// The token of `Authorization: Bearer <token>`, the scheme in any case (RFC 6750, section 2.1): a view into `authorization`.
/// Empty for another scheme, for no token, and for one of more than 8 KiB.
std::string_view bearer_token(std::string_view authorization);

/// Takes the access tokens of users and admins. Thread-safe.
class BearerAuthenticator final : public Authenticator {
 public:
  /// `clock` exists and outlives it. `source` gives the issuer's JWK set; see FetchedKeys.
  BearerAuthenticator(TokenPolicy policy, FetchedKeys::Source source, const Clock& clock, std::size_t max_cached_tokens = 10'000)
      : keys_(std::move(source), clock), verifier_(std::move(policy), keys_), clock_(clock), verified_(max_cached_tokens) {}

  /// No header is the anonymous caller. Errors: request.invalid_token, request.keys_unavailable.
  Result<Caller> authenticate(std::string_view authorization) override;
  /// Who a user's access token names, without the scheme before it. Errors: the same.
  Result<Caller> verify(std::string_view token);
  /// The issuer's keys as this one knows them, for others that check the same issuer's tokens.
  PublicKeys& keys() { return keys_; }

 private:
  FetchedKeys keys_;
  const TokenVerifier verifier_;
  const Clock& clock_;
  VerifiedTokens verified_;
};

}  // namespace seamline::security
