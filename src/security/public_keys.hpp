#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "security/es256.hpp"

namespace seamline::security {

/// A token that does not hold: forged, expired, for somebody else, or no token at all (RFC 6750, section 3.1).
inline constexpr ErrorCode invalid_token{"request.invalid_token", Kind::unauthenticated};
/// Whether the token holds cannot be told, because the issuer's keys cannot be had.
inline constexpr ErrorCode keys_unavailable{"request.keys_unavailable", Kind::unavailable};

/// Public keys by their key id.
using KeySet = std::map<std::string, PublicKey, std::less<>>;

/// The key id of a key: its JWK thumbprint (RFC 7638).
std::string thumbprint(const PublicKey& key);

/// Reads a JWK set (RFC 7517). Keys of other types and uses are skipped; of those that remain each has an id of its own.
/// Errors: request.keys_unavailable, saying what is wrong with the set.
Result<KeySet> parse_key_set(std::string_view text);

/// Finds the key that a token names. Thread-safe.
class PublicKeys {
 public:
  virtual ~PublicKeys() = default;
  /// Errors: request.invalid_token for an id that nobody has, request.keys_unavailable.
  virtual Result<PublicKey> find(std::string_view key_id) = 0;
};

/// The issuer's keys, as it publishes them, kept in memory. Asked again for a key id that is not known, so that a new key works
/// at once, but seldom, so that tokens with invented ids do not become calls to the issuer.
class FetchedKeys final : public PublicKeys {
 public:
  /// Gives the issuer's JWK set as text: by a port, or over HTTP. Thread-safe.
  using Source = std::function<Result<std::string>()>;

  static constexpr std::int64_t refetch_ms = 30'000;
  static constexpr std::int64_t retry_failed_ms = 1'000;
  /// After this time the keys are fetched again even if every id is known: a key may have been withdrawn.
  static constexpr std::int64_t max_age_ms = 600'000;

  /// `clock` exists and outlives it.
  FetchedKeys(Source source, const Clock& clock) : source_(std::move(source)), clock_(clock) {}

  Result<PublicKey> find(std::string_view key_id) override;

 private:
  struct Fetched {
    std::shared_ptr<const KeySet> keys;
    Instant tried_at;
    Instant fetched_at;
    Error problem;
    bool has_tried = false;
    bool has_failed = false;

    bool has(std::string_view key_id) const { return keys && keys->find(key_id) != keys->end(); }
  };

  Fetched look() const;
  bool should_fetch(const Fetched& known, std::string_view key_id) const;
  void fetch();

  const Source source_;
  const Clock& clock_;
  /// Held while the issuer is asked: one asks, the others who miss a key wait; who finds a key never waits for it.
  std::mutex fetching_;
  mutable std::mutex mutex_;
  Fetched fetched_;
};

}  // namespace seamline::security
