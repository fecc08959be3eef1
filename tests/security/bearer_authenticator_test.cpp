#include "security/bearer_authenticator.hpp"

#include <atomic>
#include <thread>
#include <vector>

#include "security/base64url.hpp"
#include "support/catch.hpp"
#include "support/manual_clock.hpp"

using namespace seamline;
using namespace seamline::security;

namespace {

struct World {
  test::ManualClock clock;
  SigningKey key = SigningKey::generate();
  std::string key_id = thumbprint(key.public_key());
  bool issuer_is_away = false;
  bool key_is_withdrawn = false;
  BearerAuthenticator authenticator{TokenPolicy{}, [this] { return key_set(); }, clock, 64};

  Result<std::string> key_set() const {
    if (issuer_is_away) return fail(ErrorCode{"call.unavailable", Kind::unavailable}, "away");
    if (key_is_withdrawn) return R"({"keys":[]})";
    const PublicKey shown = key.public_key();
    return R"({"keys":[{"kty":"EC","crv":"P-256","x":")" + base64url_encode(shown.x()) + R"(","y":")" +
           base64url_encode(shown.y()) + R"(","kid":")" + key_id + R"("}]})";
  }
  std::string token(const std::string& role = "user", const std::string& subject = "u1") const {
    const std::int64_t now_s = clock.now().ms / 1000;
    return sign_access_token({"https://seamline.local", "seamline", subject, "c", role, "j", now_s, now_s + 900}, key, key_id);
  }
};

Sha256 digest(int number) { return sha256(std::to_string(number)); }

}  // namespace

TEST_CASE("no header is the anonymous caller") {
  World world;
  const auto caller = world.authenticator.authenticate("");
  REQUIRE(caller.has_value());
  CHECK(caller->role == Role::anonymous);
  CHECK(caller->subject.empty());
}

TEST_CASE("a bearer token tells who calls, whatever the case of the scheme") {
  World world;
  for (const char* scheme : {"Bearer ", "bearer ", "BEARER "}) {
    const auto caller = world.authenticator.authenticate(scheme + world.token());
    REQUIRE(caller.has_value());
    CHECK(caller->role == Role::user);
    CHECK(caller->subject == "u1");
  }
  CHECK(world.authenticator.authenticate("Bearer " + world.token("admin")).value().role == Role::admin);
}

TEST_CASE("a role that users do not have is refused: a user's token is never a service's") {
  World world;
  for (const char* role : {"service", "anonymous", "root", "Admin"}) {
    const auto caller = world.authenticator.authenticate("Bearer " + world.token(role));
    REQUIRE_FALSE(caller.has_value());
    CHECK(caller.error().code == "request.invalid_token");
  }
}

TEST_CASE("another scheme and a header without a token are refused") {
  World world;
  for (const std::string& header :
       {std::string("Basic YTpi"), std::string("Bearer"), std::string("Bearer "), std::string("Bearer  x"), world.token(),
        "Bearer" + world.token(), "Bearer " + std::string(9000, 'a')}) {
    const auto caller = world.authenticator.authenticate(header);
    REQUIRE_FALSE(caller.has_value());
    CHECK(caller.error().code == "request.invalid_token");
    CHECK(caller.error().kind == Kind::unauthenticated);
  }
}

TEST_CASE("a token that was verified once is not verified again until it expires, and then is refused") {
  World world;
  const std::string header = "Bearer " + world.token();
  REQUIRE(world.authenticator.authenticate(header).has_value());
  // Verifying needs the key, and at this age the keys are fetched again: that a token of the withdrawn key passes shows that it
  // is not verified.
  world.key_is_withdrawn = true;
  world.clock.advance_ms((900 + 59) * 1000);
  CHECK(world.authenticator.authenticate(header).value().subject == "u1");
  CHECK_FALSE(world.authenticator.authenticate("Bearer " + world.token()).has_value());
  world.clock.advance_ms(1000);
  const auto late = world.authenticator.authenticate(header);
  REQUIRE_FALSE(late.has_value());
  CHECK(late.error().code == "request.invalid_token");
}

TEST_CASE("a refused token is not remembered as a good one") {
  World world;
  std::string forged = world.token();
  forged[forged.size() - 10] = forged[forged.size() - 10] == 'A' ? 'B' : 'A';
  for (int i = 0; i < 3; ++i) CHECK_FALSE(world.authenticator.authenticate("Bearer " + forged).has_value());
  CHECK(world.authenticator.authenticate("Bearer " + world.token()).has_value());
}

TEST_CASE("without the issuer's keys nobody is refused for good: it is unavailable") {
  World world;
  world.issuer_is_away = true;
  const auto caller = world.authenticator.authenticate("Bearer " + world.token());
  REQUIRE_FALSE(caller.has_value());
  CHECK(caller.error().kind == Kind::unavailable);
}

TEST_CASE("verified tokens are bounded, and expired ones make room first") {
  VerifiedTokens tokens(160);
  for (int i = 0; i < 10'000; ++i) tokens.add(digest(i), {Role::user, "u"}, 100, 0);
  CHECK(tokens.size() <= 176);
  CHECK(tokens.size() > 100);
  tokens.add(digest(-1), {Role::user, "fresh"}, 1000, 200);
  for (int i = 0; i < 10'000; ++i) CHECK_FALSE(tokens.find(digest(i), 200).has_value());
  CHECK(tokens.find(digest(-1), 200)->subject == "fresh");
  CHECK(tokens.size() == 1);
}

TEST_CASE("many threads authenticate at once") {
  World world;
  std::vector<std::string> headers;
  for (int i = 0; i < 20; ++i) headers.push_back("Bearer " + world.token("user", "u" + std::to_string(i)));
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int round = 0; round < 50; ++round) {
        for (std::size_t i = 0; i < headers.size(); ++i) {
          const auto caller = world.authenticator.authenticate(headers[i]);
          if (!caller || caller->subject != "u" + std::to_string(i)) ++wrong;
        }
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(wrong == 0);
}
