#include "http/openapi.hpp"

#include <algorithm>
#include <set>

#include "http/dispatcher.hpp"
#include "http/health.hpp"
#include "http/problem.hpp"
#include "support/catch.hpp"
#include "support/schema_check.hpp"
#include "support/shop.hpp"

using namespace seamline;

namespace {

/// The documents are larger than what a client may send.
constexpr json::ParseLimits document_limits{.max_bytes = std::size_t{4} << 20U};

json::Value parse_document(const std::string& text) {
  auto document = json::parse(text, document_limits);
  REQUIRE(document.has_value());
  return std::move(*document);
}

std::string lower_case(std::string_view verb) {
  std::string lower(verb);
  for (char& c : lower) c = static_cast<char>(c - 'A' + 'a');
  return lower;
}

std::string pointer_to(const Route& route) {
  std::string path;
  for (const char c : route.path) path += c == '/' ? std::string("~1") : std::string(1, c);
  return "/paths/" + path + "/" + lower_case(name_of(route.verb));
}

bool has_parameter(const json::Value& operation, std::string_view in, std::string_view name) {
  for (const json::Value& parameter : operation.find("parameters")->items) {
    const json::Value* at = parameter.find("in");
    if (at != nullptr && at->text == in && parameter.find("name")->text == name) return true;
  }
  return false;
}
bool refers_to_parameter(const json::Value& operation, const std::string& name) {
  for (const json::Value& parameter : operation.find("parameters")->items) {
    const json::Value* reference = parameter.find("$ref");
    if (reference != nullptr && reference->text == "#/components/parameters/" + name) return true;
  }
  return false;
}

/// A value of any field type, within its limits: the least that is allowed, or with every optional filled.
template <class T>
T example(const Limits& limits, bool is_full) {
  T value{};
  const auto least = static_cast<std::size_t>(std::max<std::int64_t>(limits.least, 1));
  if constexpr (is_optional<T>) {
    if (is_full) value = example<typename T::value_type>(limits, is_full);
  } else if constexpr (is_vector<T>) {
    for (std::size_t i = 0; i < least; ++i) value.push_back(example<typename T::value_type>({}, is_full));
  } else if constexpr (Message<T>) {
    for_each_field<T>([&](const auto& field) {
      using M = typename std::remove_cvref_t<decltype(field)>::type;
      value.*field.member = example<M>(field.limits, is_full);
    });
  } else if constexpr (std::is_same_v<T, std::string>) {
    value.assign(least, 'x');
  } else if constexpr (is_id<T> || std::is_same_v<T, Secret>) {
    value.text.assign(least, 'x');
  } else if constexpr (std::is_same_v<T, std::int64_t>) {
    value = limits.least == INT64_MIN ? 7 : limits.least;
  } else if constexpr (std::is_same_v<T, JsonObject>) {
    value.text = R"({"any":1})";
  }
  return value;
}

/// Visits every operation of the four modules.
template <class Visit>
void for_each_shop_operation(Visit&& visit) {
  for_each_operation(user::UserContract::operations{}, visit);
  for_each_operation(inventory::InventoryContract::operations{}, visit);
  for_each_operation(payment::PaymentContract::operations{}, visit);
  for_each_operation(order::OrderContract::operations{}, visit);
}

/// The shop behind a dispatcher, as a process puts it, and the document of what it answers.
struct DocumentedShop {
  explicit DocumentedShop(bool internal_operations = false)
      : is_service(internal_operations),
        dispatcher(shop.host().routes(), documents(), authenticator, shop.clock, ids,
                   {.deadline_ms = 1000, .trust = internal_operations ? &trust : nullptr}),
        text(http::openapi_document("Shop", "1.2.3", shop.host().routes(), {.internal_operations = internal_operations})),
        document(parse_document(text)),
        check(document) {}

  static http::Dispatcher::Documents documents() {
    http::Dispatcher::Documents all;
    http::add_health(all, "1", [] { return std::vector<http::HealthCheck>{}; });
    all["/openapi.json"] = [] { return http::Response{}; };
    all["/asyncapi.json"] = [] { return http::Response{}; };
    return all;
  }
  const json::Value& operation(const Route& route) const {
    const json::Value* found = check.at(pointer_to(route));
    REQUIRE(found != nullptr);
    return *found;
  }
  http::Response send(std::string method, std::string path, std::string body = {}, std::string type = "application/json") const {
    http::Request request{std::move(method), std::move(path), {}, {}, std::move(body)};
    request.headers.add("Content-Type", std::move(type));
    if (is_service) request.headers.add(std::string(http::caller_role_header), "admin");
    return dispatcher.handle(request);
  }

