#include "http/asyncapi.hpp"

#include "base/json.hpp"
#include "sample.hpp"
#include "support/catch.hpp"
#include "support/schema_check.hpp"
#include "support/shop.hpp"

using namespace seamline;

namespace {

const std::map<std::string, std::string, std::less<>> urls{{"user", "http://127.0.0.1:8101"},
                                                           {"order", "https://shop.example:8102/orders"},
                                                           {"payment", "http://127.0.0.1:8103"},
                                                           {"inventory", "http://127.0.0.1:8104/"}};

json::Value parse_document(const std::string& text) {
  auto document = json::parse(text);
  REQUIRE(document.has_value());
  return std::move(*document);
}

const json::Value& at(const json::Value& document, const std::vector<std::string>& path) {
  const json::Value* value = &document;
  for (const std::string& name : path) {
    INFO(name);
    value = value->find(name);
    REQUIRE(value != nullptr);
  }
  return *value;
}

std::vector<std::string> names_in(const std::vector<EventDescriptor>& events) {
  std::vector<std::string> names;
  for (const EventDescriptor& event : events) names.emplace_back(event.type.name);
  std::sort(names.begin(), names.end());
  return names;
}

/// An operation says that its module sends or hears this event, and every reference on the way to its schema holds.
void check_event(const json::Value& document, const std::string& operation, std::string_view action,
                 const EventDescriptor& event) {
  const std::string name = event.type.full_name();
  const std::string topic(event.topic);
  INFO(operation << " " << name);
  CHECK(at(document, {"operations", operation, "action"}).text == action);
  CHECK(at(document, {"operations", operation, "channel", "$ref"}).text == "#/channels/" + topic);
  bool is_listed = false;
  for (const json::Value& message : at(document, {"operations", operation, "messages"}).items) {
    is_listed = is_listed || at(message, {"$ref"}).text == "#/channels/" + topic + "/messages/" + name;
  }
  CHECK(is_listed);
  CHECK(at(document, {"channels", topic, "address"}).text == "/events/" + std::string(event.type.module));
  CHECK(at(document, {"channels", topic, "messages", name, "$ref"}).text == "#/components/messages/" + name);
  const std::vector<json::Value> payload = at(document, {"components", "messages", name, "payload", "allOf"}).items;
  REQUIRE(payload.size() == 2);
  CHECK(at(payload[0], {"properties", "type", "const"}).text == event.type.name);
  const std::string schema = at(payload[1], {"$ref"}).text.substr(std::string("#/components/schemas/").size());
  for (const MemberDescriptor& member : event.body->members) {
    CHECK(at(document, {"components", "schemas", schema, "properties", std::string(member.name)}).items.size() > 0);
  }
}

/// What is wrong with an event's body, by the schema of its message's members.
std::vector<std::string> problems(const json::Value& document, const std::string& schema, const std::string& body) {
  return test::SchemaCheck(document).problems(at(document, {"components", "schemas", schema}), parse_document(body));
}

}  // namespace

TEST_CASE("every event that a module publishes or hears is described, with whatever it refers to") {
  test::Shop shop;
  const std::vector<ModuleDescriptor> modules = shop.host().describe();
  const json::Value document = parse_document(http::asyncapi_document("Shop", "1.2.3", modules));
  std::size_t published = 0;
  for (const ModuleDescriptor& module : modules) {
    const std::string name(module.contract.module);
    for (const EventDescriptor& event : module.contract.events) check_event(document, name + ".publishes", "send", event);
    for (const EventDescriptor& event : module.hears) {
      check_event(document, name + ".hears." + std::string(event.topic), "receive", event);
    }
    published += module.contract.events.size();
  }
  CHECK(published == 11);
  CHECK(at(document, {"components", "messages"}).items.size() == published);
  CHECK(document.find("servers") == nullptr);
  CHECK(at(document, {"info", "version"}).text == "1.2.3");
}

