#include "http/headers.hpp"
#include "security/service_tokens.hpp"
#include "security/service_trust.hpp"
#include "support/catch.hpp"
#include "user_host.hpp"

using namespace seamline;
using test::UserHost;

namespace {

user::Settings with_services() {
  auto settings = UserHost::cheap();
  settings.service_secret.text = "0123456789abcdef0123456789abcdef";
  settings.service_names = {"gateway", "order"};
  return settings;
}

/// A user logs in; the gateway checks their token and calls order, elsewhere, for them. Gateway and order know the user module by
/// its port alone, and what goes between the two is headers.
struct Chain {
  UserHost host{with_services()};
  bool user_is_away = false;
  security::BearerAuthenticator door{{}, [this] { return keys(); }, host.clock};
  security::ServiceTokens tokens{[this](std::string_view audience) { return ask(audience); }, host.clock};
  security::BearerAuthenticator users_at_order{{}, [this] { return keys(); }, host.clock};
  security::TokenTrust order{security::service_token_policy(host.settings.token_issuer, "order"), users_at_order, host.clock};

  Result<std::string> keys() {
    if (user_is_away) return fail(ErrorCode{"call.unavailable", Kind::unavailable}, "user is away");
    const auto set = host.users->call({}, user::GetKeys{});
    if (!set) return fail(set.error());
    return encode(*set);
  }
  Result<security::ServiceToken> ask(std::string_view audience) {
    user::IssueTokens operation;
    operation.grant_type = "client_credentials";
    operation.client_id = "gateway";
    operation.client_secret = host.settings.service_secret;
    operation.audience = std::string(audience);
    const auto answer = host.users->call({}, operation);
    if (!answer) return fail(answer.error());
    return security::ServiceToken{answer->access_token.text, answer->expires_in_s};
  }
  std::string log_in(const std::string& email) {
    REQUIRE(host.register_user(email).has_value());
    return host.log_in(email).value().access_token.text;
  }
  /// What the gateway makes of a customer's request.
  Result<CallContext> enter(const std::string& token) {
    auto caller = door.authenticate("Bearer " + token);
    if (!caller) return fail(caller.error());
    CallContext context;
    context.caller = *caller;
    context.caller_token = token;
    return context;
  }
  /// What order makes of the gateway's call: the caller whom it believes.
  Result<Caller> call_order(const CallContext& context) {
    const http::Headers sent = http::write_context(context, host.clock);
    const auto service_token = tokens.token_for("order");
    if (!service_token) return fail(service_token.error());
    const auto claimed = http::read_context(sent, http::Peer::service, host.clock);
    if (!claimed) return fail(claimed.error());
    const auto peer = order.check("Bearer " + *service_token, *claimed, Access::owner);
    if (!peer) return fail(peer.error());
    CHECK(*peer == "gateway");
    return claimed->caller;
  }
};

}  // namespace

TEST_CASE("a user whom the gateway knows is the same user at a service elsewhere, and so is an admin") {
  Chain chain;
  const auto ada = chain.enter(chain.log_in("ada@example.org")).value();
  const auto caller = chain.call_order(ada);
  REQUIRE(caller.has_value());
  CHECK(caller->role == Role::user);
  CHECK(caller->subject == ada.caller.subject);
  const auto admin_token = chain.host.log_in("admin@seamline.local", UserHost::admin_password).value().access_token.text;
  const auto admin = chain.call_order(chain.enter(admin_token).value());
  REQUIRE(admin.has_value());
  CHECK(admin->role == Role::admin);
}

TEST_CASE("a gateway that names another user or a higher role than the token does is not believed") {
  Chain chain;
  const auto ada = chain.enter(chain.log_in("ada@example.org")).value();
  const auto bob = chain.enter(chain.log_in("bob@example.org")).value();
  auto as_bob = ada;
  as_bob.caller.subject = bob.caller.subject;
  CHECK(chain.call_order(as_bob).error().code == "request.untrusted_service");
  auto as_admin = ada;
  as_admin.caller.role = Role::admin;
  CHECK(chain.call_order(as_admin).error().code == "request.untrusted_service");
  auto without = ada;
  without.caller_token = "";
  CHECK(chain.call_order(without).error().code == "request.untrusted_service");
}

TEST_CASE("a token that ends between the gateway and the service is refused as the gateway would have done") {
  Chain chain;
  const std::string token = chain.log_in("ada@example.org");
  const auto ada = chain.enter(token).value();
  chain.host.clock.advance_ms((900 + 60) * 1000);
  const auto refused = chain.call_order(ada);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == "request.invalid_token");
  CHECK(refused.error() == chain.enter(token).error());
}

TEST_CASE("the chain outlives a restart of the user module, and its absence while the tokens are valid") {
  Chain chain;
  const auto ada = chain.enter(chain.log_in("ada@example.org")).value();
  REQUIRE(chain.call_order(ada).has_value());
  chain.host.stop();
  REQUIRE(chain.host.start().has_value());
  chain.host.clock.advance_ms(250'000);
  CHECK(chain.call_order(ada).has_value());
  chain.user_is_away = true;
  chain.host.clock.advance_ms(100'000);
  CHECK(chain.call_order(ada).has_value());
}

TEST_CASE("a service that has another secret gets no token, and says that the shop is unavailable") {
  Chain chain;
  const auto ada = chain.enter(chain.log_in("ada@example.org")).value();
  chain.host.settings.service_secret.text = "another secret of 32 bytes, or so";
  const auto refused = chain.call_order(ada);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == "request.no_service_token");
  CHECK(refused.error().kind == Kind::unavailable);
  CHECK(refused.error().detail.find("secret is wrong") != std::string::npos);
}