  test::Shop shop;
  bool is_service;
  security::LoopbackTrust trust;
  security::OpenAuthenticator authenticator;
  SeededRandom random{2};
  IdSource ids{shop.clock, random};
  http::Dispatcher dispatcher;
  std::string text;
  json::Value document;
  test::SchemaCheck check;
};

struct Grant {
  std::string grant_type;
  std::optional<Secret> password;

  struct Reply {
    std::vector<std::vector<std::int64_t>> table;
    std::optional<user::User> holder;
    bool is_new = false;
    static constexpr std::tuple fields{Field{"table", &Reply::table, "Lists in lists."},
                                       Field{"holder", &Reply::holder, "Who, or null."},
                                       Field{"is_new", &Reply::is_new, "Whether."}};
  };
  static constexpr std::string_view name = "sample.grant";
  static constexpr std::string_view summary = "Grant";
  static constexpr Route route{.verb = Verb::post, .path = "/grant", .location = {}, .body = BodyFormat::form};
  static constexpr Access access = Access::anyone;
  static constexpr Repeat repeat = Repeat::never;
  static constexpr auto errors = no_errors;
  static constexpr std::tuple fields{Field{"grant_type", &Grant::grant_type, "Which."},
                                     Field{"password", &Grant::password, "The password.", length(8, 128)}};
};
struct SampleContract : Contract<Operations<Grant>, Publishes<>> {
  static constexpr std::string_view module = "sample";
  static constexpr std::string_view topic = "samples";
};
struct SamplePort : Port<SampleContract> {
  Result<Grant::Reply> call(const CallContext&, const Grant&) override { return Grant::Reply{}; }
};

/// "GET /orders/{id}" for each path and verb, in the document and at the router.
std::set<std::string> documented(const json::Value& document) {
  std::set<std::string> all;
  for (const json::Value& path : document.find("paths")->items) {
    for (const json::Value& operation : path.items) all.insert(operation.name + " " + path.name);
  }
  return all;
}
std::set<std::string> answered(const http::Dispatcher& dispatcher) {
  std::set<std::string> all;
  for (const OperationRoute& route : dispatcher.routes())
    all.insert(lower_case(name_of(route.route.verb)) + " " + std::string(route.route.path));
  for (const auto& [path, document] : dispatcher.documents()) all.insert("get " + path);
  return all;
}

/// Every `$ref` of the document.
void collect_references(const json::Value& value, std::vector<std::string>& out) {
  if (value.name == "$ref") out.push_back(value.text);
  for (const json::Value& item : value.items) collect_references(item, out);
}

}  // namespace

TEST_CASE("every route is documented, and every documented route is there") {
  const DocumentedShop shop;
  CHECK(answered(shop.dispatcher).size() > 20);
  CHECK(documented(shop.document) == answered(shop.dispatcher));
}

TEST_CASE("internal operations are documented on service listeners only") {
  const DocumentedShop with_internal(true);
  CHECK(documented(with_internal.document) == answered(with_internal.dispatcher));
  CHECK(documented(with_internal.document).contains("post /internal/inventory/quote"));
  CHECK(!documented(DocumentedShop().document).contains("post /internal/inventory/quote"));
}

TEST_CASE("the same routes give the same document") {
  DocumentedShop one;
  auto routes = one.shop.host().routes();
  std::reverse(routes.begin(), routes.end());
  CHECK(http::openapi_document("Shop", "1.2.3", routes) == one.text);
}

TEST_CASE("every reference of the document leads somewhere, and no schema is left over") {
  const DocumentedShop shop(true);
  std::vector<std::string> references;
  collect_references(shop.document, references);
  REQUIRE(!references.empty());
  for (const std::string& reference : references) {
    INFO(reference);
    CHECK(shop.check.at(std::string_view(reference).substr(1)) != nullptr);
  }
  for (const json::Value& schema : shop.check.at("/components/schemas")->items) {
    INFO(schema.name);
    CHECK(std::find(references.begin(), references.end(), "#/components/schemas/" + schema.name) != references.end());
  }
}

