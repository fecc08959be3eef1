#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <sys/stat.h>

#include <algorithm>

#include "base/json.hpp"
#include "security/sealing_key.hpp"
#include "support/catch.hpp"
#include "user_host.hpp"

using namespace seamline;
using test::UserHost;

namespace {

/// OpenSSL's own base64, so that nothing of ours is trusted to check ours.
std::string decode_base64url(std::string text) {
  std::replace(text.begin(), text.end(), '-', '+');
  std::replace(text.begin(), text.end(), '_', '/');
  const std::size_t padding = (4 - text.size() % 4) % 4;
  text.append(padding, '=');
  std::string bytes(text.size(), '\0');
  const int length = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                     reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  REQUIRE(length >= 0);
  bytes.resize(static_cast<std::size_t>(length) - padding);
  return bytes;
}

/// Checks an ES256 token with a JWK by OpenSSL's calls alone.
bool openssl_verifies(const std::string& token, const user::PublicJwk& jwk) {
  std::string point = "\x04" + decode_base64url(jwk.x) + decode_base64url(jwk.y);
  char group[] = "P-256";
  OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
                             OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()),
                             OSSL_PARAM_construct_end()};
  EVP_PKEY_CTX* making = EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr);
  EVP_PKEY* key = nullptr;
  REQUIRE(EVP_PKEY_fromdata_init(making) == 1);
  REQUIRE(EVP_PKEY_fromdata(making, &key, EVP_PKEY_PUBLIC_KEY, parameters) == 1);
  EVP_PKEY_CTX_free(making);

  const std::string raw = decode_base64url(token.substr(token.rfind('.') + 1));
  REQUIRE(raw.size() == 64);
  const auto* bytes = reinterpret_cast<const unsigned char*>(raw.data());
  ECDSA_SIG* signature = ECDSA_SIG_new();
  ECDSA_SIG_set0(signature, BN_bin2bn(bytes, 32, nullptr), BN_bin2bn(bytes + 32, 32, nullptr));
  unsigned char* der = nullptr;
  const int der_length = i2d_ECDSA_SIG(signature, &der);
  ECDSA_SIG_free(signature);

  const std::string text = token.substr(0, token.rfind('.'));
  EVP_MD_CTX* checking = EVP_MD_CTX_new();
  const bool holds = EVP_DigestVerifyInit(checking, nullptr, EVP_sha256(), nullptr, key) == 1 &&
                     EVP_DigestVerify(checking, der, static_cast<std::size_t>(der_length),
                                      reinterpret_cast<const unsigned char*>(text.data()), text.size()) == 1;
  OPENSSL_free(der);
  EVP_MD_CTX_free(checking);
  EVP_PKEY_free(key);
  return holds;
}

}  // namespace

TEST_CASE("a token verifies by OpenSSL alone with the published key, and carries what RFC 9068 demands") {
  UserHost host;
  const auto ada = host.register_user("ada@example.org").value();
  const auto tokens = host.log_in("ada@example.org", UserHost::password, "phone").value();
  const auto keys = host.users->call({}, user::GetKeys{}).value().keys;
  REQUIRE(keys.size() == 1);
  CHECK(keys[0].kty == "EC");
  CHECK(keys[0].crv == "P-256");
  CHECK(keys[0].alg == "ES256");
  CHECK(keys[0].use == "sig");
  CHECK(decode_base64url(keys[0].x).size() == 32);
  CHECK(decode_base64url(keys[0].y).size() == 32);
  const std::string& token = tokens.access_token.text;
  CHECK(openssl_verifies(token, keys[0]));
  CHECK_FALSE(openssl_verifies("x" + token, keys[0]));

  const auto first = token.find('.');
  const auto header = json::parse(decode_base64url(token.substr(0, first))).value();
  CHECK(header.find("alg")->text == "ES256");
  CHECK(header.find("typ")->text == "at+jwt");
  CHECK(header.find("kid")->text == keys[0].kid);
  const auto claims = json::parse(decode_base64url(token.substr(first + 1, token.rfind('.') - first - 1))).value();
  CHECK(claims.find("iss")->text == host.settings.token_issuer);
  CHECK(claims.find("aud")->text == host.settings.token_audience);
  CHECK(claims.find("sub")->text == ada.id.text);
  CHECK(claims.find("client_id")->text == "phone");
  CHECK(claims.find("role")->text == "user");
  CHECK_FALSE(claims.find("jti")->text.empty());
  CHECK(claims.find("iat")->integer == host.clock.now().ms / 1000);
  CHECK(claims.find("exp")->integer == host.clock.now().ms / 1000 + 900);
  CHECK(claims.find("exp")->is(json::Type::integer));
}

TEST_CASE("two tokens of one moment differ in their jti") {
  UserHost host;
  REQUIRE(host.register_user("ada@example.org").has_value());
  CHECK(host.log_in("ada@example.org")->access_token.text != host.log_in("ada@example.org")->access_token.text);
}

TEST_CASE("the signing key is the same after a restart, and another in another store") {
  UserHost host;
  const auto before = host.users->call({}, user::GetKeys{}).value().keys;
  host.stop();
  REQUIRE(host.start().has_value());
  const auto after = host.users->call({}, user::GetKeys{}).value().keys;
  REQUIRE(after.size() == 1);
  CHECK(before[0].kid == after[0].kid);
  CHECK(before[0].x == after[0].x);
  UserHost other;
  CHECK(other.users->call({}, user::GetKeys{}).value().keys[0].kid != before[0].kid);
}

TEST_CASE("the signing key does not stand in the store but sealed", "[sqlite]") {
  UserHost host;
  const auto [key_id, sealed] = host.host->store_of("user").read([](store::View& view) {
    auto row = view.rows().query("SELECT key_id, sealed_private_key FROM signing_keys");
    row.next();
    return std::pair{std::string(row.text(0)), std::string(row.text(1))};
  });
  const auto sealing = security::SealingKey::read_or_make(host.folder.path() / "user" / "sealing-key", Random::system()).value();
  const std::string der = sealing.open(sealed, "user.signing_key." + key_id).value();
  // RFC 5915: the private key is the octet string behind the version.
  const std::string private_key = der.substr(7, 32);
  const std::string bytes = host.stored_bytes();
  CHECK(bytes.find(sealed) != std::string::npos);
  CHECK(bytes.find(private_key) == std::string::npos);
  CHECK(bytes.find(der) == std::string::npos);
}

TEST_CASE("a key file that others can read stops the start, and says so") {
  UserHost host;
  host.stop();
  const auto file = host.folder.path() / "user" / "sealing-key";
  struct stat status{};
  REQUIRE(::stat(file.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777U) == 0600U);
  REQUIRE(::chmod(file.c_str(), 0644) == 0);
  const auto refused = host.start();
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == "module.cannot_start");
  CHECK(refused.error().detail.find("sealing-key") != std::string::npos);
  CHECK(refused.error().detail.find("chmod 600") != std::string::npos);
  REQUIRE(::chmod(file.c_str(), 0600) == 0);
  CHECK(host.start().has_value());
}

TEST_CASE("a store whose key file is gone does not start with a new key behind everybody's back") {
  UserHost host;
  host.stop();
  const auto file = host.folder.path() / "user" / "sealing-key";
  const auto kept = host.folder.path() / "kept";
  std::filesystem::rename(file, kept);
  const auto refused = host.start();
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == "module.cannot_start");
  CHECK(refused.error().detail.find("Put that file back") != std::string::npos);
  std::filesystem::rename(kept, file);
  CHECK(host.start().has_value());
}
