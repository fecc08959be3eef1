#include "registry/consul_api.hpp"

#include "base/json.hpp"
#include "contract/wire.hpp"
#include "registrations.hpp"
#include "support/catch.hpp"
#include "support/hostile_text.hpp"
#include "support/manual_clock.hpp"

using namespace seamline;
using namespace seamline::test;
using registry::Catalog;
using registry::CheckStatus;
using registry::ConsulApi;

namespace {

/// The API over a catalog of its own, called without a socket.
struct Agent {
  explicit Agent(const std::string& token = {}) : catalog(clock), api(catalog, {"node-1", "10.0.0.1", "dc1", "an-id"}, token) {}

  http::Response put(const std::string& path, const std::string& body = {}) { return send("PUT", path, body); }
  http::Response get(const std::string& path) { return send("GET", path, {}); }
  http::Response send(const std::string& method, const std::string& target, const std::string& body) {
    const auto question = target.find('?');
    http::Request request{method, target.substr(0, question), {}, {}, body};
    if (question != std::string::npos) request.query = target.substr(question + 1);
    return api.handle(request);
  }
  json::Value read(const std::string& path) { return json::parse(get(path).body).value(); }

  ManualClock clock;
  Catalog catalog;
  ConsulApi api;
};

/// What the official Go client sends for the guide's registration, nulls included.
constexpr const char* go_registration =
    R"({"ID":"order-1","Name":"order","Tags":["v1","eu"],"Port":8081,"Address":"order.test","EnableTagOverride":false,)"
    R"("Meta":{"seamline_transport":"http"},"Check":{"HTTP":"http://order.test:8081/health","Interval":"10s","TLSServerName":""},)"
    R"("Checks":null,"Kind":"","Proxy":null,"Connect":null,"Locality":null,"Weights":{"Passing":3,"Warning":2}})";
constexpr const char* ttl_registration =
    R"({"ID":"payment-1","Name":"payment","Port":8103,"Check":{"TTL":"15s","Status":"passing"}})";

const json::Value& at(const json::Value& object, std::string_view name) {
  const json::Value* found = object.find(name);
  REQUIRE(found);
  return *found;
}

/// Any text that a name may be.
std::string registry_text() {
  return *rc::gen::suchThat(hostile_text(), [](const std::string& text) { return !text.empty() && text.size() <= 512; });
}

}  // namespace

