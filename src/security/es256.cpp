#include "security/es256.hpp"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>

#include "base/assert.hpp"

namespace seamline::security {
namespace {

constexpr const char* curve = "prime256v1";

template <auto Free>
struct FreeBy {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using DigestContext = std::unique_ptr<EVP_MD_CTX, FreeBy<EVP_MD_CTX_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, FreeBy<EVP_PKEY_CTX_free>>;
using Number = std::unique_ptr<BIGNUM, FreeBy<BN_free>>;
using Signature = std::unique_ptr<ECDSA_SIG, FreeBy<ECDSA_SIG_free>>;

/// OpenSSL queues what went wrong for the thread; what nobody reads must not be taken for a later call's failure.
struct ErrorQueue {
  ErrorQueue() = default;
  ~ErrorQueue() { ERR_clear_error(); }
  ErrorQueue(const ErrorQueue&) = delete;
  ErrorQueue& operator=(const ErrorQueue&) = delete;
};

std::shared_ptr<EVP_PKEY> shared(EVP_PKEY* key) { return {key, EVP_PKEY_free}; }

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* bytes_of(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

std::string padded(const BIGNUM* number) {
  std::string bytes(coordinate_bytes, '\0');
  const int written = BN_bn2binpad(number, bytes_of(bytes), static_cast<int>(bytes.size()));
  SEAMLINE_ASSERT(written == static_cast<int>(bytes.size()));
  return bytes;
}

std::string coordinate(const EVP_PKEY* key, const char* name) {
  BIGNUM* raw = nullptr;
  const bool found = EVP_PKEY_get_bn_param(key, name, &raw) == 1;
  SEAMLINE_ASSERT(found);
  const Number number(raw);
  return padded(number.get());
}

/// From r and s as JOSE has them to the DER that OpenSSL reads. Empty where that cannot be.
std::string der_signature(std::string_view raw) {
  const Signature signature(ECDSA_SIG_new());
  Number r(BN_bin2bn(bytes_of(raw), static_cast<int>(coordinate_bytes), nullptr));
  Number s(BN_bin2bn(bytes_of(raw.substr(coordinate_bytes)), static_cast<int>(coordinate_bytes), nullptr));
  if (!signature || !r || !s || ECDSA_SIG_set0(signature.get(), r.get(), s.get()) != 1) return {};
  (void)r.release();
  (void)s.release();
  unsigned char* der = nullptr;
  const int length = i2d_ECDSA_SIG(signature.get(), &der);
  if (length <= 0) return {};
  std::string text(reinterpret_cast<const char*>(der), static_cast<std::size_t>(length));
  OPENSSL_free(der);
  return text;
}

}  // namespace

std::optional<PublicKey> PublicKey::from_coordinates(std::string_view x, std::string_view y) {
  if (x.size() != coordinate_bytes || y.size() != coordinate_bytes) return std::nullopt;
  const ErrorQueue errors;
  // SEC 1, section 2.3.3: an uncompressed point.
  std::string point("\x04");
  point.append(x).append(y);
  std::string group(curve);
  const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group.data(), group.size()),
                                   OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()),
                                   OSSL_PARAM_construct_end()};
  const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
  EVP_PKEY* key = nullptr;
  if (!context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, const_cast<OSSL_PARAM*>(parameters)) != 1) {
    return std::nullopt;
  }
  return PublicKey(shared(key), x, y);
}

bool PublicKey::verify(std::string_view message, std::string_view signature) const {
  if (signature.size() != signature_bytes) return false;
  const ErrorQueue errors;
  const std::string der = der_signature(signature);
  const DigestContext context(EVP_MD_CTX_new());
  return context && !der.empty() && EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get()) == 1 &&
         EVP_DigestVerify(context.get(), bytes_of(std::string_view(der)), der.size(), bytes_of(message), message.size()) == 1;
}

SigningKey SigningKey::generate() {
  EVP_PKEY* key = EVP_EC_gen(curve);
  SEAMLINE_ASSERT(key != nullptr);
  return SigningKey(shared(key));
}

std::optional<SigningKey> SigningKey::from_der(std::string_view der) {
  const ErrorQueue errors;
  const unsigned char* at = bytes_of(der);
  EVP_PKEY* key = d2i_PrivateKey(EVP_PKEY_EC, nullptr, &at, static_cast<long>(der.size()));
  if (key == nullptr) return std::nullopt;
  SigningKey signing(shared(key));
  char group[64] = {};
  std::size_t length = 0;
  if (EVP_PKEY_get_group_name(key, group, sizeof group, &length) != 1) return std::nullopt;
  if (std::string_view(group, length) != curve) return std::nullopt;
  return signing;
}

std::string SigningKey::der() const {
  unsigned char* der = nullptr;
  const int length = i2d_PrivateKey(key_.get(), &der);
  SEAMLINE_ASSERT(length > 0);
  std::string text(reinterpret_cast<const char*>(der), static_cast<std::size_t>(length));
  OPENSSL_clear_free(der, static_cast<std::size_t>(length));
  return text;
}

PublicKey SigningKey::public_key() const {
  const auto key = PublicKey::from_coordinates(coordinate(key_.get(), OSSL_PKEY_PARAM_EC_PUB_X),
                                               coordinate(key_.get(), OSSL_PKEY_PARAM_EC_PUB_Y));
  SEAMLINE_ASSERT(key.has_value());
  return *key;
}

std::string SigningKey::sign(std::string_view message) const {
  const ErrorQueue errors;
  const DigestContext context(EVP_MD_CTX_new());
  std::size_t length = 128;
  std::string der(length, '\0');
  const bool signed_it = context && EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get()) == 1 &&
                         EVP_DigestSign(context.get(), bytes_of(der), &length, bytes_of(message), message.size()) == 1;
  SEAMLINE_ASSERT(signed_it);
  const unsigned char* at = bytes_of(std::string_view(der));
  const Signature signature(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(length)));
  SEAMLINE_ASSERT(signature != nullptr);
  return padded(ECDSA_SIG_get0_r(signature.get())) + padded(ECDSA_SIG_get0_s(signature.get()));
}

}  // namespace seamline::security
