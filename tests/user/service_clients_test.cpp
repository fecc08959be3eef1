#include "base/json.hpp"
#include "host/module_spec.hpp"
#include "http/dispatcher.hpp"
#include "security/base64url.hpp"
#include "security/service_trust.hpp"
#include "support/catch.hpp"
#include "user_host.hpp"

using namespace seamline;
using test::UserHost;

namespace {

constexpr const char* service_secret = "0123456789abcdef0123456789abcdef";

user::Settings with_services() {
  auto settings = UserHost::cheap();
  settings.service_secret.text = service_secret;
  settings.service_names = {"gateway", "order"};
  return settings;
}

struct Services {
  explicit Services(user::Settings settings = with_services()) : host(std::move(settings)) {}
  UserHost host;

  Result<user::Tokens> ask(const std::string& client, const std::string& secret, const std::string& audience) {
    user::IssueTokens operation;
    operation.grant_type = "client_credentials";
    operation.client_id = client;
    operation.client_secret = Secret{secret};
    operation.audience = audience;
    return host.users->call({}, operation);
  }
  std::string refusal(const std::string& client, const std::string& secret, const std::string& audience) {
    const auto answer = ask(client, secret, audience);
    return answer ? "" : answer.error().code;
  }
  json::Value claims_of(const user::Tokens& tokens) const {
    const std::string& token = tokens.access_token.text;
    const auto first = token.find('.');
    return json::parse(*security::base64url_decode(token.substr(first + 1, token.rfind('.') - first - 1))).value();
  }
};

/// The token endpoint with a dispatcher before it.
struct Endpoint : Services {
  security::OpenAuthenticator authenticator;
  IdSource ids{host.clock, Random::system()};
  http::Dispatcher dispatcher{host.host->routes(), {}, authenticator, host.clock, ids, {}};

  http::Response post(const std::string& body, const std::string& authorization = "") {
    http::Request request{"POST", "/oauth/token", "", {}, body};
    request.headers.add("Content-Type", "application/x-www-form-urlencoded");
    if (!authorization.empty()) request.headers.add("Authorization", authorization);
    return dispatcher.handle(request);
  }
};

std::string error_of(const http::Response& response) {
  const auto body = json::parse(response.body).value();
  const json::Value* error = body.find("error");
  return error == nullptr ? "" : error->text;
}

}  // namespace

TEST_CASE("a service gets a token that says who it is and whom it may call, for five minutes, and no session") {
  Services services;
  const auto tokens = services.ask("gateway", service_secret, "order");
  REQUIRE(tokens.has_value());
  CHECK(tokens->token_type == "Bearer");
  CHECK(tokens->expires_in_s == 300);
  CHECK_FALSE(tokens->refresh_token.has_value());
  const auto claims = services.claims_of(*tokens);
  CHECK(claims.find("iss")->text == "https://seamline.local");
  CHECK(claims.find("sub")->text == "gateway");
  CHECK(claims.find("client_id")->text == "gateway");
  CHECK(claims.find("aud")->text == "order");
  CHECK(claims.find("role")->text == "service");
  CHECK(claims.find("exp")->integer - claims.find("iat")->integer == 300);
  CHECK(services.host.count("SELECT count(*) FROM sessions") == 0);
}

TEST_CASE("the longest life that can be configured is one that services believe") {
  auto settings = with_services();
  settings.service_token_life_s = security::max_service_token_life_s;
  Services services(settings);
  const auto tokens = services.ask("gateway", service_secret, "order").value();
  const auto get_keys = [&]() -> Result<std::string> { return encode(services.host.users->call({}, user::GetKeys{}).value()); };
  security::BearerAuthenticator users({}, get_keys, services.host.clock);
  security::TokenTrust trust(security::service_token_policy(settings.token_issuer, "order"), users, services.host.clock);
  CHECK(trust.check("Bearer " + tokens.access_token.text, {}, Access::internal).value() == "gateway");
  std::int64_t most = 0;
  for_each_field<user::Settings>([&](const auto& field) {
    if (std::string_view(field.name) == "service_token_life_s") most = field.limits.most;
  });
  CHECK(most == security::max_service_token_life_s);
}

TEST_CASE("a wrong secret and an unknown service get the same answer") {
  Services services;
  const auto wrong = services.ask("gateway", "wrong", "order");
  REQUIRE_FALSE(wrong.has_value());
  CHECK(wrong.error().code == "oauth.invalid_client");
  CHECK(wrong.error() == services.ask("nobody", service_secret, "order").error());
  CHECK(wrong.error() == services.ask("nobody", "wrong", "nobody").error());
  CHECK(services.refusal("gateway", std::string(service_secret) + "x", "order") == "oauth.invalid_client");
  CHECK(services.refusal("Gateway", service_secret, "order") == "oauth.invalid_client");
}