TEST_CASE("what the encoder writes for any request satisfies the documented schema") {
  const DocumentedShop shop(true);
  for_each_shop_operation([&]<Operation Op>() {
    INFO(Op::name);
    const json::Value& operation = shop.operation(Op::route);
    for (const bool is_full : {false, true}) {
      const EncodedRequest request = encode_request(example<Op>({}, is_full));
      const json::Value* body = operation.find("requestBody");
      if (Op::route.verb == Verb::get || Op::route.body == BodyFormat::form) continue;
      if (body == nullptr) {
        CHECK(request.body == "{}");
        continue;
      }
      const json::Value& schema = *body->find("content")->find("application/json")->find("schema");
      CHECK(test::SchemaCheck(shop.document).problems(schema, json::parse(request.body).value()) == std::vector<std::string>{});
    }
  });
}

TEST_CASE("what the encoder writes for any reply satisfies the documented schema") {
  const DocumentedShop shop(true);
  for_each_shop_operation([&]<Operation Op>() {
    INFO(Op::name);
    const json::Value* response = shop.operation(Op::route).find("responses")->find(std::to_string(Op::route.success_status()));
    REQUIRE(response != nullptr);
    const json::Value& schema = *response->find("content")->find("application/json")->find("schema");
    for (const bool is_full : {false, true}) {
      const Answer answer = encode_reply<Op>(example<typename Op::Reply>({}, is_full));
      CHECK(test::SchemaCheck(shop.document).problems(schema, json::parse(answer.body).value()) == std::vector<std::string>{});
      CHECK((response->find("headers")->find("ETag") != nullptr) == !answer.etag.empty());
      CHECK((response->find("headers")->find("Location") != nullptr) == !answer.location.empty());
    }
  });
}

TEST_CASE("every member of a request is a parameter or part of its body") {
  const DocumentedShop shop(true);
  for_each_shop_operation([&]<Operation Op>() {
    const json::Value& operation = shop.operation(Op::route);
    for_each_field<Op>([&](const auto& field) {
      INFO(Op::name << " " << field.name);
      if (is_path_member(Op::route.path, field.name)) {
        CHECK(has_parameter(operation, "path", field.name));
      } else if (Op::route.verb == Verb::get) {
        CHECK(has_parameter(operation, "query", field.name));
      } else {
        const json::Value* content = operation.find("requestBody")->find("content");
        const std::string reference = content->items.at(0).find("schema")->find("$ref")->text;
        CHECK(shop.check.at(reference.substr(1) + "/properties/" + std::string(field.name)) != nullptr);
      }
    });
  });
}

TEST_CASE("a request's schema refuses unknown members, wrong types, and what is missing or out of its limits") {
  const DocumentedShop shop;
  const json::Value& schema = *shop.check.at("/components/schemas/order.PlaceOrderRequest");
  const auto accepts = [&](std::string_view body) {
    return test::SchemaCheck(shop.document).problems(schema, json::parse(body).value()).empty();
  };
  CHECK(accepts(R"({"items":[{"product_id":"p1","quantity":1}]})"));
  CHECK(accepts(R"({"items":[{"product_id":"p1","quantity":1000}],"payment_token":null})"));
  CHECK(!accepts(R"({})"));
  CHECK(!accepts(R"({"items":[]})"));
  CHECK(!accepts(R"({"items":[{"product_id":"p1","quantity":0}]})"));
  CHECK(!accepts(R"({"items":[{"product_id":"p1","quantity":1001}]})"));
  CHECK(!accepts(R"({"items":[{"product_id":"p1","quantity":"1"}]})"));
  CHECK(!accepts(R"({"items":[{"product_id":"p1","quantity":1,"price":0}]})"));
  CHECK(!accepts(R"({"items":[{"product_id":"p1","quantity":1}],"colour":"red"})"));
}

TEST_CASE("every declared error is documented under its status") {
  const DocumentedShop shop(true);
  for (const OperationRoute& route : shop.dispatcher.routes()) {
    CHECK(shop.operation(route.route).find("responses")->find("400") != nullptr);
    for (const ErrorCode& error : route.errors) {
      INFO(route.operation << " " << error.code);
      const json::Value* response =
          shop.operation(route.route).find("responses")->find(std::to_string(http::status_of(error.kind)));
      REQUIRE(response != nullptr);
      const auto& codes = response->find("x-codes")->items;
      CHECK(std::any_of(codes.begin(), codes.end(), [&](const json::Value& code) { return code.text == error.code; }));
    }
  }
}

