#pragma once

#include <array>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/hash.hpp"
#include "base/random.hpp"
#include "base/result.hpp"

namespace seamline::security {

/// A key in a file of its own, under which a module keeps secrets in its store. A copy of the database alone (a backup, a
/// replica, an attachment to a bug report) must not be able to sign tokens, and must not help in guessing passwords. Thread-safe.
class SealingKey {
 public:
  static constexpr std::size_t key_bytes = 32;

  /// Reads the file, or makes it with a key from `random`. Errors: security.file_unusable, also for one that others can read.
  static Result<SealingKey> read_or_make(const std::filesystem::path& file, Random& random);

  /// AES-256-GCM (NIST SP 800-38D) under a random nonce, as base64url text. `purpose` must be given again to open it, so that
  /// what is sealed for one place cannot be put into another.
  std::string seal(std::string_view plain, std::string_view purpose, Random& random) const;
  /// Errors: security.not_sealed_here for what another key, another purpose or nobody sealed.
  Result<std::string> open(std::string_view sealed, std::string_view purpose) const;
  /// A keyed digest (HMAC-SHA-256): equal for equal texts, and no help in guessing them without the key.
  Sha256 digest(std::string_view text, std::string_view purpose) const;

 private:
  using Key = std::array<unsigned char, key_bytes>;
  explicit SealingKey(const Key& key) : key_(key) {}

  Key key_;
};

}  // namespace seamline::security
