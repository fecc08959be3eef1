#include "security/public_keys.hpp"

#include <atomic>
#include <thread>
#include <vector>

#include "security/base64url.hpp"
#include "support/catch.hpp"
#include "support/manual_clock.hpp"

using namespace seamline;
using namespace seamline::security;

namespace {

std::string jwk(const SigningKey& key, const std::string& extra = R"(,"use":"sig","alg":"ES256")") {
  const PublicKey shown = key.public_key();
  return R"({"kty":"EC","crv":"P-256","x":")" + base64url_encode(shown.x()) + R"(","y":")" + base64url_encode(shown.y()) +
         R"(","kid":")" + thumbprint(shown) + "\"" + extra + "}";
}
std::string jwk_set(const std::vector<std::string>& keys) {
  std::string text = R"({"keys":[)";
  for (std::size_t i = 0; i < keys.size(); ++i) text += (i == 0 ? "" : ",") + keys[i];
  return text + "]}";
}
std::string id_of(const SigningKey& key) { return thumbprint(key.public_key()); }

/// An issuer that counts how often it is asked.
struct Issuer {
  std::string text;
  bool is_away = false;
  std::atomic<int> asked{0};

  FetchedKeys::Source source() {
    return [this]() -> Result<std::string> {
      ++asked;
      if (is_away) return fail(ErrorCode{"call.unavailable", Kind::unavailable}, "away");
      return text;
    };
  }
};

}  // namespace

TEST_CASE("the thumbprint of a key is that of RFC 7638 over its members in order") {
  // RFC 7517, appendix A.1: the EC key of the example; its thumbprint was computed with Python's hashlib.
  const auto key = PublicKey::from_coordinates(*base64url_decode("MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4"),
                                               *base64url_decode("4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"));
  REQUIRE(key.has_value());
  CHECK(thumbprint(*key) == "cn-I_WNMClehiVp51i_0VpOENW1upEerA8sEam5hn-s");
}

TEST_CASE("a signature holds for its message and key alone, and has 64 bytes always") {
  const SigningKey key = SigningKey::generate();
  const SigningKey other = SigningKey::generate();
  for (int i = 0; i < 300; ++i) {
    const std::string message = "message " + std::to_string(i);
    const std::string signature = key.sign(message);
    CHECK(signature.size() == 64);
    CHECK(key.public_key().verify(message, signature));
    CHECK_FALSE(key.public_key().verify(message + " ", signature));
    CHECK_FALSE(other.public_key().verify(message, signature));
  }
}

TEST_CASE("a signing key survives its DER form, and another curve's key does not pass for one") {
  const SigningKey key = SigningKey::generate();
  const auto again = SigningKey::from_der(key.der());
  REQUIRE(again.has_value());
  CHECK(again->public_key().x() == key.public_key().x());
  CHECK(key.public_key().verify("m", again->sign("m")));
  CHECK_FALSE(SigningKey::from_der("").has_value());
  CHECK_FALSE(SigningKey::from_der(key.der().substr(1)).has_value());
}

TEST_CASE("coordinates that are no point of the curve are no key") {
  const PublicKey key = SigningKey::generate().public_key();
  CHECK(PublicKey::from_coordinates(key.x(), key.y()).has_value());
  CHECK_FALSE(PublicKey::from_coordinates(key.y(), key.x()).has_value());
  CHECK_FALSE(PublicKey::from_coordinates(std::string(32, '\0'), std::string(32, '\0')).has_value());
  CHECK_FALSE(PublicKey::from_coordinates(key.x().substr(1), key.y()).has_value());
}

TEST_CASE("a key set is read, and keys of other kinds and uses are skipped") {
  const SigningKey a = SigningKey::generate();
  const SigningKey b = SigningKey::generate();
  const auto keys = parse_key_set(jwk_set({jwk(a), R"({"kty":"RSA","kid":"r","n":"AQAB","e":"AQAB"})", jwk(b, R"(,"use":"enc")"),
                                           R"({"kty":"EC","crv":"P-384","kid":"c","x":"","y":""})", "7"}));
  REQUIRE(keys.has_value());
  CHECK(keys->size() == 1);
  CHECK(keys->count(id_of(a)) == 1);
  CHECK(parse_key_set(jwk_set({jwk(a, ""), jwk(b)}))->size() == 2);
}

