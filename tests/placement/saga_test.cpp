#include "support/books.hpp"
#include "support/catch.hpp"

using namespace seamline;
using order::OrderStatus;
using payment::PaymentStatus;
using test::Shop;

TEST_CASE("an order is charged, reserved, confirmed and invoiced") {
  Shop shop;
  const auto ada = shop.add_user();
  shop.add_product("p1", 10);

  const auto placed = shop.place(ada, {{{"p1"}, 3}});
  CHECK(placed.status == OrderStatus::placed);
  CHECK(placed.user_name == "Ada");
  CHECK(placed.total_minor == 750);
  shop.settle();

  const auto order = shop.order(placed.order_id);
  CHECK(order.status == OrderStatus::confirmed);
  CHECK(order.version == 4);
  const auto payment = shop.payment_of(placed.order_id);
  CHECK(payment.status == PaymentStatus::captured);
  CHECK(payment.amount_minor == 750);
  const auto product = shop.product("p1");
  CHECK(product.on_hand == 7);
  CHECK(product.reserved == 0);
  const auto invoice = shop.payments().call(Shop::admin(), payment::GetInvoice{{placed.order_id.text}});
  REQUIRE(invoice.has_value());
  CHECK(invoice->amount_minor == 750);
  CHECK(shop.balance("provider") == 750);
  CHECK(shop.balance("settlement") == 0);
  CHECK(shop.balance("revenue") == -750);
}

TEST_CASE("a declined payment cancels the order and touches no stock") {
  Shop shop;
  const auto ada = shop.add_user();
  shop.add_product("p1", 10);
  const auto placed = shop.place(ada, {{{"p1"}, 3}}, "tok_declined");
  shop.settle();

  const auto order = shop.order(placed.order_id);
  CHECK(order.status == OrderStatus::cancelled);
  CHECK(order.reason == "payment_declined");
  CHECK(shop.payment_of(placed.order_id).status == PaymentStatus::failed);
  CHECK(shop.product("p1").available == 10);
  CHECK(shop.balance("provider") == 0);
}

TEST_CASE("an order beyond the stock is refunded once and cancelled") {
  Shop shop;
  const auto ada = shop.add_user();
  shop.add_product("p1", 2);
  shop.add_product("p2", 100);
  const auto placed = shop.place(ada, {{{"p2"}, 1}, {{"p1"}, 3}});
  shop.settle();

  CHECK(shop.order(placed.order_id).status == OrderStatus::cancelled);
  CHECK(shop.order(placed.order_id).reason == "out_of_stock");
  CHECK(shop.payment_of(placed.order_id).status == PaymentStatus::refunded);
  CHECK(shop.balance("provider") == 0);
  CHECK(shop.balance("settlement") == 0);
  // All lines or none: the product that was there is free again.
  CHECK(shop.product("p2").available == 100);
}

TEST_CASE("a cancel before anything happened charges nothing") {
  Shop shop;
  const auto ada = shop.add_user();
  shop.add_product("p1", 10);
  const auto placed = shop.place(ada, {{{"p1"}, 3}});
  const auto cancelled = shop.orders().call(Shop::as_user(ada), order::CancelOrder{placed.order_id});
  REQUIRE(cancelled.has_value());
  CHECK(cancelled->status == OrderStatus::cancelled);
  shop.settle();
  CHECK(shop.order(placed.order_id).status == OrderStatus::cancelled);
  CHECK(shop.balance("provider") == 0);
  CHECK(shop.balance("settlement") == 0);
  CHECK(shop.product("p1").available == 10);
}

TEST_CASE("a confirmed order cannot be cancelled") {
  Shop shop;
  const auto ada = shop.add_user();
  shop.add_product("p1", 10);
  const auto placed = shop.place(ada, {{{"p1"}, 3}});
  shop.settle();
  const auto refused = shop.orders().call(Shop::as_user(ada), order::CancelOrder{placed.order_id});
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == "order.already_confirmed");
  CHECK(shop.order(placed.order_id).status == OrderStatus::confirmed);
}

