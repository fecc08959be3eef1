#include "security/sealing_key.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <memory>
#include <span>

#include "base/assert.hpp"
#include "security/base64url.hpp"
#include "security/private_file.hpp"

namespace seamline::security {
namespace {

constexpr ErrorCode file_unusable{"security.file_unusable", Kind::unavailable};
constexpr ErrorCode not_sealed_here{"security.not_sealed_here", Kind::unavailable};
constexpr std::size_t nonce_bytes = 12;
constexpr std::size_t tag_bytes = 16;

struct FreeContext {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, FreeContext>;

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* bytes_of(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }
int length_of(std::string_view text) { return static_cast<int>(text.size()); }

std::string draw(Random& random, std::size_t count) {
  std::string bytes(count, '\0');
  random.fill(std::as_writable_bytes(std::span(bytes)));
  return bytes;
}

Sha256 hmac(std::string_view key, std::string_view text) {
  Sha256 digest{};
  unsigned int length = 0;
  const bool done =
      HMAC(EVP_sha256(), key.data(), length_of(key), bytes_of(text), text.size(), digest.data(), &length) != nullptr;
  SEAMLINE_ASSERT(done && length == digest.size());
  return digest;
}

}  // namespace

Result<SealingKey> SealingKey::read_or_make(const std::filesystem::path& file, Random& random) {
  auto content = read_private_file(file);
  if (!content) return fail(std::move(content.error()));
  if (!*content) {
    *content = base64url_encode(draw(random, key_bytes)) + "\n";
    if (auto written = write_private_file(file, **content); !written) return fail(std::move(written.error()));
  }
  std::string_view text = **content;
  if (text.ends_with('\n')) text.remove_suffix(1);
  const auto bytes = base64url_decode(text);
  if (!bytes || bytes->size() != key_bytes) {
    return fail(file_unusable, "The file " + file.string() + " holds no key; put the right file back from a backup.");
  }
  Key key{};
  std::copy(bytes->begin(), bytes->end(), key.begin());
  return SealingKey(key);
}

std::string SealingKey::seal(std::string_view plain, std::string_view purpose, Random& random) const {
  const std::string nonce = draw(random, nonce_bytes);
  std::string cipher(plain.size(), '\0');
  std::string tag(tag_bytes, '\0');
  const CipherContext context(EVP_CIPHER_CTX_new());
  int length = 0;
  const bool done = context && EVP_EncryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, key_.data(), bytes_of(nonce)) == 1 &&
                    EVP_EncryptUpdate(context.get(), nullptr, &length, bytes_of(purpose), length_of(purpose)) == 1 &&
                    EVP_EncryptUpdate(context.get(), bytes_of(cipher), &length, bytes_of(plain), length_of(plain)) == 1 &&
                    EVP_EncryptFinal_ex(context.get(), bytes_of(tag), &length) == 1 &&
                    EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, static_cast<int>(tag_bytes), tag.data()) == 1;
  SEAMLINE_ASSERT(done);
  return base64url_encode(nonce + cipher + tag);
}

Result<std::string> SealingKey::open(std::string_view sealed, std::string_view purpose) const {
  const auto refusal = fail(not_sealed_here, "What is kept sealed was not sealed with this key.");
  const auto bytes = base64url_decode(sealed);
  if (!bytes || bytes->size() < nonce_bytes + tag_bytes) return refusal;
  const std::string_view all = *bytes;
  const std::string_view nonce = all.substr(0, nonce_bytes);
  const std::string_view cipher = all.substr(nonce_bytes, all.size() - nonce_bytes - tag_bytes);
  std::string tag(all.substr(all.size() - tag_bytes));
  std::string plain(cipher.size(), '\0');
  std::string rest(tag_bytes, '\0');
  const CipherContext context(EVP_CIPHER_CTX_new());
  int length = 0;
  const bool done = context && EVP_DecryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, key_.data(), bytes_of(nonce)) == 1 &&
                    EVP_DecryptUpdate(context.get(), nullptr, &length, bytes_of(purpose), length_of(purpose)) == 1 &&
                    EVP_DecryptUpdate(context.get(), bytes_of(plain), &length, bytes_of(cipher), length_of(cipher)) == 1 &&
                    EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, static_cast<int>(tag_bytes), tag.data()) == 1 &&
                    EVP_DecryptFinal_ex(context.get(), bytes_of(rest), &length) == 1;
  if (!done) return refusal;
  return plain;
}

Sha256 SealingKey::digest(std::string_view text, std::string_view purpose) const {
  // A key of its own for each purpose, derived from the one that encrypts.
  const Sha256 derived = hmac({reinterpret_cast<const char*>(key_.data()), key_.size()}, purpose);
  return hmac(as_bytes(derived), text);
}

}  // namespace seamline::security