TEST_CASE("a service that the Go client registers is found with all that it said, once its check passes") {
  Agent agent;
  const auto registered = agent.put("/v1/agent/service/register", go_registration);
  CHECK(registered.status == 200);
  CHECK(registered.body.empty());
  CHECK(agent.read("/v1/health/service/order?passing=1").items.empty());
  REQUIRE(agent.read("/v1/health/service/order").items.size() == 1);

  const auto due = agent.catalog.take_due_check().value();
  CHECK(due.definition.http == "http://order.test:8081/health");
  CHECK(due.definition.interval_ms == 10'000);
  agent.catalog.record(due, CheckStatus::passing, "200");
  const auto entries = agent.read("/v1/health/service/order?passing=1");
  REQUIRE(entries.items.size() == 1);
  const json::Value& node = at(entries.items[0], "Node");
  CHECK(at(node, "Node").text == "node-1");
  CHECK(at(node, "Address").text == "10.0.0.1");
  CHECK(at(node, "Datacenter").text == "dc1");
  const json::Value& service = at(entries.items[0], "Service");
  CHECK(at(service, "ID").text == "order-1");
  CHECK(at(service, "Service").text == "order");
  CHECK(at(service, "Address").text == "order.test");
  CHECK(at(service, "Port").integer == 8081);
  CHECK(at(service, "Tags").items.size() == 2);
  CHECK(at(at(service, "Meta"), "seamline_transport").text == "http");
  CHECK(at(at(service, "Weights"), "Passing").integer == 3);
  const json::Value& checks = at(entries.items[0], "Checks");
  REQUIRE(checks.items.size() == 1);
  CHECK(at(checks.items[0], "CheckID").text == "service:order-1");
  CHECK(at(checks.items[0], "Status").text == "passing");
  CHECK(at(checks.items[0], "ServiceID").text == "order-1");
}

TEST_CASE("answers about services carry the three headers that a client reads") {
  Agent agent;
  for (const char* path : {"/v1/health/service/none", "/v1/catalog/service/none", "/v1/catalog/services"}) {
    const auto answer = agent.get(path);
    CHECK(answer.status == 200);
    CHECK(std::stoull(std::string(answer.headers.get("X-Consul-Index"))) > 0);
    CHECK(answer.headers.get("X-Consul-KnownLeader") == "true");
    CHECK(answer.headers.get("X-Consul-LastContact") == "0");
    CHECK(answer.headers.get("Content-Type") == "application/json");
  }
  CHECK(agent.get("/v1/health/service/none").body == "[]");
  CHECK(agent.get("/v1/catalog/services").body == "{}");
}

TEST_CASE("a TTL check is moved by both forms of the API") {
  Agent agent;
  REQUIRE(agent.put("/v1/agent/service/register", ttl_registration).status == 200);
  const auto passing = [&] { return agent.read("/v1/health/service/payment?passing").items.size(); };
  CHECK(passing() == 1);
  CHECK(agent.put("/v1/agent/check/update/service:payment-1", R"({"Status":"critical","Output":"sick"})").status == 200);
  CHECK(passing() == 0);
  CHECK(agent.put("/v1/agent/check/pass/service%3Apayment-1?note=well").status == 200);
  CHECK(passing() == 1);
  CHECK(agent.catalog.find("payment-1")->checks.front().output == "well");
  CHECK(agent.put("/v1/agent/check/warn/service:payment-1").status == 200);
  CHECK(passing() == 0);
  CHECK(agent.put("/v1/agent/check/fail/service:payment-1").status == 200);
  CHECK(agent.put("/v1/agent/check/update/service:payment-1", R"({"Status":"splendid"})").status == 400);
  CHECK(agent.put("/v1/agent/check/update/nothing", R"({"Status":"passing"})").status == 404);
}

TEST_CASE("the health of one instance is told by status and by body") {
  Agent agent;
  REQUIRE(agent.put("/v1/agent/service/register", ttl_registration).status == 200);
  const std::string path = "/v1/agent/health/service/id/payment-1?format=json";
  CHECK(agent.get(path).status == 200);
  CHECK(at(agent.read(path), "AggregatedStatus").text == "passing");
  CHECK(at(at(agent.read(path), "Service"), "Service").text == "payment");
  agent.put("/v1/agent/check/warn/service:payment-1");
  CHECK(agent.get(path).status == 429);
  agent.put("/v1/agent/check/fail/service:payment-1");
  CHECK(agent.get(path).status == 503);
  CHECK(agent.put("/v1/agent/service/maintenance/payment-1?enable=true&reason=a+move").status == 200);
  CHECK(at(agent.read(path), "AggregatedStatus").text == "maintenance");
  CHECK(agent.put("/v1/agent/service/maintenance/payment-1?enable=false").status == 200);
  CHECK(agent.put("/v1/agent/service/maintenance/payment-1").status == 400);
  CHECK(agent.get("/v1/agent/health/service/id/nobody?format=json").status == 404);
}

TEST_CASE("services are listed with their tags, and found by all of the tags that are asked for") {
  Agent agent;
  REQUIRE(agent.put("/v1/agent/service/register", go_registration).status == 200);
  REQUIRE(agent.put("/v1/agent/service/register", ttl_registration).status == 200);
  CHECK(agent.get("/v1/catalog/services").body == R"({"order":["eu","v1"],"payment":[]})");
  CHECK(agent.read("/v1/catalog/service/order?tag=v1&tag=eu").items.size() == 1);
  CHECK(agent.read("/v1/catalog/service/order?tag=v1&tag=us").items.empty());
  const auto entry = agent.read("/v1/catalog/service/order").items[0];
  CHECK(at(entry, "ServiceID").text == "order-1");
  CHECK(at(entry, "ServiceAddress").text == "order.test");
  CHECK(at(entry, "ServicePort").integer == 8081);
  const auto services = agent.read("/v1/agent/services");
  CHECK(at(at(services, "payment-1"), "Service").text == "payment");
  CHECK(at(at(agent.read("/v1/agent/self"), "Config"), "NodeName").text == "node-1");
  CHECK(agent.get("/v1/status/leader").body == "\"10.0.0.1:8300\"");
}

TEST_CASE("a service that deregisters is gone, and one that is unknown cannot") {
  Agent agent;
  REQUIRE(agent.put("/v1/agent/service/register", ttl_registration).status == 200);
  CHECK(agent.put("/v1/agent/service/deregister/payment-1").status == 200);
  CHECK(agent.read("/v1/health/service/payment").items.empty());
  CHECK(agent.put("/v1/agent/service/deregister/payment-1").status == 404);
}

TEST_CASE("checks are replaced only where the registration says so") {
  Agent agent;
  const std::string first = R"({"Name":"a","Checks":[{"CheckID":"one","TTL":"10s"},{"CheckID":"two","TTL":"10s"},{}]})";
  const std::string second = R"({"Name":"a","Check":{"CheckID":"three","TTL":"10s"}})";
  REQUIRE(agent.put("/v1/agent/service/register", first).status == 200);
  CHECK(agent.catalog.find("a")->checks.size() == 2);
  REQUIRE(agent.put("/v1/agent/service/register", second).status == 200);
  CHECK(agent.catalog.find("a")->checks.size() == 3);
  REQUIRE(agent.put("/v1/agent/service/register?replace-existing-checks=true", second).status == 200);
  CHECK(agent.catalog.find("a")->checks.size() == 1);
}

TEST_CASE("bad requests are told what is wrong in one line, and change nothing") {
  Agent agent;
  for (const char* body : {"", "[]", "{", R"({"Name":7})", R"({"Name":"a","Port":"80"})", R"({"Name":"a","Port":-1})", R"({})",
                           R"({"Name":"a","Tags":[1]})", R"({"Name":"a","Meta":{"k":1}})", R"({"Name":"a","Check":{"Name":"x"}})",
                           R"({"Name":"a","Check":{"TTL":"soon"}})", R"({"Name":"a","Check":{"TCP":"h:1","Interval":"1s"}})",
                           R"({"Name":"a","Check":{"HTTP":"https://h/","Interval":"1s"}})",
                           R"({"Name":"a","Check":{"TTL":"1s","Status":"good"}})"}) {
    INFO(body);
    const auto answer = agent.put("/v1/agent/service/register", body);
    CHECK(answer.status == 400);
    CHECK(!answer.body.empty());
    CHECK(answer.headers.get("Content-Type").starts_with("text/plain"));
  }
  CHECK(agent.put("/v1/agent/service/register", std::string(registry::max_registration_bytes + 1, ' ')).status == 413);
  CHECK(agent.catalog.all_instances().empty());
  CHECK(agent.get("/v1/health/service/a?index=x").status == 400);
  CHECK(agent.get("/v1/health/service/a?index=-1").status == 400);
  CHECK(agent.get("/v1/health/service/a?index=5&wait=soon").status == 400);
  CHECK(agent.get("/v1/health/service/a?filter=ServiceMeta.x").status == 400);
  CHECK(agent.get("/v1/health/service/a?dc=other").status == 400);
  CHECK(agent.get("/v1/health/service/").status == 400);
  CHECK(agent.get("/v1/health/service/%zz").status == 400);
  CHECK(agent.get("/v1/kv/a").status == 404);
  CHECK(agent.get("/v1/agent/service/register").status == 405);
  CHECK(agent.put("/v1/health/service/a").status == 405);
}

TEST_CASE("texts of any characters come back as they were sent, and answers stay JSON") {
  rc::prop("texts of any characters come back as they were sent", [] {
    const std::string text = registry_text();
    Agent agent;
    auto registration = instance_of(text, "h");
    registration.tags = {text};
    registration.meta = {{text, text}};
    RC_ASSERT(agent.put("/v1/agent/service/register", registry::write_registration(registration)).status == 200);
    RC_ASSERT(agent.catalog.find("h")->registration.meta == registration.meta);
    const auto services = agent.read("/v1/agent/services");
    RC_ASSERT(services.items.at(0).find("Service")->text == text);
    RC_ASSERT(agent.read("/v1/catalog/services").items.at(0).name == text);
    RC_ASSERT(agent.read("/v1/health/service/" + percent_encode(text) + "?tag=" + percent_encode(text)).items.size() == 1);
  });
}

TEST_CASE("a registry with a token answers only to who brings it") {
  Agent agent("let me in");
  http::Request request{"GET", "/v1/catalog/services", {}, {}, {}};
  CHECK(agent.api.handle(request).status == 403);
  http::Request wrong = request;
  wrong.headers.add("X-Consul-Token", "let me");
  CHECK(agent.api.handle(wrong).status == 403);
  http::Request right = request;
  right.headers.add("X-Consul-Token", "let me in");
  CHECK(agent.api.handle(right).status == 200);
  request.headers.add("Authorization", "Bearer let me in");
  CHECK(agent.api.handle(request).status == 200);
}

TEST_CASE("a registry without a token answers to names of this machine only, so that no web page can rebind its own to it") {
  ManualClock clock;
  Catalog catalog(clock);
  ConsulApi open(catalog, {}, {});
  ConsulApi guarded(catalog, {}, "secret");
  const auto status = [](ConsulApi& api, const std::string& host) {
    http::Request request{"GET", "/v1/catalog/services", {}, {}, {}};
    request.headers.add("Host", host);
    request.headers.add("X-Consul-Token", "secret");
    return api.handle(request).status;
  };
  for (const char* host : {"127.0.0.1:8500", "127.0.0.1", "localhost:8500", "LocalHost", "[::1]:8500", "[::1]", "127.1.2.3:1"}) {
    INFO(host);
    CHECK(status(open, host) == 200);
    CHECK(status(guarded, host) == 200);
  }
  for (const char* host : {"rebound.example", "rebound.example:8500", "127.0.0.1.rebound.example", "127.rebound.example:8500",
                           "localhost.rebound.example", "rebound@127.0.0.1:8500", "[2001:db8::1]:8500", "192.0.2.1:8500"}) {
    INFO(host);
    CHECK(status(open, host) == 403);
    CHECK(status(guarded, host) == 200);
  }
}
