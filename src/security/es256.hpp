#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct evp_pkey_st;

/// ES256: ECDSA over P-256 with SHA-256 (RFC 7518, section 3.4). By OpenSSL; its headers stay in es256.cpp.
namespace seamline::security {

inline constexpr std::size_t coordinate_bytes = 32;
inline constexpr std::size_t signature_bytes = 64;

/// Checks signatures. Immutable and cheap to copy; thread-safe.
class PublicKey {
 public:
  /// `x` and `y` are big-endian, of 32 bytes each. Empty where they are no point of the curve.
  static std::optional<PublicKey> from_coordinates(std::string_view x, std::string_view y);

  /// `signature` is r and s, of 32 bytes each. False for anything that is no valid signature.
  bool verify(std::string_view message, std::string_view signature) const;
  const std::string& x() const { return x_; }
  const std::string& y() const { return y_; }

 private:
  PublicKey(std::shared_ptr<evp_pkey_st> key, std::string_view x, std::string_view y) : key_(std::move(key)), x_(x), y_(y) {}

  std::shared_ptr<evp_pkey_st> key_;
  std::string x_;
  std::string y_;
};

/// Makes signatures. Immutable and cheap to copy; thread-safe.
class SigningKey {
 public:
  /// A new key, and each signature's nonce, come from OpenSSL's own generator: a seeded one would give the key away.
  static SigningKey generate();
  /// What der() gave. Empty where it is no private key of this curve.
  static std::optional<SigningKey> from_der(std::string_view der);

  /// r and s, of 32 bytes each, left-padded.
  std::string sign(std::string_view message) const;
  PublicKey public_key() const;
  /// The private key itself (RFC 5915): for a sealed store, never for a log or an answer.
  std::string der() const;

 private:
  explicit SigningKey(std::shared_ptr<evp_pkey_st> key) : key_(std::move(key)) {}

  std::shared_ptr<evp_pkey_st> key_;
};

}  // namespace seamline::security
