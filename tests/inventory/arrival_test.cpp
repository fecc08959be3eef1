#include "inventory/module.hpp"
#include "support/books.hpp"
#include "support/catch.hpp"
#include "support/stage.hpp"

using namespace seamline;
using test::Stage;

namespace {

/// The inventory module, with order and payment speaking by the test's word. Many orders are played on one stage.
class Warehouse {
 public:
  explicit Warehouse(Stage::Hearing hearing = Stage::Hearing::typed)
      : stage(
            {test::StandIn<order::OrderContract>::spec(), test::StandIn<payment::PaymentContract>::spec(), inventory::module({})},
            hearing) {
    products = &stage.host().port<inventory::InventoryContract>("test");
    stage.open();
  }

  void add(const std::string& id, std::int64_t stock) {
    CallContext admin;
    admin.caller.role = Role::admin;
    (void)products->call(admin, inventory::AddProduct{{id}, id, 250, "EUR", stock}).value();
  }
  inventory::Product product(const std::string& id) { return products->call({}, inventory::GetProduct{{id}}).value(); }

  void say(const std::string& word, const order::OrderId& id, const std::vector<order::EventItem>& items) {
    if (word.starts_with("created")) {
      stage.publish(order::OrderCreated{id, std::nullopt, items, std::nullopt, std::nullopt, std::nullopt, std::nullopt});
    } else if (word.starts_with("paid")) {
      stage.publish(payment::PaymentSuccess{id, {"pay-" + id.text}, std::nullopt});
    } else if (word.starts_with("confirmed")) {
      stage.publish(order::OrderConfirmed{id});
    } else if (word.starts_with("cancelled")) {
      stage.publish(order::OrderCancelled{id, "cancelled_by_customer"});
    } else if (word.starts_with("time passes")) {
      stage.clock.advance_ms(16LL * 60 * 1000);
      stage.settle();
    }
  }
  std::string stock_of(const order::OrderId& id) {
    return test::text_in(stage.store_of("inventory"), "SELECT stock FROM reservations WHERE order_id = $1", id);
  }

  Stage stage;
  Port<inventory::InventoryContract>* products = nullptr;
};

}  // namespace

