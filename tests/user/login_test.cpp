#include "security/bearer_authenticator.hpp"
#include "support/catch.hpp"
#include "user_host.hpp"

using namespace seamline;
using test::UserHost;

namespace {

/// What the gateway does with a token: it knows the module by its port alone.
security::BearerAuthenticator authenticator_of(UserHost& host) {
  return security::BearerAuthenticator(
      {},
      [&host]() -> Result<std::string> {
        const auto keys = host.users->call({}, user::GetKeys{});
        if (!keys) return fail(keys.error());
        return encode(*keys);
      },
      host.clock);
}
Result<Caller> caller_of(UserHost& host, const user::Tokens& tokens) {
  return authenticator_of(host).authenticate("Bearer " + tokens.access_token.text);
}

}  // namespace

TEST_CASE("a login gives tokens that tell who the user is") {
  UserHost host;
  const auto ada = host.register_user("ada@example.org").value();
  const auto tokens = host.log_in("Ada@Example.org");
  REQUIRE(tokens.has_value());
  CHECK(tokens->token_type == "Bearer");
  CHECK(tokens->expires_in_s == 900);
  const auto caller = caller_of(host, *tokens);
  REQUIRE(caller.has_value());
  CHECK(caller->role == Role::user);
  CHECK(caller->subject == ada.id.text);
}

TEST_CASE("an access token holds for its life and not after it, and a refresh gives another") {
  UserHost host;
  REQUIRE(host.register_user("ada@example.org").has_value());
  const auto tokens = host.log_in("ada@example.org").value();
  host.clock.advance_ms((900 + 60) * 1000);
  CHECK(caller_of(host, tokens).error().code == "request.invalid_token");
  const auto refreshed = host.refresh(tokens.refresh_token);
  REQUIRE(refreshed.has_value());
  CHECK(refreshed->access_token.text != tokens.access_token.text);
  CHECK(refreshed->refresh_token->text != tokens.refresh_token->text);
  CHECK(caller_of(host, *refreshed).has_value());
}

TEST_CASE("a wrong password and an unknown user get the same answer") {
  UserHost host;
  REQUIRE(host.register_user("ada@example.org").has_value());
  const auto wrong = host.log_in("ada@example.org", "not the one");
  const auto unknown = host.log_in("eve@example.org", "not the one");
  const auto no_address = host.log_in("eve", "not the one");
  REQUIRE_FALSE(wrong.has_value());
  CHECK(wrong.error().code == "oauth.invalid_grant");
  CHECK(wrong.error() == unknown.error());
  CHECK(wrong.error() == no_address.error());
  CHECK(host.count("SELECT count(*) FROM sessions") == 0);
}

TEST_CASE("parameters that are missing or empty are named, other grants are not supported") {
  UserHost host;
  const auto issue = [&](const user::IssueTokens& operation) { return host.users->call({}, operation).error().code; };
  CHECK(issue({"password", std::nullopt, Secret{"x"}, {}, {}, {}}) == "oauth.invalid_request");
  CHECK(issue({"password", "ada@example.org", std::nullopt, {}, {}, {}}) == "oauth.invalid_request");
  CHECK(issue({"password", "ada@example.org", Secret{""}, {}, {}, {}}) == "oauth.invalid_request");
  CHECK(issue({"refresh_token", {}, {}, {}, {}, {}}) == "oauth.invalid_request");
  CHECK(issue({"implicit", {}, {}, {}, {}, {}}) == "oauth.unsupported_grant_type");
  CHECK(issue({"Password", {}, {}, {}, {}, {}}) == "oauth.unsupported_grant_type");
  CHECK(issue({"password", "ada@example.org", Secret{"x"}, {}, {}, "admin"}) == "oauth.invalid_scope");
}

TEST_CASE("a refresh token works once, its second use ends the session, for the thief and the client alike") {
  UserHost host;
  REQUIRE(host.register_user("ada@example.org").has_value());
  const auto first = host.log_in("ada@example.org").value();
  const auto second = host.refresh(first.refresh_token).value();
  const auto third = host.refresh(second.refresh_token).value();
  CHECK(host.refresh(first.refresh_token).error().code == "oauth.invalid_grant");
  CHECK(host.refresh(third.refresh_token).error().code == "oauth.invalid_grant");
  CHECK(host.count("SELECT count(*) FROM sessions") == 0);
}

TEST_CASE("a reused refresh token ends its own session and no other") {
  UserHost host;
  REQUIRE(host.register_user("ada@example.org").has_value());
  const auto phone = host.log_in("ada@example.org").value();
  const auto laptop = host.log_in("ada@example.org").value();
  REQUIRE(host.refresh(phone.refresh_token).has_value());
  CHECK_FALSE(host.refresh(phone.refresh_token).has_value());
  CHECK(host.refresh(laptop.refresh_token).has_value());
}

TEST_CASE("a refresh token that nobody issued is refused, and ends nothing") {
  UserHost host;
  REQUIRE(host.register_user("ada@example.org").has_value());
  const auto tokens = host.log_in("ada@example.org").value();
  const std::string& good = tokens.refresh_token->text;
  for (const std::string& bad : {std::string("x"), good + "x", good.substr(1), std::string(66, 'A'),
                                 std::string(22, 'A') + good.substr(22), tokens.access_token.text}) {
    CHECK(host.refresh(Secret{bad}).error().code == "oauth.invalid_grant");
  }
  CHECK(host.refresh(tokens.refresh_token).has_value());
}

