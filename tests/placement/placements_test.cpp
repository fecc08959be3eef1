#include "support/books.hpp"
#include "support/catch.hpp"

using namespace seamline;
using test::Shop;

namespace {

const std::array<std::string, 4> modules{"user", "order", "payment", "inventory"};

std::set<std::string> placement(unsigned number) {
  std::set<std::string> looped_back;
  for (std::size_t i = 0; i < modules.size(); ++i) {
    if ((number >> i & 1U) != 0) looped_back.insert(modules[i]);
  }
  return looped_back;
}

std::string described(const std::set<std::string>& looped_back) {
  std::string text = "looped back:";
  for (const std::string& name : looped_back) text += " " + name;
  return text;
}

/// Everything about an order that anybody outside can see, but for ids and times.
std::string seen_of(Shop& shop, const user::UserId& customer, const order::OrderId& id) {
  const CallContext me = Shop::as_user(customer);
  std::string seen;
  order::Order order = shop.orders().call(me, order::GetOrder{id}).value();
  order.order_id = {"id"};
  order.user_id.reset();
  order.created_at = {};
  seen += encode(order) + "\n";
  const auto timeline = shop.orders().call(me, order::GetTimeline{id}).value();
  for (const auto& event : timeline.items) seen += event.type + " ";
  const auto payments = shop.payments().call(me, payment::FindPayments{{id.text}}).value();
  for (payment::Payment payment : payments.items) {
    payment.payment_id = {"id"};
    payment.order_id = {"id"};
    seen += "\n" + encode(payment);
  }
  const auto invoice = shop.payments().call(me, payment::GetInvoice{{id.text}});
  seen += "\n" + (invoice ? std::to_string(invoice->amount_minor) + invoice->currency : invoice.error().code);
  return seen + "\n";
}

/// Plays every kind of saga in one shop, and tells what came of each.
std::string play_all_sagas(Shop& shop) {
  const auto ada = shop.add_user();
  shop.add_product("p1", 10);
  shop.add_product("p2", 3, 999);
  std::string story;
  const auto tell = [&](const char* title, const order::OrderId& id) {
    story += std::string("== ") + title + "\n" + seen_of(shop, ada, id) + encode(shop.product("p1")) +
             encode(shop.product("p2")) + "\n";
  };
  const auto settle_and_tell = [&](const char* title, const order::OrderId& id) {
    shop.settle();
    tell(title, id);
  };
  settle_and_tell("confirmed", shop.place(ada, {{{"p1"}, 3}, {{"p2"}, 1}}).order_id);
  settle_and_tell("declined", shop.place(ada, {{{"p1"}, 1}}, "tok_declined").order_id);
  settle_and_tell("out of stock", shop.place(ada, {{{"p1"}, 1}, {{"p2"}, 3}}).order_id);

  const auto cancelled = shop.place(ada, {{{"p1"}, 1}}).order_id;
  (void)shop.orders().call(Shop::as_user(ada), order::CancelOrder{cancelled}).value();
  settle_and_tell("cancelled at once", cancelled);

  const auto late = shop.place(ada, {{{"p1"}, 1}}, "tok_timeout").order_id;
  settle_and_tell("unanswered", late);
  shop.clock.advance_ms(1'000);
  settle_and_tell("answered", late);

  const auto undone = shop.place(ada, {{{"p1"}, 1}}, "tok_timeout").order_id;
  shop.settle();
  (void)shop.orders().call(Shop::as_user(ada), order::CancelOrder{undone}).value();
  settle_and_tell("cancelled while unanswered", undone);

  const auto overdue = shop.place(ada, {{{"p1"}, 1}}, "tok_timeout").order_id;
  shop.settle();
  shop.clock.advance_ms(61'000);
  settle_and_tell("overdue", overdue);

  const auto draft = shop.orders().call(Shop::as_user(ada), order::StartDraft{}).value().order_id;
  (void)shop.orders().call(Shop::as_user(ada), order::AddItem{draft, {"p1"}, 2}).value();
  tell("draft", draft);
  (void)shop.orders().call(Shop::as_user(ada), order::PlaceDraft{draft, std::nullopt}).value();
  settle_and_tell("draft placed", draft);

  shop.clock.advance_ms(120'000);
  shop.settle();
  return story;
}

}  // namespace

TEST_CASE("every placement of the four modules tells the same story of every kind of order") {
  std::string everything_local;
  {
    Shop shop;
    everything_local = play_all_sagas(shop);
    CHECK(test::check_books(shop) == "");
    for (const char* outcome : {"confirmed", "payment_declined", "out_of_stock", "cancelled_by_customer", "deadline_passed"}) {
      CHECK(everything_local.find(outcome) != std::string::npos);
    }
  }
  for (unsigned number = 1; number < 16; ++number) {
    test::ShopOptions options;
    options.looped_back = placement(number);
    INFO(described(options.looped_back));
    Shop shop(options);
    CHECK(play_all_sagas(shop) == everything_local);
    CHECK(test::check_books(shop) == "");
    CHECK(test::rebuilds_alike(shop.store_of("order")));
  }
}

TEST_CASE("every placement goes on after a restart with what was under way") {
  for (unsigned number = 0; number < 16; ++number) {
    test::ShopOptions options;
    options.looped_back = placement(number);
    INFO(described(options.looped_back));
    Shop shop(options);
    const auto ada = shop.add_user();
    shop.add_product("p1", 10);
    const auto good = shop.place(ada, {{{"p1"}, 3}}).order_id;
    const auto unanswered = shop.place(ada, {{{"p1"}, 1}}, "tok_timeout").order_id;
    shop.stop();
    shop.start();
    for (int i = 0; i < 3; ++i) {
      shop.clock.advance_ms(1'000);
      shop.settle();
    }
    CHECK(shop.order(good).status == order::OrderStatus::confirmed);
    CHECK(shop.order(unanswered).status == order::OrderStatus::confirmed);
    CHECK(test::check_books(shop) == "");
  }
}

TEST_CASE("a module elsewhere that is down makes no event lost: its host comes back and hears what was said") {
  // Order's log is read by the others' cursors, wherever they run: what was published while they were away is still there.
  test::ShopOptions options;
  options.looped_back = {"payment", "inventory"};
  Shop shop(options);
  const auto ada = shop.add_user();
  shop.add_product("p1", 100);
  std::vector<order::OrderId> placed;
  for (int i = 0; i < 20; ++i) placed.push_back(shop.place(ada, {{{"p1"}, 1}}).order_id);
  shop.stop();
  shop.start();
  for (const auto& id : placed) CHECK(shop.order(id).status == order::OrderStatus::confirmed);
  CHECK(test::check_books(shop) == "");
}
