#include "http/dispatcher.hpp"

#include <stdexcept>

#include "../contract/sample.hpp"
#include "base/json.hpp"
#include "base/random.hpp"
#include "http/headers.hpp"
#include "support/catch.hpp"
#include "support/manual_clock.hpp"

using namespace seamline;
using http::Dispatcher;
using http::Request;
using http::Response;
using sample::AddPart;
using sample::GetThing;
using sample::ListThings;
using sample::LogIn;
using sample::ThingContract;

namespace {

/// Operations of the sample contract, that do what a test wants and keep what they were called with.
class Things final : public Overrides<ThingContract, Things> {
 public:
  template <Operation Op>
  Result<typename Op::Reply> run(const CallContext& given, const Op& operation) {
    ++calls;
    context = given;
    if (throws) throw std::runtime_error("secret of /somewhere/file.cpp:7");
    if (error) return fail(*error);
    if (given.notes != nullptr) *given.notes = notes;
    if constexpr (std::is_same_v<Op, AddPart>) part = operation;
    typename Op::Reply reply{};
    if constexpr (std::is_same_v<typename Op::Reply, sample::Thing>) {
      reply.id.text = "t1";
      reply.version = 3;
    }
    return reply;
  }

  int calls = 0;
  CallContext context;
  AddPart part;
  CallNotes notes;
  std::optional<Error> error;
  bool throws = false;
};

/// Takes the header for the role.
class NamedRoles final : public security::Authenticator {
 public:
  Result<Caller> authenticate(std::string_view authorization) override {
    if (authorization.empty()) return Caller{};
    if (authorization == "user") return Caller{Role::user, "u1"};
    if (authorization == "admin") return Caller{Role::admin, "a1"};
    return fail({"request.unauthenticated", Kind::unauthenticated}, "The token does not hold.");
  }
};

struct Edge {
  explicit Edge(Dispatcher::Options options = {})
      : dispatcher(routes_of<ThingContract>(things), documents(), roles, clock, ids, options) {}

  static Dispatcher::Documents documents() {
    Dispatcher::Documents made;
    made["/health"] = [] { return Response{200, {}, "{}"}; };
    made["/broken"] = []() -> Response { throw std::runtime_error("secret"); };
    return made;
  }
  Response send(const std::string& method, const std::string& target, const std::string& body = {},
                std::vector<std::pair<std::string, std::string>> fields = {}) {
    Request request;
    request.method = method;
    request.path = target.substr(0, target.find('?'));
    if (target.find('?') != std::string::npos) request.query = target.substr(target.find('?') + 1);
    request.body = body;
    for (auto& [name, value] : fields) request.headers.add(name, value);
    return dispatcher.handle(request);
  }
  Response add_part(const std::string& body, std::vector<std::pair<std::string, std::string>> fields = {}) {
    fields.emplace_back("Authorization", "user");
    fields.emplace_back("Content-Type", "application/json");
    return send("POST", "/thing/t1/parts", body, std::move(fields));
  }

  test::ManualClock clock;
  IdSource ids{clock, Random::system()};
  Things things;
  NamedRoles roles;
  Dispatcher dispatcher;
};

/// Whether a response is a problem in its whole form: media type, members, and the request id in body and header alike.
bool is_problem(const Response& response, int status, std::string_view code) {
  const auto body = json::parse(response.body);
  if (response.status != status || !body || response.headers.get("Content-Type") != "application/problem+json") return false;
  for (const char* member : {"type", "title", "status", "detail", "code", "request_id"}) {
    if (body->find(member) == nullptr) return false;
  }
  return body->find("code")->text == code && body->find("status")->integer == status &&
         body->find("type")->text == "/problems/" + std::string(code) &&
         body->find("request_id")->text == response.headers.get("X-Request-Id");
}

const std::string part = R"({"name":"lid","count":2})";

}  // namespace

TEST_CASE("a request becomes a call, and its reply a response") {
  Edge edge;
  const Response response = edge.add_part(part);
  CHECK(response.status == 201);
  CHECK(response.headers.get("Location") == "/things/t1");
  CHECK(response.headers.get("ETag") == "\"v3\"");
  CHECK(response.headers.get("Content-Type") == "application/json");
  CHECK(response.headers.get("X-Content-Type-Options") == "nosniff");
  CHECK(json::parse(response.body).value().find("id")->text == "t1");
  CHECK(edge.things.part == AddPart{"t1", "lid", 2, {}});
  CHECK(edge.things.context.caller.subject == "u1");
}

