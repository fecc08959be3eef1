#include "security/constant_time.hpp"

#include <openssl/crypto.h>

#include "base/hash.hpp"

namespace seamline::security {

bool are_equal_secrets(std::string_view one, std::string_view other) {
  const Sha256 first = sha256(one);
  const Sha256 second = sha256(other);
  return CRYPTO_memcmp(first.data(), second.data(), first.size()) == 0;
}

}  // namespace seamline::security
