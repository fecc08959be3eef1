#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

#include "base/random.hpp"
#include "base/result.hpp"

namespace seamline::security {

/// What hashing a password costs (argon2id, RFC 9106).
struct PasswordCost {
  std::uint32_t memory_kib = 19'456;
  std::uint32_t passes = 2;
};

/// Hashes and checks passwords. Each takes tens of milliseconds and much memory on purpose, so only a few run at once, a few
/// more wait, and the rest is refused: it would be the cheapest way to bring the process down. Thread-safe.
class PasswordHasher {
 public:
  struct Limits {
    std::size_t at_once = 2;
    std::size_t waiting = 32;
  };

  /// `random` exists and outlives the hasher.
  PasswordHasher(Random& random, PasswordCost cost, Limits limits) : random_(random), cost_(cost), limits_(limits) {}

  /// The hash with its salt and parameters, as a PHC string. Errors: security.busy, retryable.
  Result<std::string> hash(const std::string& password);
  /// Whether the password is the one that was hashed. Errors: security.busy, retryable.
  Result<bool> verify(const std::string& password, const std::string& hash);
  /// A hash that costs as much to check as any made here, and that no password has: for users that do not exist, so that the
  /// time of an answer does not tell who does.
  std::string decoy() const;
  /// Whether a hash was made at another cost than today's: its owner's next login is the time to make it anew.
  bool is_outdated(std::string_view hash) const;

 private:
  class Slot;
  /// How a hash of today's cost begins, up to its salt.
  std::string prefix() const;

  Random& random_;
  const PasswordCost cost_;
  const Limits limits_;
  std::mutex mutex_;
  std::condition_variable freed_;
  std::size_t running_ = 0;
  std::size_t waiting_ = 0;
};

}  // namespace seamline::security