TEST_CASE("a path that nothing has is 404, a method that a path does not have is 405 and says which it has") {
  Edge edge;
  CHECK(is_problem(edge.send("GET", "/nothing"), 404, "request.no_such_route"));
  CHECK(is_problem(edge.send("GET", "/things/t1/"), 404, "request.no_such_route"));
  const Response wrong = edge.send("DELETE", "/things/t1");
  CHECK(is_problem(wrong, 405, "request.method_not_allowed"));
  CHECK(wrong.headers.get("Allow") == "GET, HEAD");
  CHECK(edge.send("GET", "/token").headers.get("Allow") == "POST");
  for (const char* method : {"OPTIONS", "TRACE", "CONNECT", "BREW", "get"}) {
    INFO(method);
    const Response unknown = edge.send(method, "/thing/t1/parts");
    CHECK(is_problem(unknown, 405, "request.method_not_allowed"));
    CHECK(unknown.headers.get("Allow") == "POST");
  }
  CHECK(is_problem(edge.send("BREW", "/nothing"), 404, "request.no_such_route"));
  CHECK(is_problem(edge.send("POST", "/health"), 405, "request.method_not_allowed"));
  CHECK(edge.things.calls == 0);
}

TEST_CASE("HEAD is a GET, of operations and documents") {
  Edge edge;
  CHECK(edge.send("HEAD", "/things/t1").status == 200);
  CHECK(edge.send("HEAD", "/health").status == 200);
  CHECK(edge.send("GET", "/health").body == "{}");
}

TEST_CASE("a body of another type is 415, parameters of the type do not matter") {
  Edge edge;
  const std::vector<std::string> others{"", "text/plain", "application/jsonx", "application/x-www-form-urlencoded", "json"};
  for (const std::string& type : others) {
    INFO(type);
    CHECK(is_problem(edge.send("POST", "/thing/t1/parts", part, {{"Authorization", "user"}, {"Content-Type", type}}), 415,
                     "request.wrong_content_type"));
  }
  CHECK(is_problem(edge.send("POST", "/thing/t1/parts", part, {{"Authorization", "user"}}), 415, "request.wrong_content_type"));
  CHECK(edge.things.calls == 0);
  for (const char* type :
       {"application/json", "Application/JSON", "application/json; charset=utf-8", "application/json ;charset=utf-8"}) {
    CHECK(edge.send("POST", "/thing/t1/parts", part, {{"Authorization", "user"}, {"Content-Type", type}}).status == 201);
  }
}

TEST_CASE("a form is read where the operation takes one, and its answer is not to be stored") {
  Edge edge;
  const Response response =
      edge.send("POST", "/token", "user=ada&password=a+b", {{"Content-Type", "application/x-www-form-urlencoded"}});
  CHECK(response.status == 200);
  CHECK(response.headers.get("Cache-Control") == "no-store");
  CHECK(is_problem(edge.send("POST", "/token", "{}", {{"Content-Type", "application/json"}}), 415, "request.wrong_content_type"));
}

TEST_CASE("a GET with a body is refused") {
  Edge edge;
  CHECK(
      is_problem(edge.send("GET", "/things/t1", "{}", {{"Content-Type", "application/json"}}), 400, "request.body_not_expected"));
}

TEST_CASE("malformed and invalid bodies are refused by member, and nothing is called") {
  Edge edge;
  CHECK(is_problem(edge.add_part("{"), 400, "request.malformed_json"));
  CHECK(is_problem(edge.add_part(""), 400, "request.malformed"));
  CHECK(is_problem(edge.add_part("[]"), 400, "request.malformed"));
  CHECK(is_problem(edge.add_part(R"({"name":"lid","count":2,"count":2})"), 400, "request.malformed_json"));
  CHECK(is_problem(edge.add_part(R"({"name":"lid\u0000","count":2})"), 400, "request.malformed_json"));
  const Response unknown = edge.add_part(R"({"name":"lid","count":1.0,"price":1})");
  CHECK(is_problem(unknown, 400, "request.malformed"));
  const json::Value body = json::parse(unknown.body).value();
  CHECK(body.find("errors")->items.at(0).find("pointer")->text == "#/count");
  CHECK(body.find("errors")->items.at(1).find("pointer")->text == "#/price");
  CHECK(is_problem(edge.add_part(R"({"name":"lid","count":0})"), 422, "request.invalid"));
  CHECK(is_problem(edge.send("GET", "/things/%zz"), 400, "request.malformed"));
  CHECK(is_problem(edge.send("GET", "/things/%00"), 400, "request.malformed"));
  CHECK(is_problem(edge.send("GET", "/things/t1?x=1"), 400, "request.malformed"));
  CHECK(edge.things.calls == 0);
}

