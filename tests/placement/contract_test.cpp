#include "support/books.hpp"
#include "support/catch.hpp"

/// One body for each module's contract, run against the module itself, against it through bytes, and against it over a socket.
using namespace seamline;
using test::Shop;

namespace {

/// Runs the body under Local, under Loopback and under Http.
template <class Body>
void under_every_runner(const std::string& module, Body body) {
  for (const std::string runner : {"Local", "Loopback", "Http"}) {
    INFO(runner);
    test::ShopOptions options;
    if (runner != "Local") options.looped_back = {module};
    options.over_http = runner == "Http";
    Shop shop(options);
    body(shop);
  }
}

template <class Reply>
std::string code_of(const Result<Reply>& reply) {
  return reply ? std::string("ok") : reply.error().code;
}

CallContext with_key(CallContext context, const std::string& key) {
  context.idempotency_key = key;
  return context;
}

}  // namespace

TEST_CASE("contract of user: registering, reading, and what is refused") {
  under_every_runner("user", [](Shop& shop) {
    auto& users = shop.users();
    const auto registered = users.call({}, user::RegisterUser{"Ada@Example.org", {"long enough"}, "Ada \"L\" \xC3\xA9\n"});
    REQUIRE(registered.has_value());
    CHECK(registered->name == "Ada \"L\" \xC3\xA9\n");
    CHECK(code_of(users.call({}, user::RegisterUser{"ADA@example.org", {"long enough"}, "Eve"})) == "user.email_taken");
    CHECK(code_of(users.call({}, user::RegisterUser{"nobody", {"long enough"}, "Eve"})) == "user.email_invalid");
    CHECK(users.call(Shop::as_user(registered->id), user::GetUser{registered->id}).value().email == registered->email);
    CHECK(code_of(users.call(Shop::as_user({"somebody else"}), user::GetUser{registered->id})) == "user.not_found");
    CHECK(code_of(users.call({}, user::GetUser{registered->id})) == "request.unauthenticated");
    CHECK(users.call(Shop::admin(), user::GetProfile{registered->id}).value().name == registered->name);
    CHECK(code_of(users.call(Shop::admin(), user::GetProfile{{"nobody"}})) == "user.not_found");
    CHECK(code_of(users.call(Shop::admin(), user::GetUser{{"a/b?c=d&e #%\xC3\xA9"}})) == "user.not_found");
  });
}

TEST_CASE("contract of inventory: products, stock, quotes and pages") {
  under_every_runner("inventory", [](Shop& shop) {
    auto& products = shop.products();
    const inventory::AddProduct add{{"p/1 \xC3\xA9"}, "A thing", 250, "EUR", 10};
    CHECK(code_of(products.call({}, add)) == "request.unauthenticated");
    CHECK(code_of(products.call(Shop::as_user({"u1"}), add)) == "request.forbidden");
    CHECK(products.call(Shop::admin(), add).value().available == 10);
    CHECK(code_of(products.call(Shop::admin(), add)) == "inventory.product_exists");
    CHECK(products.call({}, inventory::GetProduct{add.product_id}).value().name == "A thing");
    CHECK(code_of(products.call({}, inventory::GetProduct{{"nothing"}})) == "inventory.not_found");
    CHECK(products.call(Shop::admin(), inventory::Restock{add.product_id, 5}).value().on_hand == 15);
    CHECK(code_of(products.call(Shop::admin(), inventory::Restock{add.product_id, inventory::max_stock})) ==
          "inventory.stock_too_large");
    CHECK(code_of(products.call(Shop::admin(), inventory::Restock{{"nothing"}, 1})) == "inventory.not_found");
    shop.add_product("p2", 1, 3, "USD");
    const auto quotes = products.call(Shop::admin(), inventory::Quote{{{"p2"}, {"nothing"}, add.product_id}}).value().items;
    REQUIRE(quotes.size() == 2);
    CHECK(quotes[0].currency == "USD");
    CHECK(quotes[1].unit_price_minor == 250);
    inventory::ListProducts list;
    list.limit = 1;
    const auto page = products.call({}, list).value();
    REQUIRE(page.next_cursor.has_value());
    list.cursor = page.next_cursor;
    CHECK(products.call({}, list).value().items.at(0).product_id.text == "p2");
    CHECK_FALSE(products.call({}, list).value().next_cursor.has_value());
  });
}

