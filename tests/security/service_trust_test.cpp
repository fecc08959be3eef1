#include "security/service_trust.hpp"

#include <atomic>
#include <thread>
#include <vector>

#include "security/base64url.hpp"
#include "security/constant_time.hpp"
#include "support/catch.hpp"
#include "support/manual_clock.hpp"

using namespace seamline;
using namespace seamline::security;

namespace {

constexpr const char* issuer = "https://seamline.local";

/// The service listener of order, and an issuer whose keys it fetches.
struct World {
  test::ManualClock clock;
  SigningKey key = SigningKey::generate();
  SigningKey foreign_key = SigningKey::generate();
  std::string key_id = thumbprint(key.public_key());
  std::atomic<int> keys_fetched{0};
  bool issuer_is_away = false;
  BearerAuthenticator users{TokenPolicy{}, [this] { return key_set(); }, clock};
  TokenTrust trust{service_token_policy(issuer, "order"), users, clock};

  Result<std::string> key_set() {
    ++keys_fetched;
    if (issuer_is_away) return fail(ErrorCode{"call.unavailable", Kind::unavailable}, "away");
    const PublicKey shown = key.public_key();
    return R"({"keys":[{"kty":"EC","crv":"P-256","x":")" + base64url_encode(shown.x()) + R"(","y":")" +
           base64url_encode(shown.y()) + R"(","kid":")" + key_id + R"("}]})";
  }
  AccessClaims claims(const std::string& audience, const std::string& role, const std::string& subject,
                      std::int64_t life_s) const {
    const std::int64_t now_s = clock.now().ms / 1000;
    return {issuer, audience, subject, subject, role, "j", now_s, now_s + life_s};
  }
  std::string sign(const AccessClaims& said) const { return sign_access_token(said, key, key_id); }
  std::string service_token(const std::string& name = "gateway") const { return sign(claims("order", "service", name, 300)); }
  std::string user_token(const std::string& role = "user", const std::string& subject = "u1") const {
    return sign(claims("seamline", role, subject, 900));
  }
  Result<std::string> check(const std::string& token, const CallContext& claimed, Access access = Access::owner) {
    return trust.check(token.empty() ? "" : "Bearer " + token, claimed, access);
  }
  void refuses(const std::string& token, const CallContext& claimed, std::string_view why, Access access = Access::owner) {
    INFO(token);
    const auto peer = check(token, claimed, access);
    REQUIRE_FALSE(peer.has_value());
    CHECK(peer.error().code == "request.untrusted_service");
    CHECK(peer.error().kind == Kind::unauthenticated);
    CHECK(peer.error().detail.find(why) != std::string::npos);
  }
};

CallContext claim(Role role, const std::string& subject = "", const std::string& caller_token = "") {
  CallContext context;
  context.caller = {role, subject};
  context.caller_token = caller_token;
  return context;
}

}  // namespace

TEST_CASE("a service with its token may call for nobody, and for itself") {
  World world;
  CHECK(world.check(world.service_token(), claim(Role::anonymous)).value() == "gateway");
  CHECK(world.check(world.service_token(), claim(Role::service)).value() == "gateway");
  CHECK(world.check(world.service_token(), claim(Role::service, "gateway"), Access::internal).value() == "gateway");
}

TEST_CASE("a service with its token may call for a user or an admin whose own token it relays") {
  World world;
  for (const Role role : {Role::user, Role::admin}) {
    const std::string name = role == Role::user ? "user" : "admin";
    CHECK(world.check(world.service_token(), claim(role, "u1", world.user_token(name))).value() == "gateway");
  }
}

TEST_CASE("without a service token nothing is believed") {
  World world;
  for (const CallContext& claimed : {claim(Role::anonymous), claim(Role::user, "u1", world.user_token()), claim(Role::service),
                                     claim(Role::admin, "u1", world.user_token("admin"))}) {
    world.refuses("", claimed, "service token for order");
    world.refuses("", claimed, "service token for order", Access::internal);
  }
  for (const std::string& header : {"Basic YTpi" + std::string(), world.service_token(), "Bearer" + world.service_token(),
                                    std::string("Bearer "), "Bearer " + std::string(9000, 'a')}) {
    CHECK(world.trust.check(header, claim(Role::service), Access::internal).error().code == "request.untrusted_service");
  }
}