TEST_CASE("a host describes what its modules registered") {
  test::Shop shop;
  std::map<std::string, ModuleDescriptor, std::less<>> modules;
  for (ModuleDescriptor& module : shop.host().describe()) modules.emplace(module.contract.module, std::move(module));
  REQUIRE(modules.size() == 4);
  CHECK(names_in(modules.at("payment").hears) ==
        std::vector<std::string>{"InventoryFailed", "OrderCancelled", "OrderConfirmed", "OrderCreated"});
  CHECK(modules.at("user").hears.empty());
  CHECK(names_in(modules.at("payment").contract.events) ==
        std::vector<std::string>{"PaymentFailed", "PaymentRefunded", "PaymentSuccess"});
  CHECK(modules.at("payment").contract.operations ==
        std::vector<std::string_view>{"payment.get_payment", "payment.find_payments", "payment.get_invoice"});
}

TEST_CASE("the topic of what is heard is its publisher's, wherever that runs") {
  test::ShopOptions options;
  options.looped_back = {"order"};
  test::Shop shop(options);
  for (const ModuleDescriptor& module : shop.host().describe()) {
    if (module.contract.module != "payment") continue;
    for (const EventDescriptor& event : module.hears)
      CHECK(event.topic == (event.type.module == "order" ? "orders" : "inventory"));
  }
}

TEST_CASE("a channel's server is its publisher's, whoever reads the document") {
  test::Shop shop;
  const json::Value document = parse_document(http::asyncapi_document("Shop", "1", shop.host().describe(), {.urls = urls}));
  CHECK(at(document, {"servers"}).items.size() == 4);
  CHECK(at(document, {"servers", "order", "host"}).text == "shop.example:8102");
  CHECK(at(document, {"servers", "order", "protocol"}).text == "https");
  CHECK(at(document, {"servers", "order", "pathname"}).text == "/orders");
  CHECK(at(document, {"servers", "inventory", "host"}).text == "127.0.0.1:8104");
  CHECK(at(document, {"servers", "inventory"}).find("pathname") == nullptr);
  CHECK(at(at(document, {"channels", "orders", "servers"}).items.at(0), {"$ref"}).text == "#/servers/order");
}

TEST_CASE("the same modules give the same bytes, in whichever order they are") {
  test::Shop shop;
  std::vector<ModuleDescriptor> modules = shop.host().describe();
  const std::string text = http::asyncapi_document("Shop", "1", modules, {.urls = urls});
  CHECK(http::asyncapi_document("Shop", "1", modules, {.urls = urls}) == text);
  std::reverse(modules.begin(), modules.end());
  CHECK(http::asyncapi_document("Shop", "1", modules, {.urls = urls}) == text);
}

TEST_CASE("the schema of an event takes what is published, and the least that a foreign service may publish") {
  test::Shop shop;
  const json::Value document = parse_document(http::asyncapi_document("Shop", "1", shop.host().describe()));
  const std::string full = encode_event(payment::PaymentSuccess{{"o1"}, {"p1"}, 250});
  CHECK(problems(document, "payment.PaymentSuccess", full).empty());
  CHECK(
      problems(document, "payment.PaymentSuccess", encode_event(payment::PaymentSuccess{{"o1"}, {"p1"}, std::nullopt})).empty());
  CHECK(problems(document, "payment.PaymentSuccess", R"({"order_id":"o1","payment_id":"p1","later":1})").empty());
  CHECK_FALSE(problems(document, "payment.PaymentSuccess", R"({"payment_id":"p1"})").empty());
  CHECK(problems(document, "order.OrderCreated", R"({"order_id":"o1","items":[{"product_id":"p1","quantity":2}]})").empty());
}

TEST_CASE("a module without events has a document too") {
  const json::Value document = parse_document(http::asyncapi_document("Nothing", "1", {}));
  CHECK(at(document, {"channels"}).items.empty());
  CHECK(at(document, {"operations"}).items.empty());
}
