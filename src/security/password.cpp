#include "security/password.hpp"

#include <argon2.h>

#include <array>
#include <optional>

#include "base/assert.hpp"

namespace seamline::security {
namespace {

constexpr ErrorCode busy{"security.busy", Kind::unavailable};
constexpr std::size_t salt_bytes = 16;
constexpr std::size_t hash_bytes = 32;
constexpr std::uint32_t lanes = 1;

}  // namespace

/// One of the places in which a hash may be computed.
class PasswordHasher::Slot {
 public:
  explicit Slot(PasswordHasher& hasher) : hasher_(hasher) {
    std::unique_lock lock(hasher_.mutex_);
    if (hasher_.running_ >= hasher_.limits_.at_once && hasher_.waiting_ >= hasher_.limits_.waiting) return;
    ++hasher_.waiting_;
    hasher_.freed_.wait(lock, [this] { return hasher_.running_ < hasher_.limits_.at_once; });
    --hasher_.waiting_;
    ++hasher_.running_;
    is_held_ = true;
  }
  ~Slot() {
    if (!is_held_) return;
    const std::lock_guard lock(hasher_.mutex_);
    --hasher_.running_;
    hasher_.freed_.notify_one();
  }
  Slot(const Slot&) = delete;
  Slot& operator=(const Slot&) = delete;

  bool is_held() const { return is_held_; }
  static tl::unexpected<Error> refusal() {
    auto refused = fail(busy, "Too many passwords are being checked; try again in a moment.");
    refused.value().retryable = true;
    refused.value().retry_after_ms = 1000;
    return refused;
  }

 private:
  PasswordHasher& hasher_;
  bool is_held_ = false;
};

Result<std::string> PasswordHasher::hash(const std::string& password) {
  const Slot slot(*this);
  if (!slot.is_held()) return Slot::refusal();
  std::array<std::byte, salt_bytes> salt{};
  random_.fill(salt);
  std::string encoded(argon2_encodedlen(cost_.passes, cost_.memory_kib, lanes, salt_bytes, hash_bytes, Argon2_id), '\0');
  const int code = argon2id_hash_encoded(cost_.passes, cost_.memory_kib, lanes, password.data(), password.size(), salt.data(),
                                         salt.size(), hash_bytes, encoded.data(), encoded.size());
  SEAMLINE_ASSERT(code == ARGON2_OK);
  encoded.resize(encoded.find('\0'));
  return encoded;
}

Result<bool> PasswordHasher::verify(const std::string& password, const std::string& hash) {
  const Slot slot(*this);
  if (!slot.is_held()) return Slot::refusal();
  return argon2id_verify(hash.c_str(), password.data(), password.size()) == ARGON2_OK;
}

std::string PasswordHasher::prefix() const {
  return "$argon2id$v=19$m=" + std::to_string(cost_.memory_kib) + ",t=" + std::to_string(cost_.passes) +
         ",p=" + std::to_string(lanes) + "$";
}

std::string PasswordHasher::decoy() const {
  // Base64 of 16 and of 32 bytes, as the PHC string format writes salt and hash. No password is known to give 32 zero bytes.
  return prefix() + std::string(22, 'A') + "$" + std::string(43, 'A');
}

bool PasswordHasher::is_outdated(std::string_view hash) const { return !hash.starts_with(prefix()); }

}  // namespace seamline::security