TEST_CASE("only a call by nobody to what is open to anyone may come without a service token: tokens are fetched so") {
  World world;
  world.issuer_is_away = true;
  CHECK(world.check("", claim(Role::anonymous), Access::anyone).value().empty());
  CHECK(world.check("forged", claim(Role::anonymous), Access::anyone).value().empty());
  CHECK(world.keys_fetched == 0);
  world.refuses("", claim(Role::service), "service token", Access::anyone);
  world.refuses("", claim(Role::user, "u1", world.user_token()), "service token", Access::anyone);
  world.refuses("", claim(Role::anonymous, "u1"), "service token", Access::anyone);
  for (const Access access : {Access::user, Access::owner, Access::admin, Access::service, Access::internal}) {
    world.refuses("", claim(Role::anonymous), "service token", access);
  }
}

TEST_CASE("a service token that is forged, of another audience or issuer, or of no algorithm is refused") {
  World world;
  const auto good = world.claims("order", "service", "gateway", 300);
  const CallContext claimed = claim(Role::service);
  world.refuses(sign_access_token(good, world.foreign_key, world.key_id), claimed, "signature");
  world.refuses(sign_access_token(good, world.foreign_key, "other"), claimed, "not known");
  world.refuses(world.sign(world.claims("payment", "service", "gateway", 300)), claimed, "another audience");
  world.refuses(world.sign(world.claims("seamline", "service", "gateway", 300)), claimed, "another audience");
  auto foreign = good;
  foreign.issuer = "https://elsewhere";
  world.refuses(world.sign(foreign), claimed, "another issuer");
  const std::string token = world.sign(good);
  const std::string payload = token.substr(token.find('.'), token.rfind('.') - token.find('.'));
  world.refuses(base64url_encode(R"({"typ":"at+jwt","alg":"none","kid":")" + world.key_id + "\"}") + payload + ".", claimed,
                "ES256");
  world.refuses("x.y.z", claimed, "not believed");
  CHECK(world.check(token, claimed).has_value());
}

TEST_CASE("a service token ends with its life, and may not say that it lives longer than services' tokens do") {
  World world;
  const std::string token = world.service_token();
  CHECK(world.check(token, claim(Role::service)).has_value());
  world.clock.advance_ms((300 + 59) * 1000);
  CHECK(world.check(token, claim(Role::service)).has_value());
  world.clock.advance_ms(1000);
  world.refuses(token, claim(Role::service), "expired");
  CHECK(world.check(world.sign(world.claims("order", "service", "gateway", 900)), claim(Role::service)).has_value());
  world.refuses(world.sign(world.claims("order", "service", "gateway", 901)), claim(Role::service), "longer");
}

TEST_CASE("a user's token is no service's, even one for this audience") {
  World world;
  for (const char* role : {"user", "admin", "anonymous", "Service"}) {
    world.refuses(world.sign(world.claims("order", role, "u1", 300)), claim(Role::service), "no service's");
  }
  world.refuses(world.user_token("admin"), claim(Role::admin, "u1", world.user_token("admin")), "another audience");
}

TEST_CASE("a service's token is no user's, at the door and as a relayed one") {
  World world;
  const std::string as_user = world.sign(world.claims("seamline", "service", "gateway", 300));
  CHECK(world.users.authenticate("Bearer " + as_user).error().code == "request.invalid_token");
  CHECK(world.users.authenticate("Bearer " + world.service_token()).error().code == "request.invalid_token");
  for (const std::string& relayed : {as_user, world.service_token()}) {
    const auto peer = world.check(world.service_token(), claim(Role::user, "gateway", relayed));
    REQUIRE_FALSE(peer.has_value());
    CHECK(peer.error().code == "request.invalid_token");
  }
}

TEST_CASE("a service may not speak for a user whose token it does not have") {
  World world;
  const std::string token = world.service_token();
  world.refuses(token, claim(Role::user, "u1"), "must relay");
  world.refuses(token, claim(Role::admin, "u1"), "must relay");
  world.refuses(token, claim(Role::admin, ""), "must relay");
  world.refuses(token, claim(Role::user, "u2", world.user_token()), "not the caller's");
  world.refuses(token, claim(Role::user, "", world.user_token()), "not the caller's");
  world.refuses(token, claim(Role::admin, "u1", world.user_token("user")), "not the caller's");
  world.refuses(token, claim(Role::user, "u1", world.user_token("admin")), "not the caller's");
}

TEST_CASE("a service may not call itself by another's name, nor nobody by any") {
  World world;
  world.refuses(world.service_token("payment"), claim(Role::service, "gateway"), "another service's name");
  world.refuses(world.service_token(), claim(Role::anonymous, "u1"), "no subject");
}

