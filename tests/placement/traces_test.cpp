#include "observe/trace.hpp"
#include "support/catch.hpp"
#include "support/shop.hpp"
#include "support/span_trees.hpp"

using namespace seamline;
using test::Shop;

namespace {

const std::array<std::string, 4> modules{"user", "order", "payment", "inventory"};

test::ShopOptions placed(unsigned number, observe::Tracer& tracer, test::ShopOptions options) {
  options.tracer = &tracer;
  for (std::size_t i = 0; i < modules.size(); ++i) {
    if ((number >> i & 1U) != 0) options.looped_back.insert(modules[i]);
  }
  return options;
}

/// A shop with customer and goods, and the spans of what a test does in it.
struct TracedShop {
  explicit TracedShop(unsigned placement, test::ShopOptions options = {}) : shop(placed(placement, tracer, std::move(options))) {
    ada = shop.add_user();
    shop.add_product("p1", 10);
    shop.settle();
    (void)tracer.take(1'000);
  }

  CallContext in_new_trace() {
    CallContext context = Shop::as_user(ada);
    context.traceparent = tracer.root().text();
    return context;
  }
  order::OrderId place(const std::string& token, std::int64_t quantity = 1) {
    return shop.orders().call(in_new_trace(), order::PlaceOrder{{{{"p1"}, quantity}}, token, std::nullopt}).value().order_id;
  }
  std::string trees() {
    shop.settle();
    return test::span_trees(tracer.take(10'000));
  }

  test::ManualClock clock;
  SeededRandom random{7};
  observe::Tracer tracer{{}, clock, random};
  Shop shop;
  user::UserId ada;
};

/// Every kind of order, each with the traces that it leaves.
std::string play(unsigned placement) {
  TracedShop traced(placement);
  Shop& shop = traced.shop;
  std::string story;
  const auto tell = [&](const char* title) { story += std::string("== ") + title + "\n" + traced.trees(); };
  traced.place("tok_ok");
  tell("confirmed");
  traced.place("tok_declined");
  tell("declined");
  traced.place("tok_ok", 100);
  tell("out of stock");
  traced.place("tok_timeout");
  tell("unanswered");
  shop.clock.advance_ms(1'000);
  tell("answered by the worker");
  (void)shop.orders().call(traced.in_new_trace(), order::GetOrder{{"nobody's"}});
  (void)shop.products().call(traced.in_new_trace(), inventory::AddProduct{{"p9"}, "Refused", 1, "EUR", 1});
  tell("refused");
  return story;
}

/// An order that runs out of time: the timer cancels it, and payment's worker takes back what it had intended.
std::string play_overdue(unsigned placement) {
  // The provider is not asked again before, or the two would race.
  test::ShopOptions options;
  options.payment.retry_ms = 60'000;
  options.order.deadline_ms = 10'000;
  TracedShop traced(placement, options);
  traced.place("tok_timeout");
  (void)traced.trees();
  traced.shop.clock.advance_ms(11'000);
  return traced.trees();
}

}  // namespace

TEST_CASE("every placement of the four modules leaves the same spans of the same order") {
  const std::string everything_local = play(0);
  INFO(everything_local);
  const std::string confirmed = R"(== confirmed
client test -> order.place_order
  server order.place_order
    client order -> inventory.quote
      server inventory.quote
    client order -> user.get_profile
      server user.get_profile
    consumer order.OrderCreated.v1 -> inventory
)";
  CHECK(everything_local.starts_with(confirmed));
  for (unsigned number = 1; number < 16; ++number) {
    INFO(number);
    CHECK(play(number) == everything_local);
  }
}

TEST_CASE("every placement leaves the same spans of an order that runs out of time") {
  const std::string everything_local = play_overdue(0);
  CHECK(everything_local.starts_with(R"(internal order timer order.deadline
  consumer order.OrderCancelled.v1 -> inventory
  consumer order.OrderCancelled.v1 -> payment
internal payment worker provider
)"));
  for (unsigned number = 1; number < 16; ++number) {
    INFO(number);
    CHECK(play_overdue(number) == everything_local);
  }
}

TEST_CASE("who is not recorded leaves no span in any placement, and hands its trace on") {
  for (const unsigned placement : {0U, 15U}) {
    TracedShop traced(placement);
    CallContext context = Shop::as_user(traced.ada);
    context.traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";
    (void)traced.shop.orders().call(context, order::PlaceOrder{{{{"p1"}, 1}}, "tok_ok", std::nullopt}).value();
    CHECK(traced.trees().empty());
    traced.shop.store_of("inventory").read([&](store::View& view) {
      auto row = view.rows().query("SELECT trace FROM event_log ORDER BY seq DESC LIMIT 1");
      REQUIRE(row.next());
      CHECK(row.text(0) == context.traceparent);
    });
  }
}
