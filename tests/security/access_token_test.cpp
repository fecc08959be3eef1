#include "security/access_token.hpp"

#include <openssl/hmac.h>

#include "security/base64url.hpp"
#include "support/catch.hpp"

using namespace seamline;
using namespace seamline::security;

namespace {

constexpr Timestamp now{1'790'000'000'000};
constexpr std::int64_t now_s = now.ms / 1000;

/// Two keys that are known to the verifier, and one that is not.
struct Keys final : PublicKeys {
  SigningKey ours = SigningKey::generate();
  SigningKey foreign = SigningKey::generate();
  std::string id = thumbprint(ours.public_key());

  Result<PublicKey> find(std::string_view key_id) override {
    if (key_id == id) return ours.public_key();
    return fail(invalid_token, "unknown key");
  }
};

/// A token as an attacker or a foreign issuer would write it: header and claims are texts.
struct Draft {
  std::string header;
  std::string claims;

  std::string signed_by(const SigningKey& key) const {
    const std::string text = base64url_encode(header) + "." + base64url_encode(claims);
    return text + "." + base64url_encode(key.sign(text));
  }
};

struct World {
  Keys keys;
  TokenVerifier verifier{TokenPolicy{}, keys};

  std::string header() const { return R"({"typ":"at+jwt","alg":"ES256","kid":")" + keys.id + R"("})"; }
  static std::string claims() {
    return R"({"iss":"https://seamline.local","aud":"seamline","sub":"u1","client_id":"c","role":"user","jti":"j","iat":)" +
           std::to_string(now_s) + R"(,"exp":)" + std::to_string(now_s + 900) + "}";
  }
  /// The good claims with one text replaced by another.
  static std::string claims_with(const std::string& what, const std::string& instead) {
    std::string text = claims();
    text.replace(text.find(what), what.size(), instead);
    return text;
  }
  std::string header_with(const std::string& what, const std::string& instead) const {
    std::string text = header();
    text.replace(text.find(what), what.size(), instead);
    return text;
  }
  Result<AccessClaims> verify(const Draft& draft) const { return verifier.verify(draft.signed_by(keys.ours), now); }
  void refuses(const Draft& draft, std::string_view why) const { refuses(draft.signed_by(keys.ours), why); }
  void refuses(const std::string& token, std::string_view why) const {
    INFO(token);
    const auto claims = verifier.verify(token, now);
    REQUIRE_FALSE(claims.has_value());
    CHECK(claims.error().code == "request.invalid_token");
    CHECK(claims.error().kind == Kind::unauthenticated);
    CHECK(claims.error().detail.find(why) != std::string::npos);
  }
};

}  // namespace

TEST_CASE("a signed token is read back as it was said, with whole seconds") {
  const World world;
  AccessClaims said{"https://seamline.local", "seamline", "u1", "c", "admin", "j", now_s, now_s + 900};
  const std::string token = sign_access_token(said, world.keys.ours, world.keys.id);
  const auto read = world.verifier.verify(token, now);
  REQUIRE(read.has_value());
  CHECK(read->subject == "u1");
  CHECK(read->role == "admin");
  CHECK(read->client_id == "c");
  CHECK(read->expires_at_s == now_s + 900);
  const auto payload = base64url_decode(token.substr(token.find('.') + 1, token.rfind('.') - token.find('.') - 1));
  CHECK(payload->find("\"exp\":" + std::to_string(now_s + 900) + "}") != std::string::npos);
  CHECK(base64url_decode(token.substr(0, token.find('.'))) == world.header());
}

TEST_CASE("the draft that the refusals below start from is accepted") {
  const World world;
  CHECK(world.verify({world.header(), World::claims()}).has_value());
  CHECK(world.verify({world.header_with("at+jwt", "application/at+jwt"), World::claims()}).has_value());
  CHECK(world.verify({world.header(), World::claims_with("\"seamline\"", R"(["other","seamline"])")}).has_value());
}

TEST_CASE("a token without a signature, or whose header asks for none, is refused") {
  const World world;
  for (const char* none : {"none", "None", "nOnE", "NONE", ""}) {
    const Draft draft{world.header_with("ES256", none), World::claims()};
    world.refuses(draft, "ES256");
    world.refuses(base64url_encode(draft.header) + "." + base64url_encode(draft.claims) + ".", "ES256");
  }
  world.refuses(base64url_encode(world.header()) + "." + base64url_encode(World::claims()) + ".", "signature");
}

TEST_CASE("a token that takes the public key for an HMAC secret is refused") {
  const World world;
  const Draft draft{world.header_with("ES256", "HS256"), World::claims()};
  const std::string text = base64url_encode(draft.header) + "." + base64url_encode(draft.claims);
  const std::string secret = world.keys.ours.public_key().x() + world.keys.ours.public_key().y();
  std::string mac(32, '\0');
  unsigned int length = 0;
  HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()), reinterpret_cast<const unsigned char*>(text.data()),
       text.size(), reinterpret_cast<unsigned char*>(mac.data()), &length);
  world.refuses(text + "." + base64url_encode(mac), "ES256");
}