TEST_CASE("who may not call learns nothing of the body: 401 and 403 come first") {
  Edge edge;
  const Response anonymous = edge.send("POST", "/thing/t1/parts", "{", {{"Content-Type", "text/plain"}});
  CHECK(is_problem(anonymous, 401, "request.unauthenticated"));
  CHECK(anonymous.headers.get("WWW-Authenticate") == "Bearer");
  CHECK(is_problem(edge.send("POST", "/thing/t1/parts", part, {{"Authorization", "forged"}}), 401, "request.unauthenticated"));
  CHECK(is_problem(edge.send("GET", "/shelves/s/things", "", {{"Authorization", "user"}}), 403, "request.forbidden"));
  // A token that does not hold is refused also where none is needed.
  CHECK(is_problem(edge.send("GET", "/things/t1", "", {{"Authorization", "forged"}}), 401, "request.unauthenticated"));
  CHECK(edge.things.calls == 0);
  CHECK(edge.send("GET", "/shelves/s/things?owner=a", "", {{"Authorization", "admin"}}).status == 200);
}

TEST_CASE("the client's request id comes back and goes on, a missing or unusable one is replaced") {
  Edge edge;
  CHECK(edge.send("GET", "/things/t1", "", {{"x-request-id", "abc-1"}}).headers.get("X-Request-Id") == "abc-1");
  CHECK(edge.things.context.request_id == "abc-1");
  const Response made = edge.send("GET", "/things/t1", "", {{"X-Request-Id", "a b\r\nX: y"}});
  CHECK(made.headers.get("X-Request-Id").size() == 36);
  CHECK(edge.things.context.request_id == made.headers.get("X-Request-Id"));
  CHECK(edge.send("GET", "/nothing", "", {{"X-Request-Id", "abc-2"}}).headers.get("X-Request-Id") == "abc-2");
}

TEST_CASE("a client that has the version already gets 304 without a body, for GET alone") {
  Edge edge;
  for (const char* tags : {"\"v3\"", "W/\"v3\"", "\"v1\", \"v3\"", "*"}) {
    const Response response = edge.send("GET", "/things/t1", "", {{"If-None-Match", tags}});
    CHECK(response.status == 304);
    CHECK(response.body.empty());
    CHECK(response.headers.get("ETag") == "\"v3\"");
  }
  CHECK(edge.send("GET", "/things/t1", "", {{"If-None-Match", "\"v2\""}}).status == 200);
  CHECK(edge.add_part(part, {{"If-None-Match", "\"v3\""}}).status == 201);
}

TEST_CASE("an idempotency key goes to the operations that take one, and only to those") {
  Edge edge;
  edge.add_part(part, {{"Idempotency-Key", "\"k-1\""}});
  CHECK(edge.things.context.idempotency_key == "k-1");
  edge.add_part(part);
  CHECK(edge.things.context.idempotency_key.empty());
  edge.send("POST", "/token", "user=a&password=b",
            {{"Content-Type", "application/x-www-form-urlencoded"}, {"Idempotency-Key", "k-2"}});
  CHECK(edge.things.context.idempotency_key.empty());
  edge.things.calls = 0;
  CHECK(is_problem(edge.add_part(part, {{"Idempotency-Key", ""}}), 400, "idempotency.bad_key"));
  CHECK(is_problem(edge.add_part(part, {{"Idempotency-Key", "a"}, {"Idempotency-Key", "b"}}), 400, "idempotency.bad_key"));
  CHECK(edge.things.calls == 0);
}

