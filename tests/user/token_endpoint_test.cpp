#include "base/json.hpp"
#include "http/dispatcher.hpp"
#include "security/bearer_authenticator.hpp"
#include "support/catch.hpp"
#include "user_host.hpp"

using namespace seamline;
using test::UserHost;

namespace {

/// The module behind a dispatcher with authentication on, as a gateway has it, without a socket.
struct Gateway {
  UserHost host;
  IdSource ids{host.clock, Random::system()};
  security::BearerAuthenticator authenticator{{},
                                              [this]() -> Result<std::string> {
                                                const auto keys = host.users->call({}, user::GetKeys{});
                                                if (!keys) return fail(keys.error());
                                                return encode(*keys);
                                              },
                                              host.clock};
  http::Dispatcher dispatcher{host.host->routes(), {}, authenticator, host.clock, ids, {}};

  http::Response post_form(const std::string& body, const std::string& authorization = "") {
    http::Request request{"POST", "/oauth/token", "", {}, body};
    request.headers.add("Content-Type", "application/x-www-form-urlencoded");
    if (!authorization.empty()) request.headers.add("Authorization", authorization);
    return dispatcher.handle(request);
  }
  http::Response get(const std::string& path, const std::string& authorization = "") {
    http::Request request{"GET", path, "", {}, ""};
    if (!authorization.empty()) request.headers.add("Authorization", authorization);
    return dispatcher.handle(request);
  }
};

std::string member(const http::Response& response, const char* name) {
  const auto body = json::parse(response.body);
  REQUIRE(body.has_value());
  const json::Value* value = body->find(name);
  REQUIRE(value != nullptr);
  return value->text;
}

constexpr const char* ada_logs_in = "grant_type=password&username=ada%40example.org&password=long+enough";

}  // namespace

TEST_CASE("the token endpoint answers as RFC 6749 says, and nobody may keep its answer") {
  Gateway gateway;
  REQUIRE(gateway.host.register_user("ada@example.org").has_value());
  const auto response = gateway.post_form(ada_logs_in);
  CHECK(response.status == 200);
  CHECK(response.headers.get("Cache-Control") == "no-store");
  CHECK(response.headers.get("Content-Type") == "application/json");
  const auto body = json::parse(response.body).value();
  CHECK(body.find("token_type")->text == "Bearer");
  CHECK(body.find("expires_in")->integer == 900);
  CHECK(body.items.size() == 4);
  const auto again = gateway.post_form("grant_type=refresh_token&refresh_token=" + member(response, "refresh_token"));
  CHECK(again.status == 200);
}

TEST_CASE("a token from the endpoint opens what is the user's, and nothing else") {
  Gateway gateway;
  const auto ada = gateway.host.register_user("ada@example.org").value();
  const auto bob = gateway.host.register_user("bob@example.org").value();
  const std::string bearer = "Bearer " + member(gateway.post_form(ada_logs_in), "access_token");
  CHECK(gateway.get("/users/" + ada.id.text, bearer).status == 200);
  CHECK(gateway.get("/users/" + bob.id.text, bearer).status == 404);
  const auto anonymous = gateway.get("/users/" + ada.id.text);
  CHECK(anonymous.status == 401);
  CHECK(anonymous.headers.get("WWW-Authenticate") == "Bearer");
  const auto broken = gateway.get("/users/" + ada.id.text, bearer + "x");
  CHECK(broken.status == 401);
  CHECK(broken.headers.get("WWW-Authenticate") == "Bearer error=\"invalid_token\"");
  CHECK(member(broken, "code") == "request.invalid_token");
}

TEST_CASE("the administrator's token sees every user") {
  Gateway gateway;
  const auto ada = gateway.host.register_user("ada@example.org").value();
  const auto response = gateway.post_form("grant_type=password&username=admin@seamline.local&password=the+admin's+secret");
  REQUIRE(response.status == 200);
  CHECK(gateway.get("/users/" + ada.id.text, "Bearer " + member(response, "access_token")).status == 200);
}