TEST_CASE("another algorithm is refused although the signature holds") {
  const World world;
  for (const char* algorithm : {"ES384", "RS256", "EdDSA", "es256"}) {
    world.refuses(Draft{world.header_with("ES256", algorithm), World::claims()}, "ES256");
  }
}

TEST_CASE("a token of another key is refused, under its own id and under ours") {
  const World world;
  const Draft draft{world.header(), World::claims()};
  world.refuses(draft.signed_by(world.keys.foreign), "signature");
  world.refuses(Draft{world.header_with(world.keys.id, "other"), World::claims()}.signed_by(world.keys.foreign), "unknown key");
  world.refuses(Draft{world.header_with(world.keys.id, ""), World::claims()}, "names no key");
  world.refuses(Draft{world.header_with(world.keys.id, std::string(65, 'k')), World::claims()}, "names no key");
  world.refuses(Draft{R"({"typ":"at+jwt","alg":"ES256"})", World::claims()}, "names no key");
  world.refuses(Draft{R"({"typ":"at+jwt","alg":"ES256","kid":7})", World::claims()}, "names no key");
}

TEST_CASE("a changed claim or a changed signature is refused") {
  const World world;
  const std::string token = Draft{world.header(), World::claims()}.signed_by(world.keys.ours);
  const Draft forged{world.header(), World::claims_with("\"user\"", "\"admin\"")};
  world.refuses(base64url_encode(forged.header) + "." + base64url_encode(forged.claims) + token.substr(token.rfind('.')),
                "signature");
  const std::string head = token.substr(0, token.rfind('.') + 1);
  const std::string signature = *base64url_decode(token.substr(token.rfind('.') + 1));
  world.refuses(head + base64url_encode(signature.substr(0, 63)), "signature");
  world.refuses(head + base64url_encode(signature + "x"), "signature");
  world.refuses(head + base64url_encode(std::string(64, '\0')), "signature");
  world.refuses(head + base64url_encode(signature.substr(32) + signature.substr(0, 32)), "signature");
}

TEST_CASE("another type of token is refused: an ID token is no access token") {
  const World world;
  for (const char* type : {"JWT", "id_token", "", "at+jwt;x"}) {
    world.refuses(Draft{world.header_with("at+jwt", type), World::claims()}, "type");
  }
  world.refuses(Draft{R"({"alg":"ES256","kid":")" + world.keys.id + "\"}", World::claims()}, "type");
}