TEST_CASE("a wait that is asked for lengthens the deadline, and is confirmed only where it was honoured") {
  Edge edge;
  CHECK_FALSE(edge.add_part(part, {{"Prefer", "wait=5"}}).headers.has("Preference-Applied"));
  CHECK(edge.things.context.wait_ms == 5000);
  CHECK(edge.things.context.deadline == edge.clock.monotonic().plus_ms(15'000));
  edge.things.notes.waited = true;
  edge.things.notes.replayed = true;
  const Response response = edge.add_part(part, {{"Prefer", "wait=5"}});
  CHECK(response.headers.get("Preference-Applied") == "wait");
  CHECK(response.headers.get("Idempotent-Replayed") == "true");
  edge.add_part(part);
  CHECK(edge.things.context.deadline == edge.clock.monotonic().plus_ms(10'000));
}

TEST_CASE("an error of the operation is a problem with its code") {
  Edge edge;
  Error error;
  error.code = "thing.not_found";
  error.kind = Kind::not_found;
  error.detail = "No thing t1.";
  edge.things.error = error;
  CHECK(is_problem(edge.send("GET", "/things/t1"), 404, "thing.not_found"));
}

TEST_CASE("an exception in a port or a document is 500 without what it said") {
  Edge edge;
  edge.things.throws = true;
  for (const Response& response : {edge.send("GET", "/things/t1"), edge.send("GET", "/broken")}) {
    CHECK(is_problem(response, 500, "internal.unexpected"));
    CHECK(response.body.find("secret") == std::string::npos);
    CHECK(response.body.find(".cpp") == std::string::npos);
  }
}

TEST_CASE("internal operations have no route on a public listener, and one on a service's") {
  const auto status_of_call = [](Edge& edge, security::ServiceTrust* trust, const char* role) {
    auto routes = routes_of<ThingContract>(edge.things);
    routes[0].access = Access::internal;
    Dispatcher::Options options;
    options.trust = trust;
    const Dispatcher dispatcher(routes, {}, edge.roles, edge.clock, edge.ids, options);
    Request request;
    request.method = "GET";
    request.path = "/things/t1";
    if (role != nullptr) request.headers.add(std::string(http::caller_role_header), role);
    return dispatcher.handle(request).status;
  };
  Edge edge;
  security::LoopbackTrust trust;
  CHECK(status_of_call(edge, nullptr, "service") == 404);
  CHECK(status_of_call(edge, &trust, "service") == 200);
  CHECK(status_of_call(edge, &trust, nullptr) == 403);
}

namespace {

/// Believes one service alone.
class OneService final : public security::ServiceTrust {
 public:
  Result<std::string> check(std::string_view authorization, const CallContext& claimed, Access) override {
    caller_token = claimed.caller_token;
    if (authorization == "Bearer order") return std::string("order");
    return fail(ErrorCode{"request.untrusted_service", Kind::unauthenticated}, "Who is that?");
  }
  std::string caller_token;
};

Request from_service(std::string path, const char* authorization) {
  Request request{"GET", std::move(path), {}, {}, {}};
  request.headers.add(std::string(http::caller_role_header), "user");
  request.headers.add(std::string(http::caller_subject_header), "u7");
  request.headers.add(std::string(http::caller_token_header), "proof");
  request.headers.add("Authorization", authorization);
  return request;
}

}  // namespace

TEST_CASE("a service that is trusted says on whose behalf it calls, another one is refused") {
  Edge edge;
  OneService trust;
  Dispatcher::Options options;
  options.trust = &trust;
  const Dispatcher dispatcher(routes_of<ThingContract>(edge.things), {}, edge.roles, edge.clock, edge.ids, options);
  CHECK(dispatcher.handle(from_service("/things/t1", "Bearer stranger")).status == 401);
  CHECK(dispatcher.handle(from_service("/things/t1", "Bearer order")).status == 200);
  CHECK(edge.things.context.caller.subject == "u7");
  CHECK(trust.caller_token == "proof");
}

TEST_CASE("a service whose time is over gets nothing begun") {
  Edge edge;
  security::LoopbackTrust trust;
  Dispatcher::Options options;
  options.trust = &trust;
  const Dispatcher dispatcher(routes_of<ThingContract>(edge.things), {}, edge.roles, edge.clock, edge.ids, options);
  auto request = from_service("/things/t1", "");
  request.headers.add(std::string(http::time_left_header), "0");
  CHECK(is_problem(dispatcher.handle(request), 504, "call.deadline_exceeded"));
  request = from_service("/things/t1", "");
  request.headers.add(std::string(http::time_left_header), "86400000");
  CHECK(dispatcher.handle(request).status == 200);
  CHECK(edge.things.context.deadline == edge.clock.monotonic().plus_ms(options.deadline_ms));
}

TEST_CASE("a resource is there for services alone, with all paths below it") {
  Edge edge;
  OneService trust;
  Dispatcher::Options options;
  options.trust = &trust;
  const auto handle = [](const Request& request, const std::string& peer) {
    return Response{200, {}, peer + " " + request.path};
  };
  const Dispatcher dispatcher({}, {}, edge.roles, edge.clock, edge.ids, options, {{"/events/thing", handle}});
  CHECK(dispatcher.handle(from_service("/events/thing", "Bearer order")).body == "order /events/thing");
  CHECK(dispatcher.handle(from_service("/events/thing/receipts/a", "Bearer order")).body == "order /events/thing/receipts/a");
  CHECK(dispatcher.handle(from_service("/events/things", "Bearer order")).status == 404);
  CHECK(dispatcher.handle(from_service("/events/thing", "Bearer stranger")).status == 401);
}

TEST_CASE("where trust rests on the address, a service names it by loopback: a rebound name of a web page does not pass") {
  Edge edge;
  security::LoopbackTrust trust;
  Dispatcher::Options options;
  options.trust = &trust;
  options.services_name_loopback = true;
  const auto handle = [](const Request&, const std::string&) { return Response{}; };
  const Dispatcher dispatcher(routes_of<ThingContract>(edge.things), {}, edge.roles, edge.clock, edge.ids, options,
                              {{"/events/thing", handle}});
  const auto status_at = [&](const char* host, const char* path) {
    Request request = from_service(path, "");
    request.headers.add("Host", host);
    return dispatcher.handle(request).status;
  };
  for (const char* path : {"/things/t1", "/events/thing"}) {
    for (const char* host : {"127.0.0.1:8103", "127.1.2.3", "localhost:80", "LOCALHOST", "[::1]:8103", "[::1]"}) {
      INFO(host);
      CHECK(status_at(host, path) == 200);
    }
    for (const char* host : {"evil.example:8103", "127.0.0.1.evil.example", "127.evil", "10.0.0.5:8103", "", "[::2]:1"}) {
      INFO(host);
      CHECK(status_at(host, path) == 401);
    }
  }
}

TEST_CASE("a client's request is a span below the client's own, and the call runs under it") {
  test::ManualClock clock;
  SeededRandom random{1};
  observe::Tracer tracer({}, clock, random);
  Edge edge({.tracer = &tracer});
  const std::string sent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  CHECK(edge.add_part(part, {{"traceparent", sent}, {"tracestate", "rojo=1"}}).status == 201);
  const auto spans = tracer.take(10);
  REQUIRE(spans.size() == 1);
  CHECK(spans[0].name == "POST /thing/{thing}/parts");
  CHECK(spans[0].kind == observe::SpanKind::server);
  CHECK(spans[0].parent_id == observe::TraceContext::parse(sent)->span_id);
  CHECK(edge.things.context.traceparent == spans[0].context.text());
  CHECK(edge.things.context.tracestate == "rojo=1");
  std::string attributes;
  for (const auto& attribute : spans[0].attributes) {
    const auto* text = std::get_if<std::string>(&attribute.value);
    attributes +=
        std::string(attribute.key) + "=" + (text != nullptr ? *text : std::to_string(std::get<1>(attribute.value))) + " ";
  }
  // The path as it was sent would name t1.
  CHECK(attributes ==
        "http.request.method=POST http.route=/thing/{thing}/parts url.path=/thing/{thing}/parts url.scheme=http "
        "http.response.status_code=201 ");
}

TEST_CASE("a request that brings no trace begins one, and one that fails here says how") {
  test::ManualClock clock;
  SeededRandom random{1};
  observe::Tracer tracer({}, clock, random);
  Edge edge({.tracer = &tracer});
  edge.things.error = Error{"call.unavailable", Kind::unavailable, "away", {}, false, false, false, 0};
  CHECK(edge.add_part(part, {{"traceparent", "00-hostile"}}).status == 503);
  edge.things.error.reset();
  CHECK(edge.send("POST", "/thing/t1/parts", part).status == 401);
  const auto spans = tracer.take(10);
  REQUIRE(spans.size() == 2);
  CHECK(spans[0].parent_id == observe::SpanId{});
  CHECK(spans[0].error_code == "call.unavailable");
  // That a client made a mistake is no failure of the server.
  CHECK(spans[1].error_code.empty());
  CHECK(spans[0].context.trace_id != spans[1].context.trace_id);
}

TEST_CASE("what no route answers, and a trace that is not recorded, leave no span") {
  test::ManualClock clock;
  SeededRandom random{1};
  observe::Tracer tracer({{.ratio = 0}, 100}, clock, random);
  Edge edge({.tracer = &tracer});
  CHECK(edge.add_part(part).status == 201);
  CHECK(edge.things.context.traceparent.ends_with("-00"));
  CHECK(edge.send("GET", "/health").status == 200);
  CHECK(edge.send("GET", "/nowhere").status == 404);
  CHECK(tracer.waiting() == 0);
}