TEST_CASE("every refusal of the endpoint has OAuth's form and stays a problem that can be looked up") {
  Gateway gateway;
  const std::pair<const char*, const char*> cases[] = {
      {"grant_type=password&username=ada%40example.org&password=wrong+one", "invalid_grant"},
      {"grant_type=refresh_token&refresh_token=x", "invalid_grant"},
      {"grant_type=implicit", "unsupported_grant_type"},
      {"grant_type=password&username=a&password=b&scope=admin", "invalid_scope"},
      {"grant_type=password", "invalid_request"},
      {"grant_type=password&username=&password=", "invalid_request"},
      {"", "invalid_request"},
      {"username=a&password=b", "invalid_request"},
      {"grant_type=password&grant_type=password&username=a&password=b", "invalid_request"},
      {"grant_type=%zz", "invalid_request"},
      {"grant_type=password&username=%ff&password=b", "invalid_request"},
  };
  for (const auto& [form, error] : cases) {
    INFO(form);
    const auto response = gateway.post_form(form);
    CHECK(response.status == 400);
    CHECK(member(response, "error") == error);
    CHECK_FALSE(member(response, "error_description").empty());
    CHECK_FALSE(member(response, "code").empty());
    CHECK(response.headers.get("Content-Type") == "application/json");
    CHECK(response.headers.get("Cache-Control") == "no-store");
  }
  CHECK(gateway.post_form("grant_type=password&username=" + std::string(255, 'a') + "&password=b").status == 400);
  CHECK(gateway.post_form("grant_type=password&username=a&password=" + std::string(129, 'b')).status == 400);
}

TEST_CASE("an error's description holds only what RFC 6749 allows there") {
  Gateway gateway;
  const auto response = gateway.post_form("grant_type=" + std::string(65, 'x'));
  for (const char c : member(response, "error_description")) CHECK((c >= 0x20 && c < 0x7F && c != '"' && c != '\\'));
}

TEST_CASE("parameters that the endpoint does not know are ignored") {
  Gateway gateway;
  REQUIRE(gateway.host.register_user("ada@example.org").has_value());
  CHECK(gateway.post_form(std::string(ada_logs_in) + "&state=s&prompt=none&client_id=").status == 200);
}

TEST_CASE("an expired or foreign Authorization header does not keep a client from getting a token") {
  Gateway gateway;
  REQUIRE(gateway.host.register_user("ada@example.org").has_value());
  CHECK(gateway.post_form(ada_logs_in, "Bearer expired").status == 200);
  CHECK(gateway.post_form(ada_logs_in, "Basic YTpi").status == 200);
}

TEST_CASE("a throttled login is answered 429 with when to try again") {
  Gateway gateway;
  for (int i = 0; i < 10; ++i) {
    CHECK(gateway.post_form("grant_type=password&username=ada%40example.org&password=wrong").status == 400);
  }
  const auto response = gateway.post_form(ada_logs_in);
  CHECK(response.status == 429);
  CHECK(response.headers.get("Retry-After") == "900");
  CHECK(member(response, "error") == "slow_down");
}

TEST_CASE("the keys are published without a token") {
  Gateway gateway;
  const auto response = gateway.get("/.well-known/jwks.json");
  CHECK(response.status == 200);
  const auto body = json::parse(response.body).value();
  REQUIRE(body.find("keys")->items.size() == 1);
  CHECK(body.find("keys")->items[0].find("x")->text.size() == 43);
  CHECK(body.find("keys")->items[0].find("d") == nullptr);
}

TEST_CASE("the token endpoint takes a form and no JSON") {
  Gateway gateway;
  http::Request request{"POST", "/oauth/token", "", {}, "{}"};
  request.headers.add("Content-Type", "application/json");
  CHECK(gateway.dispatcher.handle(request).status == 415);
}