TEST_CASE("an unanswered charge stays pending, is repeated under its key, and the order is confirmed") {
  Shop shop;
  const auto ada = shop.add_user();
  shop.add_product("p1", 10);
  const auto placed = shop.place(ada, {{{"p1"}, 1}}, "tok_timeout");
  shop.settle();
  CHECK(shop.payment_of(placed.order_id).status == PaymentStatus::pending);
  CHECK(shop.order(placed.order_id).status == OrderStatus::placed);
  shop.clock.advance_ms(1'000);
  shop.settle();
  CHECK(shop.payment_of(placed.order_id).status == PaymentStatus::captured);
  CHECK(shop.order(placed.order_id).status == OrderStatus::confirmed);
  CHECK(shop.balance("provider") == 250);
}

TEST_CASE("a cancel of an order whose charge went unanswered learns that the money was taken, and gives it back") {
  Shop shop;
  const auto ada = shop.add_user();
  shop.add_product("p1", 10);
  const auto placed = shop.place(ada, {{{"p1"}, 1}}, "tok_timeout");
  shop.settle();
  REQUIRE(shop.orders().call(Shop::as_user(ada), order::CancelOrder{placed.order_id}).has_value());
  shop.settle();
  shop.clock.advance_ms(120'000);
  shop.settle();
  CHECK(shop.payment_of(placed.order_id).status == PaymentStatus::refunded);
  CHECK(shop.balance("provider") == 0);
  CHECK(shop.balance("settlement") == 0);
  CHECK(shop.order(placed.order_id).status == OrderStatus::cancelled);
  CHECK(shop.product("p1").available == 10);
}

TEST_CASE("an order that is not settled by its deadline is cancelled, and a late success is undone") {
  Shop shop;
  const auto ada = shop.add_user();
  shop.add_product("p1", 10);
  const auto placed = shop.place(ada, {{{"p1"}, 1}}, "tok_timeout");
  shop.settle();
  shop.clock.advance_ms(61'000);
  shop.settle();
  const auto order = shop.order(placed.order_id);
  CHECK(order.status == OrderStatus::cancelled);
  CHECK(order.reason == "deadline_passed");
  shop.clock.advance_ms(120'000);
  shop.settle();
  CHECK(shop.payment_of(placed.order_id).status == PaymentStatus::refunded);
  CHECK(shop.balance("provider") == 0);
  CHECK(shop.product("p1").available == 10);
}

TEST_CASE("an order is composed step by step, and an empty one is not placed") {
  Shop shop;
  const auto ada = shop.add_user();
  shop.add_product("p1", 10);
  const auto me = Shop::as_user(ada);
  const auto draft = shop.orders().call(me, order::StartDraft{});
  REQUIRE(draft.has_value());
  CHECK(draft->status == OrderStatus::pending);

  const auto empty = shop.orders().call(me, order::PlaceDraft{draft->order_id, std::nullopt});
  REQUIRE_FALSE(empty.has_value());
  CHECK(empty.error().detail == "Cannot place empty order");
  CHECK(empty.error().kind == Kind::conflict);

  REQUIRE(shop.orders().call(me, order::AddItem{draft->order_id, {"p1"}, 2}).has_value());
  REQUIRE(shop.orders().call(me, order::AddItem{draft->order_id, {"p1"}, 1}).has_value());
  const auto placed = shop.orders().call(me, order::PlaceDraft{draft->order_id, std::nullopt});
  REQUIRE(placed.has_value());
  CHECK(placed->items.size() == 1);
  CHECK(placed->total_minor == 750);
  shop.settle();
  CHECK(shop.order(draft->order_id).status == OrderStatus::confirmed);
}

TEST_CASE("a draft that nobody places expires, and nobody else hears of it") {
  Shop shop;
  const auto ada = shop.add_user();
  const auto draft = shop.orders().call(Shop::as_user(ada), order::StartDraft{}).value();
  shop.clock.advance_ms(25LL * 3600 * 1000);
  shop.settle();
  CHECK(shop.order(draft.order_id).status == OrderStatus::cancelled);
  CHECK(shop.host().store_of("order").log().head().seq == 0);
}

TEST_CASE("what was placed before a restart is settled after it") {
  Shop shop;
  const auto ada = shop.add_user();
  shop.add_product("p1", 10);
  const auto placed = shop.place(ada, {{{"p1"}, 3}});
  shop.stop();
  shop.start();
  shop.settle();
  CHECK(shop.order(placed.order_id).status == OrderStatus::confirmed);
  CHECK(shop.product("p1").on_hand == 7);
}

TEST_CASE("another user's order is not found, not listed and not cancelled") {
  Shop shop;
  const auto ada = shop.add_user();
  const auto eve = shop.add_user("eve@example.org");
  shop.add_product("p1", 10);
  const auto placed = shop.place(ada, {{{"p1"}, 1}});
  const auto as_eve = Shop::as_user(eve);
  CHECK(shop.orders().call(as_eve, order::GetOrder{placed.order_id}).error().code == "order.not_found");
  CHECK(shop.orders().call(as_eve, order::GetTimeline{placed.order_id}).error().code == "order.not_found");
  CHECK(shop.orders().call(as_eve, order::CancelOrder{placed.order_id}).error().code == "order.not_found");
  CHECK(shop.orders().call(as_eve, order::ListOrders{}).value().items.empty());
  shop.settle();
  CHECK(shop.payments().call(as_eve, payment::FindPayments{{placed.order_id.text}}).value().items.empty());
  CHECK(shop.payments().call(as_eve, payment::GetInvoice{{placed.order_id.text}}).error().code == "payment.no_invoice");
  CHECK(shop.users().call(as_eve, user::GetUser{ada}).error().code == "user.not_found");
}

TEST_CASE("one idempotency key places one order, and refuses another body") {
  Shop shop;
  const auto ada = shop.add_user();
  shop.add_product("p1", 10);
  auto me = Shop::as_user(ada);
  me.idempotency_key = "k1";
  const order::PlaceOrder operation{{{{"p1"}, 1}}, std::nullopt, std::nullopt};
  const auto first = shop.orders().call(me, operation);
  shop.settle();
  const auto again = shop.orders().call(me, operation);
  REQUIRE(first.has_value());
  REQUIRE(again.has_value());
  CHECK(first->order_id == again->order_id);
  const auto other = shop.orders().call(me, order::PlaceOrder{{{{"p1"}, 2}}, std::nullopt, std::nullopt});
  CHECK(other.error().code == "idempotency.key_reused");
  CHECK(shop.orders().call(Shop::admin(), order::CountOrders{}).value().confirmed == 1);
}

TEST_CASE("the read model rebuilt from the events equals the live one, byte for byte") {
  Shop shop;
  const auto ada = shop.add_user();
  shop.add_product("p1", 3);
  for (const char* token : {"tok_ok", "tok_declined", "tok_ok", "tok_timeout"}) shop.place(ada, {{{"p1"}, 2}}, token);
  (void)shop.orders().call(Shop::as_user(ada), order::StartDraft{}).value();
  shop.settle();
  const std::string live = test::read_model(shop.store_of("order"));
  CHECK(live.find("cancelled") != std::string::npos);
  test::throw_away_read_model(shop.store_of("order"));
  CHECK(test::read_model(shop.store_of("order")) != live);
  CHECK(order::rebuild_read_model(shop.host().store_of("order")).value() == 5);
  CHECK(test::read_model(shop.store_of("order")) == live);
}

namespace {

/// Makes the next capture of this order impossible, as a bug or a damaged row would.
void damage_ledger(Shop& shop, const order::OrderId& id) {
  (void)shop.store_of("payment").write({}, [&](store::Transaction& transaction) -> Result<void> {
    transaction.rows().execute(
        "INSERT INTO ledger_entries (transaction_id, account, order_id, amount_minor, currency, at_ms) "
        "VALUES ($1, 'provider', 'nobody', 0, 'EUR', 0)",
        "capture:" + id.text);
    return {};
  });
}
void mend_ledger(Shop& shop) {
  (void)shop.store_of("payment").write({}, [](store::Transaction& transaction) -> Result<void> {
    transaction.rows().execute("DELETE FROM ledger_entries WHERE order_id = 'nobody'");
    return {};
  });
}
std::int64_t dead_letters(Shop& shop, const char* state) {
  return test::count_in(shop.store_of("payment"), "SELECT count(*) FROM dead_letters WHERE state = $1", state);
}

}  // namespace

TEST_CASE("a poisoned entry holds back its own order alone, and a replay takes what waits behind it in order") {
  Shop shop;
  const auto ada = shop.add_user();
  shop.add_product("p1", 10);
  const auto before = shop.place(ada, {{{"p1"}, 1}}).order_id;
  const auto bad = shop.place(ada, {{{"p1"}, 1}}).order_id;
  const auto after = shop.place(ada, {{{"p1"}, 1}}).order_id;
  damage_ledger(shop, bad);
  shop.settle();
  CHECK(shop.order(before).status == OrderStatus::confirmed);
  CHECK(shop.order(after).status == OrderStatus::confirmed);
  CHECK(shop.order(bad).status == OrderStatus::placed);
  CHECK(dead_letters(shop, "poisoned") == 1);

  // The customer gives up; the cancel waits behind the poisoned entry, also over a restart.
  REQUIRE(shop.orders().call(Shop::as_user(ada), order::CancelOrder{bad}).has_value());
  shop.settle();
  shop.stop();
  shop.start();
  CHECK(dead_letters(shop, "parked") == 1);
  CHECK_FALSE(shop.host().consumer_of("payment", "order").replay(bad.text).has_value());
  CHECK(dead_letters(shop, "poisoned") == 1);

  mend_ledger(shop);
  CHECK(shop.host().consumer_of("payment", "order").replay(bad.text).value() == 2);
  shop.settle();
  CHECK(shop.payment_of(bad).status == PaymentStatus::refunded);
  CHECK(shop.product("p1").on_hand == 8);
  CHECK(test::check_books(shop) == "");
}

TEST_CASE("a reservation that expires while its order is being confirmed leaves the order confirmed, and nothing doubled") {
  test::ShopOptions options;
  options.inventory.reservation_ms = 1;
  Shop shop(options);
  const auto ada = shop.add_user();
  shop.add_product("p1", 10);
  const auto id = shop.place(ada, {{{"p1"}, 3}}).order_id;
  // Time passes between any two steps, so that the expiry falls in wherever it can.
  for (int i = 0; i < 40; ++i) {
    (void)shop.host().run_until_quiet(1);
    shop.clock.advance_ms(2);
  }
  shop.settle();
  const auto status = shop.order(id).status;
  CHECK((status == OrderStatus::confirmed || status == OrderStatus::cancelled));
  CHECK(shop.product("p1").on_hand == (status == OrderStatus::confirmed ? 7 : 10));
  CHECK(test::check_books(shop) == "");
}

TEST_CASE("a cancel that comes between any two steps of the saga wins or loses as a whole") {
  int confirmed = 0;
  int cancelled = 0;
  for (const char* token : {"tok_ok", "tok_timeout"}) {
    for (int steps = 0; steps < 16; ++steps) {
      Shop shop;
      const auto ada = shop.add_user();
      shop.add_product("p1", 10);
      const auto id = shop.place(ada, {{{"p1"}, 3}}, token).order_id;
      for (int i = 0; i < steps; ++i) {
        (void)shop.host().run_until_quiet(1);
        shop.clock.advance_ms(100);
      }
      const bool won = shop.orders().call(Shop::as_user(ada), order::CancelOrder{id}).has_value();
      for (int i = 0; i < 3; ++i) {
        shop.settle();
        shop.clock.advance_ms(70'000);
      }
      shop.settle();
      INFO(token << " after " << steps << " steps");
      CHECK(shop.order(id).status == (won ? OrderStatus::cancelled : OrderStatus::confirmed));
      CHECK(shop.product("p1").available == (won ? 10 : 7));
      CHECK(shop.balance("provider") == (won ? 0 : 750));
      CHECK(test::check_books(shop) == "");
      ++(won ? cancelled : confirmed);
    }
  }
  CHECK(confirmed > 0);
  CHECK(cancelled > 0);
}