TEST_CASE("contract of order: what it answers, and to whom") {
  under_every_runner("order", [](Shop& shop) {
    auto& orders = shop.orders();
    const auto ada = shop.add_user();
    const auto me = Shop::as_user(ada);
    shop.add_product("p1", 10);
    shop.add_product("dollars", 10, 1, "USD");
    const auto place = [&](const CallContext& context, std::vector<order::Item> items,
                           std::optional<user::UserId> user_id = std::nullopt) {
      return orders.call(context, order::PlaceOrder{std::move(items), std::nullopt, std::move(user_id)});
    };
    CHECK(code_of(place({}, {{{"p1"}, 1}})) == "request.unauthenticated");
    CHECK(code_of(place(Shop::admin(), {{{"p1"}, 1}})) == "order.user_required");
    CHECK(code_of(place(me, {{{"p1"}, 1}}, user::UserId{"another"})) == "order.not_your_user");
    CHECK(code_of(place(Shop::admin(), {{{"p1"}, 1}}, user::UserId{"nobody"})) == "order.user_unknown");
    CHECK(code_of(place(me, {{{"nothing"}, 1}})) == "order.product_unknown");
    CHECK(code_of(place(me, {{{"p1"}, 1}, {{"dollars"}, 1}})) == "order.currency_mixed");
    CHECK(code_of(place(me, {{{"p1"}, 600}, {{"p1"}, 600}})) == "order.quantity_too_large");
    const auto placed = place(Shop::admin(), {{{"p1"}, 1}, {{"p1"}, 1}}, ada).value();
    CHECK(placed.items.size() == 1);
    CHECK(placed.total_minor == 500);
    CHECK(code_of(orders.call(Shop::as_user({"eve"}), order::GetOrder{placed.order_id})) == "order.not_found");
    CHECK(code_of(orders.call(me, order::CountOrders{})) == "request.forbidden");
    CHECK(orders.call(Shop::admin(), order::CountOrders{}).value().placed == 1);
    CHECK(code_of(orders.call(me, order::AddItem{placed.order_id, {"p1"}, 1})) == "order.not_pending");
    shop.settle();
    CHECK(code_of(orders.call(me, order::CancelOrder{placed.order_id})) == "order.already_confirmed");
    CHECK(orders.call(me, order::GetTimeline{placed.order_id}).value().items.size() == 4);

    const auto draft = orders.call(me, order::StartDraft{}).value();
    const auto empty = orders.call(me, order::PlaceDraft{draft.order_id, std::nullopt});
    CHECK(code_of(empty) == "order.empty");
    CHECK(empty.error().kind == Kind::conflict);
    CHECK(empty.error().detail == "Cannot place empty order");
    order::ListOrders pending;
    pending.status = order::OrderStatus::pending;
    CHECK(orders.call(me, pending).value().items.at(0).order_id == draft.order_id);
  });
}

TEST_CASE("contract of order: an idempotency key gives the first answer again, and says so") {
  under_every_runner("order", [](Shop& shop) {
    const auto ada = shop.add_user();
    shop.add_product("p1", 10);
    CallNotes notes;
    auto me = with_key(Shop::as_user(ada), "k1");
    me.notes = &notes;
    const order::PlaceOrder operation{{{{"p1"}, 1}}, std::nullopt, std::nullopt};
    const auto first = shop.orders().call(me, operation).value();
    CHECK_FALSE(notes.replayed);
    CHECK(shop.orders().call(me, operation).value().order_id == first.order_id);
    CHECK(notes.replayed);
    CHECK(code_of(shop.orders().call(me, order::PlaceOrder{{{{"p1"}, 2}}, std::nullopt, std::nullopt})) ==
          "idempotency.key_reused");
    CHECK(shop.orders().call(with_key(Shop::as_user(shop.add_user("eve@example.org")), "k1"), operation).value().order_id !=
          first.order_id);
  });
}

TEST_CASE("contract of order: a call whose deadline has passed is not run, and says so") {
  under_every_runner("order", [](Shop& shop) {
    const auto ada = shop.add_user();
    auto me = Shop::as_user(ada);
    me.deadline = shop.clock.monotonic();
    const auto late = shop.orders().call(me, order::StartDraft{});
    CHECK(code_of(late) == "call.deadline_exceeded");
    CHECK(late.error().kind == Kind::deadline_exceeded);
    CHECK_FALSE(late.error().may_have_run);
    CHECK(shop.orders().call(Shop::admin(), order::CountOrders{}).value().pending == 0);
  });
}

TEST_CASE("contract of payment: payments and invoices are their owner's") {
  under_every_runner("payment", [](Shop& shop) {
    const auto ada = shop.add_user();
    shop.add_product("p1", 10);
    const auto placed = shop.place(ada, {{{"p1"}, 2}});
    const auto me = Shop::as_user(ada);
    CHECK(shop.payments().call(me, payment::FindPayments{{placed.order_id.text}}).value().items.empty());
    CHECK(code_of(shop.payments().call(me, payment::GetInvoice{{placed.order_id.text}})) == "payment.no_invoice");
    shop.settle();
    const auto found = shop.payments().call(me, payment::FindPayments{{placed.order_id.text}}).value().items.at(0);
    CHECK(found.status == payment::PaymentStatus::captured);
    CHECK(shop.payments().call(me, payment::GetPayment{found.payment_id}).value().amount_minor == 500);
    CHECK(shop.payments().call(me, payment::GetInvoice{{placed.order_id.text}}).value().amount_minor == 500);
    CHECK(code_of(shop.payments().call(Shop::as_user({"eve"}), payment::GetPayment{found.payment_id})) == "payment.not_found");
    CHECK(code_of(shop.payments().call(me, payment::GetPayment{{"nothing"}})) == "payment.not_found");
    CHECK(code_of(shop.payments().call({}, payment::FindPayments{{"x"}})) == "request.unauthenticated");
  });
}