TEST_CASE(
    "the problems that a request meets before its operation are documented, with their codes, and have the documented form") {
  const DocumentedShop shop;
  struct Wrong {
    std::string body;
    std::string type;
  };
  const std::vector<Wrong> wrongs{{"{", "application/json"},
                                  {"{}", "application/json"},
                                  {"{}", "text/plain"},
                                  {R"({"items":[{"product_id":"p1","quantity":0}]})", "application/json"}};
  const json::Value& responses = *shop.operation(order::PlaceOrder::route).find("responses");
  for (const Wrong& wrong : wrongs) {
    INFO(wrong.body << " as " << wrong.type);
    const http::Response response = shop.send("POST", "/orders", wrong.body, wrong.type);
    const json::Value problem = json::parse(response.body).value();
    const json::Value* documented = responses.find(std::to_string(response.status));
    REQUIRE(documented != nullptr);
    const auto& codes = documented->find("x-codes")->items;
    CHECK(std::any_of(codes.begin(), codes.end(),
                      [&](const json::Value& code) { return code.text == problem.find("code")->text; }));
    CHECK(test::SchemaCheck(shop.document).problems(*shop.check.at("/components/schemas/Problem"), problem) ==
          std::vector<std::string>{});
  }
}

TEST_CASE("only operations that anyone may call need no token") {
  const DocumentedShop shop(true);
  for (const OperationRoute& route : shop.dispatcher.routes()) {
    INFO(route.operation);
    CHECK(shop.operation(route.route).find("security")->items.empty() == (route.access == Access::anyone));
  }
}

TEST_CASE("headers are documented where they are honoured") {
  const DocumentedShop shop;
  CHECK(refers_to_parameter(shop.operation(order::PlaceOrder::route), "IdempotencyKey"));
  CHECK(refers_to_parameter(shop.operation(order::PlaceOrder::route), "Prefer"));
  CHECK(refers_to_parameter(shop.operation(order::GetOrder::route), "IfNoneMatch"));
  CHECK(!refers_to_parameter(shop.operation(order::GetOrder::route), "IdempotencyKey"));
  CHECK(!refers_to_parameter(shop.operation(order::CancelOrder::route), "Prefer"));
  CHECK(!refers_to_parameter(shop.operation(user::GetUser::route), "IfNoneMatch"));
}

TEST_CASE("a form's optional members may be left out, and are never null") {
  SamplePort port;
  const json::Value document = parse_document(http::openapi_document("Sample", "1", routes_of<SampleContract>(port)));
  const test::SchemaCheck check(document);
  const json::Value* content = check.at("/paths/~1grant/post/requestBody/content");
  REQUIRE(content != nullptr);
  CHECK(content->items.at(0).name == "application/x-www-form-urlencoded");
  const json::Value* form = check.at("/components/schemas/GrantRequest");
  REQUIRE(form != nullptr);
  const json::Value& password = *form->find("properties")->find("password");
  CHECK(password.find("type")->text == "string");
  CHECK(password.find("format")->text == "password");
  CHECK(password.find("minLength")->integer == 8);
  CHECK(form->find("required")->items.size() == 1);
}

TEST_CASE("lists in lists and messages that may be null have their schemas") {
  SamplePort port;
  const json::Value document = parse_document(http::openapi_document("Sample", "1", routes_of<SampleContract>(port)));
  const json::Value* schema = test::SchemaCheck(document).at("/components/schemas/Grant.Reply");
  REQUIRE(schema != nullptr);
  const auto accepts = [&](std::string_view reply) {
    return test::SchemaCheck(document).problems(*schema, json::parse(reply).value()).empty();
  };
  CHECK(accepts(encode(example<Grant::Reply>({}, false))));
  CHECK(accepts(encode(example<Grant::Reply>({}, true))));
  CHECK(accepts(R"({"table":[],"holder":null,"is_new":true,"of_a_newer_version":1})"));
  CHECK(!accepts(R"({"table":[["x"]],"holder":null,"is_new":true})"));
  CHECK(!accepts(R"({"table":[],"holder":{},"is_new":true})"));
  CHECK(!accepts(R"({"table":[],"is_new":true})"));
}
