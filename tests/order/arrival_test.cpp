#include "order/module.hpp"
#include "support/books.hpp"
#include "support/catch.hpp"
#include "support/stage.hpp"

using namespace seamline;
using order::OrderStatus;
using test::Stage;

namespace {

/// Knows every user, and prices every product.
struct AnyUser final : Overrides<user::UserContract, AnyUser> {
  template <Operation Op>
  Result<typename Op::Reply> run(const CallContext&, const Op& operation) {
    if constexpr (std::is_same_v<Op, user::GetProfile>) return user::Profile{operation.id, "Ada"};
    return fail(user::errors::not_found, "Not asked for here.");
  }
};
struct AnyPrice final : Overrides<inventory::InventoryContract, AnyPrice> {
  template <Operation Op>
  Result<typename Op::Reply> run(const CallContext&, const Op& operation) {
    if constexpr (std::is_same_v<Op, inventory::Quote>) {
      inventory::Quotes quotes;
      for (const auto& id : operation.product_ids) quotes.items.push_back({id, 250, "EUR"});
      return quotes;
    }
    return fail(inventory::errors::not_found, "Not asked for here.");
  }
};

/// The order module, with payment and inventory speaking by the test's word.
class Orders {
 public:
  explicit Orders(Stage::Hearing hearing = Stage::Hearing::typed)
      : stage({test::StandIn<user::UserContract, AnyUser>::spec(), test::StandIn<inventory::InventoryContract, AnyPrice>::spec(),
               test::StandIn<payment::PaymentContract>::spec(), order::module({})},
              hearing) {
    port = &stage.host().port<order::OrderContract>("test");
    stage.open();
  }

  static CallContext customer() {
    CallContext context;
    context.caller = {Role::user, "u1"};
    return context;
  }
  order::OrderId place() {
    return port->call(customer(), order::PlaceOrder{{{{"p1"}, 2}}, std::nullopt, std::nullopt}).value().order_id;
  }
  order::Order order(const order::OrderId& id) { return port->call(customer(), order::GetOrder{id}).value(); }

  void say(const std::string& word, const order::OrderId& id) {
    if (word.starts_with("reserved")) stage.publish(inventory::InventoryReserved{id});
    if (word.starts_with("expired")) stage.publish(inventory::InventoryExpired{id, "reservation_expired"});
    if (word.starts_with("payment failed")) stage.publish(payment::PaymentFailed{id, std::nullopt, "declined"});
    if (word.starts_with("refunded")) stage.publish(payment::PaymentRefunded{id, std::nullopt, std::nullopt, "out_of_stock"});
    if (word.starts_with("cancel")) (void)port->call(customer(), order::CancelOrder{id});
    if (word.starts_with("deadline")) stage.clock.advance_ms(61'000);
  }

  Stage stage;
  Port<order::OrderContract>* port = nullptr;
};

/// How an order ends by each word, where it is the first.
const std::map<std::string, std::string> endings{{"reserved", "-"},
                                                 {"expired", "reservation_expired"},
                                                 {"payment failed", "payment_declined"},
                                                 {"refunded", "out_of_stock"},
                                                 {"cancel", "cancelled_by_customer"},
                                                 {"deadline", "deadline_passed"}};

}  // namespace

TEST_CASE("whatever comes first ends an order, once, what comes later changes nothing", "[exhaustive]") {
  for (const auto hearing : {Stage::Hearing::typed, Stage::Hearing::bytes}) {
    Orders orders(hearing);
    std::vector<std::string> words;
    for (const auto& [word, reason] : endings) words.push_back(word);
    test::for_every_order_of(words, [&](const std::vector<std::string>& sequence) {
      INFO(test::joined(sequence));
      const auto id = orders.place();
      for (const std::string& word : sequence) {
        orders.say(word, id);
        orders.stage.settle();
      }
      const auto order = orders.order(id);
      CHECK(order.reason.value_or("-") == endings.at(sequence.front()));
      const bool is_confirmed = sequence.front() == "reserved";
      CHECK(order.status == (is_confirmed ? OrderStatus::confirmed : OrderStatus::cancelled));
      CHECK(order.version == 4);
      CHECK(orders.stage.heard_of<order::OrderConfirmed>(id.text) == (is_confirmed ? 1 : 0));
      CHECK(orders.stage.heard_of<order::OrderCancelled>(id.text) == (is_confirmed ? 0 : 1));
    });
    store::Store& store = orders.stage.store_of("order");
    CHECK(test::count_in(store, "SELECT count(*) FROM timers") == 0);
    CHECK(test::count_in(store, "SELECT count(*) FROM orders") == 720);
    CHECK(test::check_histories(store).empty());
    CHECK(test::check_log(store).empty());
    CHECK(test::rebuilds_alike(store));
  }
}

TEST_CASE("words of two kinds that are heard in one transaction end an order once") {
  Orders orders;
  for (const auto& [first, one_reason] : endings) {
    for (const auto& [second, other_reason] : endings) {
      if (first == "deadline" || second == "deadline") continue;
      INFO(first << ", " << second);
      const auto id = orders.place();
      orders.say(first, id);
      orders.say(second + " again", id);
      orders.say(first + " again", id);
      orders.stage.settle();
      CHECK(orders.order(id).version == 4);
      CHECK(orders.stage.heard_of<order::OrderConfirmed>(id.text) + orders.stage.heard_of<order::OrderCancelled>(id.text) == 1);
    }
  }
  CHECK(test::check_histories(orders.stage.store_of("order")).empty());
}

TEST_CASE("events of an order that is unknown here change nothing and are no dead letters") {
  Orders orders;
  for (const auto& [word, reason] : endings) {
    if (word != "cancel") orders.say(word, {"from elsewhere"});
  }
  orders.stage.settle();
  CHECK(test::count_in(orders.stage.store_of("order"), "SELECT count(*) FROM orders") == 0);
  CHECK(test::count_in(orders.stage.store_of("order"), "SELECT count(*) FROM event_log") == 0);
  CHECK(test::count_in(orders.stage.store_of("order"), "SELECT count(*) FROM dead_letters") == 0);
}

TEST_CASE("a draft is ended neither by what is said of money nor of goods") {
  Orders orders;
  const auto id = orders.port->call(Orders::customer(), order::StartDraft{}).value().order_id;
  for (const char* word : {"reserved", "expired", "payment failed", "refunded"}) orders.say(word, id);
  orders.stage.settle();
  CHECK(orders.order(id).status == OrderStatus::pending);
  CHECK(orders.order(id).version == 1);
}

TEST_CASE("a deadline that passed while the process was down is kept after the restart, once") {
  Orders orders;
  const auto id = orders.place();
  orders.stage.settle();
  orders.stage.clock.advance_ms(61'000);
  orders.stage.restart();
  orders.stage.settle();
  CHECK(orders.stage.heard_of<order::OrderCancelled>(id.text) == 1);
  orders.stage.restart();
  CHECK(orders.stage.heard_of<order::OrderCancelled>(id.text) == 1);
  CHECK(test::text_in(orders.stage.store_of("order"), "SELECT reason FROM orders WHERE order_id = $1", id) == "deadline_passed");
}