TEST_CASE("headers that bring a key along or change the signature's meaning are refused") {
  const World world;
  for (const char* extra : {R"("crit":["exp"])", R"("b64":false)", R"("jwk":{})", R"("jku":"http://evil")",
                            R"("x5u":"http://evil")", R"("x5c":[])", R"("zip":"DEF")"}) {
    world.refuses(Draft{world.header_with("{", std::string("{") + extra + ","), World::claims()}, "which is not read here");
  }
}

TEST_CASE("a member that stands twice is refused, in the header and in the claims") {
  const World world;
  world.refuses(Draft{world.header_with("{", R"({"alg":"none",)"), World::claims()}, "header");
  world.refuses(Draft{world.header(), World::claims_with("{", R"({"sub":"admin",)")}, "claims");
}

TEST_CASE("a token of another shape is refused") {
  const World world;
  const std::string token = Draft{world.header(), World::claims()}.signed_by(world.keys.ours);
  const std::string signature = token.substr(token.rfind('.'));
  world.refuses("", "three parts");
  world.refuses("abc", "three parts");
  world.refuses("..", "header");
  world.refuses(token + ".", "three parts");
  world.refuses(token + signature, "three parts");
  world.refuses(token.substr(0, token.rfind('.')), "three parts");
  world.refuses(token + "=", "canonical");
  world.refuses(" " + token, "canonical");
  world.refuses(token + " ", "canonical");
  world.refuses(token + "\n", "canonical");
  // Of the last character of 64 bytes two bits count and four do not: with one of these set the bytes would stay the same.
  std::string stray = token;
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  stray.back() = alphabet[alphabet.find(stray.back()) + 1];
  world.refuses(stray, "canonical");
  world.refuses(Draft{world.header(), "[]"}, "claims");
  world.refuses(Draft{world.header(), "{"}, "claims");
  world.refuses(Draft{"7", World::claims()}, "header");
  world.refuses(Draft{world.header(), World::claims_with("{", R"({"a":[[[[[[1]]]]]],)")}, "claims");
}

TEST_CASE("a token of more than 8 KiB is refused unread, one a little smaller is read") {
  const World world;
  world.refuses(Draft{world.header(), World::claims_with("\"j\"", "\"" + std::string(8000, 'j') + "\"")}, "8 KiB");
  CHECK(world.verify({world.header(), World::claims_with("\"j\"", "\"" + std::string(5000, 'j') + "\"")}).has_value());
}

TEST_CASE("another issuer or audience is refused") {
  const World world;
  world.refuses(Draft{world.header(), World::claims_with("https://seamline.local", "https://seamline.local/")}, "issuer");
  world.refuses(Draft{world.header(), World::claims_with(R"("iss":"https://seamline.local",)", "")}, "issuer");
  world.refuses(Draft{world.header(), World::claims_with("\"seamline\"", "\"seamline2\"")}, "audience");
  world.refuses(Draft{world.header(), World::claims_with("\"seamline\"", "[]")}, "audience");
  world.refuses(Draft{world.header(), World::claims_with("\"seamline\"", R"({"seamline":1})")}, "audience");
  world.refuses(Draft{world.header(), World::claims_with(R"("aud":"seamline",)", "")}, "audience");
}

TEST_CASE("a claim that is missing or of another type is refused") {
  const World world;
  for (const char* claim : {R"("sub":"u1",)", R"("client_id":"c",)", R"("role":"user",)", R"("jti":"j",)"}) {
    world.refuses(Draft{world.header(), World::claims_with(claim, "")}, "lacks one of");
  }
  world.refuses(Draft{world.header(), World::claims_with("\"u1\"", "1")}, "lacks one of");
  world.refuses(Draft{world.header(), World::claims_with("\"u1\"", "\"\"")}, "lacks one of");
  const std::string expiry = std::to_string(now_s + 900);
  for (const char* wrong : {"\"1790000900\"", "1790000900.5", "1.79e9", "-1", "null", "99999999999999999999"}) {
    world.refuses(Draft{world.header(), World::claims_with(expiry, wrong)}, "iat or exp");
  }
  world.refuses(Draft{world.header(), World::claims_with(",\"exp\":" + expiry, "")}, "iat or exp");
}

TEST_CASE("a token holds until a minute after its expiry, and not a second longer") {
  const World world;
  const std::string token = Draft{world.header(), World::claims()}.signed_by(world.keys.ours);
  CHECK(world.verifier.verify(token, {now.ms + (900 + 59) * 1000}).has_value());
  const auto late = world.verifier.verify(token, {now.ms + (900 + 60) * 1000});
  REQUIRE_FALSE(late.has_value());
  CHECK(late.error().detail.find("expired") != std::string::npos);
}

TEST_CASE("a token from the future is refused, but for a minute that clocks may differ") {
  const World world;
  const std::string token = Draft{world.header(), World::claims()}.signed_by(world.keys.ours);
  CHECK(world.verifier.verify(token, {now.ms - 60'000}).has_value());
  CHECK_FALSE(world.verifier.verify(token, {now.ms - 61'000}).has_value());
  const auto with_nbf = [](std::int64_t at_s) { return World::claims_with("{", "{\"nbf\":" + std::to_string(at_s) + ","); };
  CHECK(world.verify({world.header(), with_nbf(now_s + 60)}).has_value());
  world.refuses(Draft{world.header(), with_nbf(now_s + 61)}, "not valid yet");
  world.refuses(Draft{world.header(), World::claims_with("{", R"({"nbf":"soon",)")}, "nbf");
  const auto issued_later = [](std::int64_t at_s) {
    return World::claims_with("\"iat\":" + std::to_string(now_s), "\"nbf\":0,\"iat\":" + std::to_string(at_s));
  };
  CHECK(world.verify({world.header(), issued_later(now_s + 60)}).has_value());
  world.refuses(Draft{world.header(), issued_later(now_s + 61)}, "issued in the future");
}

TEST_CASE("a token that claims to live longer than tokens may is refused") {
  const World world;
  const std::string expiry = std::to_string(now_s + 900);
  world.refuses(Draft{world.header(), World::claims_with(expiry, std::to_string(now_s + 3601))}, "longer");
  world.refuses(Draft{world.header(), World::claims_with(expiry, std::to_string(INT64_MAX))}, "longer");
}

TEST_CASE("whatever bytes come as a token are refused, and break nothing") {
  const World world;
  rc::prop("random texts", [&](const std::string& text) { RC_ASSERT(!world.verifier.verify(text, now).has_value()); });
  const std::string token = Draft{world.header(), World::claims()}.signed_by(world.keys.ours);
  rc::prop("one changed character", [&] {
    std::string changed = token;
    const auto at = *rc::gen::inRange<std::size_t>(0, token.size());
    const auto byte = static_cast<char>(*rc::gen::inRange(0, 256));
    if (changed[at] == byte) return;
    changed[at] = byte;
    RC_ASSERT(!world.verifier.verify(changed, now).has_value());
  });
}