TEST_CASE("a broken key set is refused with what is wrong with it") {
  const SigningKey a = SigningKey::generate();
  const std::string twice = jwk_set({jwk(a), jwk(a)});
  const std::string no_id = R"({"keys":[{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}]})";
  const std::string no_point = R"({"keys":[{"kty":"EC","crv":"P-256","kid":"k","x":"AA","y":"AA"}]})";
  for (const auto& [text, why] :
       std::vector<std::pair<std::string, std::string>>{{"", "JSON"},
                                                        {"[]", "list of keys"},
                                                        {R"({"keys":{}})", "list of keys"},
                                                        {twice, "one id"},
                                                        {no_id, "without an id"},
                                                        {no_point, "point of the curve"},
                                                        {jwk_set(std::vector<std::string>(17, "1")), "more than"}}) {
    INFO(text);
    const auto keys = parse_key_set(text);
    REQUIRE_FALSE(keys.has_value());
    CHECK(keys.error().code == "request.keys_unavailable");
    CHECK(keys.error().detail.find(why) != std::string::npos);
  }
}

TEST_CASE("the issuer is asked once, and again for an unknown key after 30 seconds at the earliest") {
  test::ManualClock clock;
  Issuer issuer;
  const SigningKey a = SigningKey::generate();
  const SigningKey b = SigningKey::generate();
  issuer.text = jwk_set({jwk(a)});
  FetchedKeys keys(issuer.source(), clock);
  CHECK(keys.find(id_of(a)).has_value());
  CHECK(keys.find(id_of(a)).has_value());
  CHECK(issuer.asked == 1);

  issuer.text = jwk_set({jwk(a), jwk(b)});
  for (int i = 0; i < 100; ++i) CHECK(keys.find("invented" + std::to_string(i)).error().code == "request.invalid_token");
  CHECK_FALSE(keys.find(id_of(b)).has_value());
  clock.advance_ms(29'999);
  CHECK_FALSE(keys.find(id_of(b)).has_value());
  CHECK(issuer.asked == 1);
  clock.advance_ms(1);
  CHECK(keys.find(id_of(b)).has_value());
  CHECK(issuer.asked == 2);
}

TEST_CASE("keys older than ten minutes are fetched again, and a withdrawn one is gone") {
  test::ManualClock clock;
  Issuer issuer;
  const SigningKey a = SigningKey::generate();
  issuer.text = jwk_set({jwk(a)});
  FetchedKeys keys(issuer.source(), clock);
  CHECK(keys.find(id_of(a)).has_value());
  issuer.text = jwk_set({});
  clock.advance_ms(599'999);
  CHECK(keys.find(id_of(a)).has_value());
  clock.advance_ms(1);
  CHECK_FALSE(keys.find(id_of(a)).has_value());
}

TEST_CASE("while the issuer is away known keys go on, unknown ones are unavailable, and it is asked once a second") {
  test::ManualClock clock;
  Issuer issuer;
  issuer.is_away = true;
  const SigningKey a = SigningKey::generate();
  FetchedKeys keys(issuer.source(), clock);
  for (int i = 0; i < 10; ++i) {
    const auto refused = keys.find(id_of(a));
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code == "request.keys_unavailable");
    CHECK(refused.error().retryable);
  }
  CHECK(issuer.asked == 1);
  issuer.is_away = false;
  issuer.text = jwk_set({jwk(a)});
  clock.advance_ms(1'000);
  CHECK(keys.find(id_of(a)).has_value());
  issuer.is_away = true;
  clock.advance_ms(700'000);
  CHECK(keys.find(id_of(a)).has_value());
  CHECK(keys.find("other").error().code == "request.keys_unavailable");
}

TEST_CASE("many threads that miss a key ask the issuer once") {
  test::ManualClock clock;
  Issuer issuer;
  const SigningKey a = SigningKey::generate();
  issuer.text = jwk_set({jwk(a)});
  std::atomic<int> arrived{0};
  // The issuer answers when all are there, so that all but one of them wait for it.
  FetchedKeys keys(
      [&, answer = issuer.source()] {
        while (arrived.load() < 8) std::this_thread::yield();
        for (int i = 0; i < 1000; ++i) std::this_thread::yield();
        return answer();
      },
      clock);
  std::atomic<int> found{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      ++arrived;
      for (int k = 0; k < 100; ++k) found += keys.find(id_of(a)).has_value() ? 1 : 0;
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(found == 800);
  CHECK(issuer.asked == 1);
}