TEST_CASE("a token is for a service of the shop, and whoever asks names it") {
  Services services;
  CHECK(services.refusal("gateway", service_secret, "nobody") == "oauth.invalid_target");
  CHECK(services.refusal("gateway", service_secret, "seamline") == "oauth.invalid_target");
  CHECK(services.refusal("gateway", service_secret, "") == "oauth.invalid_request");
  CHECK(services.refusal("", service_secret, "order") == "oauth.invalid_request");
  CHECK(services.refusal("gateway", "", "order") == "oauth.invalid_request");
  CHECK(services.refusal("order", service_secret, "order").empty());
}

TEST_CASE("without a secret there are no service tokens, whatever is sent as one") {
  auto settings = with_services();
  settings.service_secret.text = "";
  Services services(settings);
  for (const char* secret : {"", "x", service_secret}) {
    CHECK(services.refusal("gateway", secret, "order") == "oauth.unauthorized_client");
  }
}

TEST_CASE("a secret that is too short to be one stops the start, and says what to do") {
  auto settings = with_services();
  settings.service_secret.text = std::string(31, 's');
  UserHost host;
  host.stop();
  host.settings = settings;
  const auto started = host.start();
  REQUIRE_FALSE(started.has_value());
  CHECK(started.error().detail.find("32 bytes") != std::string::npos);
}

TEST_CASE("failed tries under a service's name are throttled, and do not keep the service itself out") {
  Services services;
  for (int i = 0; i < 10; ++i) CHECK(services.refusal("gateway", "guess", "order") == "oauth.invalid_client");
  const auto refused = services.ask("gateway", "guess", "order");
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == "oauth.slow_down");
  CHECK(refused.error().retry_after_ms == 900'000);
  CHECK(services.refusal("order", "guess", "order") == "oauth.invalid_client");
  CHECK(services.ask("gateway", service_secret, "order").has_value());
}

TEST_CASE("who fails as a user under a service's name does not use up the service's tries, nor the other way round") {
  Services services;
  for (int i = 0; i < 11; ++i) (void)services.host.log_in("gateway", "guess");
  CHECK(services.host.log_in("gateway", "guess").error().code == "oauth.slow_down");
  CHECK(services.refusal("gateway", "guess", "order") == "oauth.invalid_client");
}

TEST_CASE("a service's secret stands neither in the store nor in an answer") {
  Endpoint endpoint;
  const auto response =
      endpoint.post("grant_type=client_credentials&client_id=nobody&audience=order&client_secret=" + std::string(service_secret));
  CHECK(response.status == 401);
  CHECK(response.body.find(service_secret) == std::string::npos);
  CHECK(endpoint.host.stored_bytes().find(service_secret) == std::string::npos);
}

TEST_CASE("the endpoint takes a service's credentials from the form, or by HTTP Basic") {
  Endpoint endpoint;
  const std::string secret = service_secret;
  const auto by_form = endpoint.post("grant_type=client_credentials&client_id=gateway&audience=order&client_secret=" +
                                     std::string(service_secret));
  CHECK(by_form.status == 200);
  CHECK(by_form.headers.get("Cache-Control") == "no-store");
  // gateway:0123456789abcdef0123456789abcdef
  const std::string basic = "Basic Z2F0ZXdheTowMTIzNDU2Nzg5YWJjZGVmMDEyMzQ1Njc4OWFiY2RlZg==";
  CHECK(endpoint.post("grant_type=client_credentials&audience=order", basic).status == 200);
  CHECK(endpoint.post("grant_type=client_credentials&audience=order&client_id=gateway", basic).status == 200);
  CHECK(error_of(endpoint.post("grant_type=client_credentials&audience=order&client_id=order", basic)) == "invalid_request");
  CHECK(error_of(endpoint.post("grant_type=client_credentials&audience=order&client_secret=" + secret, basic)) ==
        "invalid_request");
}

TEST_CASE("a client that fails is answered 401 with the challenge of HTTP Basic, as RFC 6749 says") {
  Endpoint endpoint;
  const auto response = endpoint.post("grant_type=client_credentials&audience=order", "Basic Z2F0ZXdheTp3cm9uZw==");
  CHECK(response.status == 401);
  CHECK(response.headers.get("WWW-Authenticate") == "Basic realm=\"seamline\"");
  CHECK(error_of(response) == "invalid_client");
  CHECK(error_of(endpoint.post("grant_type=client_credentials&audience=order")) == "invalid_request");
  CHECK(error_of(endpoint.post("grant_type=client_credentials&client_id=gateway&audience=nobody&client_secret=" +
                               std::string(service_secret))) == "invalid_target");
  CHECK(error_of(endpoint.post("grant_type=client_credentials&client_id=gateway&audience=order&scope=all&client_secret=" +
                               std::string(service_secret))) == "invalid_scope");
}