TEST_CASE("a relayed token that is forged or has ended on the way is the user's fault, as at the door") {
  World world;
  const std::string token = world.user_token();
  std::string forged = token;
  forged[forged.size() - 10] = forged[forged.size() - 10] == 'A' ? 'B' : 'A';
  CHECK(world.check(world.service_token(), claim(Role::user, "u1", forged)).error().code == "request.invalid_token");
  CHECK(world.check(world.service_token(), claim(Role::user, "u1", token)).has_value());
  world.clock.advance_ms((900 + 60) * 1000);
  const auto late = world.check(world.service_token(), claim(Role::user, "u1", token));
  REQUIRE_FALSE(late.has_value());
  CHECK(late.error() == world.users.authenticate("Bearer " + token).error());
  CHECK(late.error().kind == Kind::unauthenticated);
}

TEST_CASE("without the issuer's keys no service is refused for good: it is unavailable") {
  World world;
  world.issuer_is_away = true;
  const auto peer = world.check(world.service_token(), claim(Role::service));
  REQUIRE_FALSE(peer.has_value());
  CHECK(peer.error().code == "request.keys_unavailable");
  CHECK(peer.error().retryable);
}

TEST_CASE("tokens that were verified once are not verified again, and both kinds share the keys") {
  World world;
  const std::string token = world.sign(world.claims("order", "service", "gateway", 900));
  const CallContext claimed = claim(Role::user, "u1", world.user_token());
  CHECK(world.check(token, claimed).has_value());
  CHECK(world.keys_fetched == 1);
  // At this age whoever verifies fetches the keys again, and gets another: that the old tokens pass shows that they are not
  // verified.
  world.key = SigningKey::generate();
  world.clock.advance_ms(FetchedKeys::max_age_ms);
  CHECK(world.check(token, claimed).has_value());
  CHECK(world.keys_fetched == 1);
  CHECK(world.check(world.service_token(), claimed).has_value());
  CHECK(world.check(token, claimed).has_value());
  CHECK(world.keys_fetched == 2);
}

TEST_CASE("a listener on loopback believes everybody, and knows a service by what it calls itself") {
  LoopbackTrust trust;
  CHECK(trust.check("", claim(Role::admin, "u1"), Access::admin).value().empty());
  CHECK(trust.check("", claim(Role::service, "order"), Access::internal).value() == "order");
}

TEST_CASE("no claim is believed but one that a token proves") {
  World world;
  const std::string peer_token = world.service_token();
  const std::vector<std::string> subjects{"", "u1", "u2", "gateway", "order"};
  const std::vector<std::string> relayed{"",
                                         world.user_token(),
                                         world.user_token("admin"),
                                         world.user_token("user", "u2"),
                                         world.service_token(),
                                         world.user_token("service", "gateway"),
                                         "forged"};
  rc::prop("roles, subjects and relayed tokens in any combination", [&] {
    const auto role = static_cast<Role>(*rc::gen::inRange(0, 4));
    const auto subject = *rc::gen::elementOf(subjects);
    const auto with = *rc::gen::inRange<std::size_t>(0, relayed.size());
    const bool is_proven = (role == Role::anonymous && subject.empty()) ||
                           (role == Role::service && (subject.empty() || subject == "gateway")) ||
                           (role == Role::user && ((subject == "u1" && with == 1) || (subject == "u2" && with == 3))) ||
                           (role == Role::admin && subject == "u1" && with == 2);
    RC_ASSERT(world.check(peer_token, claim(role, subject, relayed[with]), Access::internal).has_value() == is_proven);
  });
}

TEST_CASE("many threads check at once") {
  World world;
  std::vector<std::string> tokens;
  for (int i = 0; i < 10; ++i) tokens.push_back(world.service_token("s" + std::to_string(i)));
  const CallContext claimed = claim(Role::user, "u1", world.user_token());
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int round = 0; round < 50; ++round) {
        for (std::size_t i = 0; i < tokens.size(); ++i) {
          const auto peer = world.trust.check("Bearer " + tokens[i], claimed, Access::owner);
          if (!peer || *peer != "s" + std::to_string(i)) ++wrong;
        }
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(wrong == 0);
}

TEST_CASE("secrets are equal when their texts are, whatever their lengths") {
  CHECK(are_equal_secrets("", ""));
  CHECK(are_equal_secrets("secret", "secret"));
  CHECK_FALSE(are_equal_secrets("secret", "secreT"));
  CHECK_FALSE(are_equal_secrets("secret", "secret2"));
  CHECK_FALSE(are_equal_secrets("secret", std::string_view("secret\0", 7)));
  CHECK_FALSE(are_equal_secrets("", "x"));
}