TEST_CASE("a refresh token is the client's that got it") {
  UserHost host;
  REQUIRE(host.register_user("ada@example.org").has_value());
  const auto tokens = host.log_in("ada@example.org", UserHost::password, "phone").value();
  CHECK(host.refresh(tokens.refresh_token).error().code == "oauth.invalid_grant");
  CHECK(host.refresh(tokens.refresh_token, "laptop").error().code == "oauth.invalid_grant");
  CHECK(host.refresh(tokens.refresh_token, "phone").has_value());
}

TEST_CASE("a session ends when it is not refreshed in time, and each refresh gives it its whole life again") {
  auto settings = UserHost::cheap();
  settings.refresh_life_s = 1000;
  UserHost host(settings);
  REQUIRE(host.register_user("ada@example.org").has_value());
  auto tokens = host.log_in("ada@example.org").value();
  for (int i = 0; i < 3; ++i) {
    host.clock.advance_ms(999'999);
    tokens = host.refresh(tokens.refresh_token).value();
  }
  host.clock.advance_ms(1'000'000);
  CHECK(host.refresh(tokens.refresh_token).error().code == "oauth.invalid_grant");
}

TEST_CASE("a user has a bounded number of sessions, of which the oldest makes room, and expired ones are removed") {
  auto settings = UserHost::cheap();
  settings.sessions_per_user = 2;
  settings.refresh_life_s = 1000;
  UserHost host(settings);
  REQUIRE(host.register_user("ada@example.org").has_value());
  REQUIRE(host.register_user("bob@example.org").has_value());
  const auto bobs = host.log_in("bob@example.org").value();
  std::vector<user::Tokens> all;
  for (int i = 0; i < 3; ++i) {
    host.clock.advance_ms(1);
    all.push_back(host.log_in("ada@example.org").value());
  }
  CHECK_FALSE(host.refresh(all[0].refresh_token).has_value());
  CHECK(host.refresh(all[1].refresh_token).has_value());
  CHECK(host.refresh(all[2].refresh_token).has_value());
  CHECK(host.refresh(bobs.refresh_token).has_value());
  CHECK(host.count("SELECT count(*) FROM sessions") == 3);
  host.clock.advance_ms(1'000'000);
  REQUIRE(host.log_in("bob@example.org").has_value());
  CHECK(host.count("SELECT count(*) FROM sessions") == 1);
}

TEST_CASE("sessions and signing keys survive a restart") {
  UserHost host;
  REQUIRE(host.register_user("ada@example.org").has_value());
  const auto tokens = host.log_in("ada@example.org").value();
  host.stop();
  REQUIRE(host.start().has_value());
  CHECK(caller_of(host, tokens).has_value());
  CHECK(host.refresh(tokens.refresh_token).has_value());
}

TEST_CASE("no refresh token stands in the store", "[sqlite]") {
  UserHost host;
  REQUIRE(host.register_user("ada@example.org").has_value());
  const auto tokens = host.log_in("ada@example.org").value();
  const std::string bytes = host.stored_bytes();
  CHECK(bytes.find(tokens.refresh_token->text.substr(0, 22)) != std::string::npos);
  CHECK(bytes.find(tokens.refresh_token->text.substr(23)) == std::string::npos);
}

TEST_CASE("a login renews a hash of yesterday's cost") {
  UserHost host;
  REQUIRE(host.register_user("ada@example.org").has_value());
  host.stop();
  host.settings.password_passes = 2;
  REQUIRE(host.start().has_value());
  CHECK_FALSE(host.log_in("ada@example.org", "not the one").has_value());
  CHECK(host.count("SELECT count(*) FROM users WHERE password_hash LIKE '%t=2%'") == 0);
  REQUIRE(host.log_in("ada@example.org").has_value());
  CHECK(host.count("SELECT count(*) FROM users WHERE password_hash LIKE '%t=2%'") == 1);
  CHECK(host.log_in("ada@example.org").has_value());
}

TEST_CASE("after ten failed logins an account is refused for a while, right password or wrong, and others are not") {
  UserHost host;
  REQUIRE(host.register_user("ada@example.org").has_value());
  REQUIRE(host.register_user("bob@example.org").has_value());
  const auto open = host.log_in("ada@example.org").value();
  for (int i = 0; i < 10; ++i) CHECK(host.log_in("Ada@example.org", "guess").error().code == "oauth.invalid_grant");
  host.clock.advance_ms(100'000);
  for (const char* password : {"guess", UserHost::password}) {
    const auto refused = host.log_in("ada@example.org", password);
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code == "oauth.slow_down");
    CHECK(refused.error().kind == Kind::limited);
    CHECK(refused.error().retry_after_ms == 800'000);
  }
  CHECK(host.log_in("bob@example.org").has_value());
  CHECK(host.refresh(open.refresh_token).has_value());
  host.clock.advance_ms(800'000);
  CHECK(host.log_in("ada@example.org").has_value());
}

TEST_CASE("an account that does not exist is refused like any other, so that a refusal does not tell") {
  UserHost host;
  for (int i = 0; i < 10; ++i) CHECK(host.log_in("eve@example.org", "guess").error().code == "oauth.invalid_grant");
  CHECK(host.log_in("eve@example.org", "guess").error().code == "oauth.slow_down");
}