TEST_CASE("in whatever order its words come, a cancelled order sets nothing aside, and what it had set aside is released once",
          "[exhaustive]") {
  for (const auto hearing : {Stage::Hearing::typed, Stage::Hearing::bytes}) {
    Warehouse warehouse(hearing);
    warehouse.add("p1", 1'000);
    warehouse.add("p2", 1'000);
    int number = 0;
    for (const bool at_once : {false, true}) {
      test::for_every_order_of({"created", "created again", "paid", "paid again", "cancelled"},
                               [&](const std::vector<std::string>& words) {
                                 INFO(test::joined(words));
                                 const order::OrderId id{"o" + std::to_string(++number)};
                                 for (const std::string& word : words) {
                                   warehouse.say(word, id, {{{"p1"}, 2, 250}, {{"p2"}, 3, 250}, {{"p1"}, 1, 250}});
                                   if (!at_once) warehouse.stage.settle();
                                 }
                                 warehouse.stage.settle();
                                 const auto released = warehouse.stage.heard_of<inventory::InventoryReleased>(id.text);
                                 CHECK(warehouse.stage.heard_of<inventory::InventoryReserved>(id.text) == released);
                                 CHECK(warehouse.stock_of(id) == (released == 1 ? "released" : "untouched"));
                               });
    }
    CHECK(number == 240);
    CHECK(warehouse.product("p1").available == 1'000);
    CHECK(warehouse.product("p2").available == 1'000);
    CHECK(test::check_stock(warehouse.stage.store_of("inventory")).empty());
    CHECK(test::count_in(warehouse.stage.store_of("inventory"), "SELECT count(*) FROM timers") == 0);
  }
}

TEST_CASE("lines and payment reserve once in either order, and the confirmation that follows commits once", "[exhaustive]") {
  Warehouse warehouse;
  warehouse.add("p1", 1'000);
  int number = 0;
  test::for_every_order_of({"created", "created again", "paid", "paid again"}, [&](const std::vector<std::string>& words) {
    INFO(test::joined(words));
    const order::OrderId id{"o" + std::to_string(++number)};
    for (const std::string& word : words) {
      warehouse.say(word, id, {{{"p1"}, 2, 250}});
      warehouse.stage.settle();
    }
    CHECK(warehouse.stock_of(id) == "reserved");
    CHECK(warehouse.stage.heard_of<inventory::InventoryReserved>(id.text) == 1);
    for (const char* word : {"confirmed", "confirmed again", "paid late", "created late", "cancelled too late"}) {
      warehouse.say(word, id, {{{"p1"}, 2, 250}});
      warehouse.stage.settle();
    }
    CHECK(warehouse.stock_of(id) == "committed");
    CHECK(warehouse.stage.heard_of<inventory::InventoryReserved>(id.text) == 1);
    CHECK(warehouse.stage.heard_of<inventory::InventoryReleased>(id.text) == 0);
  });
  CHECK(warehouse.product("p1").on_hand == 1'000 - 2 * number);
  CHECK(warehouse.product("p1").reserved == 0);
  CHECK(test::check_stock(warehouse.stage.store_of("inventory")).empty());
}

TEST_CASE("a reservation that has waited too long asks once, and stays until the order's word, whichever it is") {
  for (const std::string word : {"confirmed", "cancelled"}) {
    Warehouse warehouse;
    warehouse.add("p1", 10);
    warehouse.say("created", {"o1"}, {{{"p1"}, 2, 250}});
    warehouse.say("paid", {"o1"}, {});
    warehouse.stage.settle();
    for (int i = 0; i < 3; ++i) warehouse.say("time passes", {"o1"}, {});
    CHECK(warehouse.stage.heard_of<inventory::InventoryExpired>("o1") == 1);
    CHECK(warehouse.product("p1").reserved == 2);
    warehouse.say(word, {"o1"}, {});
    warehouse.stage.settle();
    CHECK(warehouse.product("p1").reserved == 0);
    CHECK(warehouse.product("p1").on_hand == (word == "confirmed" ? 8 : 10));
    CHECK(warehouse.stage.heard_of<inventory::InventoryReleased>("o1") == (word == "confirmed" ? 0 : 1));
    CHECK(test::check_stock(warehouse.stage.store_of("inventory")).empty());
  }
}

TEST_CASE("an order of which one line cannot be had reserves none, also of a product that nobody knows") {
  Warehouse warehouse;
  warehouse.add("p1", 10);
  warehouse.add("p2", 1);
  const std::vector<std::vector<order::EventItem>> orders{
      {{{"p1"}, 1, 250}, {{"p2"}, 2, 250}}, {{{"p1"}, 1, 250}, {{"nowhere"}, 1, 250}}, {{{"p1"}, 6, 250}, {{"p1"}, 5, 250}}};
  int number = 0;
  for (const auto& items : orders) {
    const order::OrderId id{"o" + std::to_string(++number)};
    warehouse.say("created", id, items);
    warehouse.say("paid", id, {});
    warehouse.stage.settle();
    CHECK(warehouse.stock_of(id) == "refused");
    CHECK(warehouse.stage.heard_of<inventory::InventoryFailed>(id.text) == 1);
    CHECK(warehouse.stage.heard_of<inventory::InventoryReserved>(id.text) == 0);
  }
  CHECK(warehouse.product("p1").available == 10);
  CHECK(test::check_stock(warehouse.stage.store_of("inventory")).empty());
}

namespace {

/// PaymentSuccess as the guide's Python service says it: two members, and ids that are numbers.
struct ForeignPaymentSuccess {
  std::int64_t order_id = 0;
  std::int64_t payment_id = 0;
  std::string method = "card";

  static constexpr EventType type = payment::PaymentSuccess::type;
  std::string_view subject() const { return subject_; }
  std::string subject_ = std::to_string(order_id);
  static constexpr std::tuple fields{Field{"order_id", &ForeignPaymentSuccess::order_id, ""},
                                     Field{"payment_id", &ForeignPaymentSuccess::payment_id, ""},
                                     Field{"method", &ForeignPaymentSuccess::method, "Unknown here."}};
};

}  // namespace

TEST_CASE("a foreign PaymentSuccess with nothing but two numbers reserves the order's lines") {
  Warehouse warehouse(Stage::Hearing::bytes);
  warehouse.add("p1", 10);
  warehouse.say("created", {"42"}, {{{"p1"}, 2, std::nullopt}});
  warehouse.stage.say(ForeignPaymentSuccess{42, 7});
  CHECK(warehouse.stock_of({"42"}) == "reserved");
  CHECK(warehouse.product("p1").reserved == 2);
}
