#include "payment/domain/ledger.hpp"

#include <map>

#include "base/money.hpp"
#include "payment/module.hpp"
#include "support/books.hpp"
#include "support/catch.hpp"
#include "support/stage.hpp"

using namespace seamline;
using test::Stage;

namespace {

payment::OrderId some_order(int number) { return {"o" + std::to_string(number)}; }

}  // namespace

TEST_CASE("every movement of money adds up to zero, whatever the amount") {
  rc::prop("capture, refund and earn", [](int number) {
    const auto amount = *rc::gen::inRange<std::int64_t>(0, max_amount_minor + 1);
    for (const auto& movement :
         {payment::capture(some_order(number), amount, "EUR"), payment::refund(some_order(number), amount, "EUR"),
          payment::earn(some_order(number), amount, "EUR")}) {
      RC_ASSERT(movement.postings[0].amount_minor + movement.postings[1].amount_minor == 0);
      RC_ASSERT(movement.postings[0].account != movement.postings[1].account);
    }
  });
}

TEST_CASE("an order's accounts end at zero after a refund, and at its amount after earning it") {
  rc::prop("the sum by account", [](bool is_refunded) {
    const auto amount = *rc::gen::inRange<std::int64_t>(0, max_amount_minor + 1);
    std::map<payment::Account, std::int64_t> balance;
    const auto post = [&](const payment::LedgerTransaction& movement) {
      for (const payment::Posting& posting : movement.postings) balance[posting.account] += posting.amount_minor;
    };
    post(payment::capture(some_order(1), amount, "EUR"));
    post(is_refunded ? payment::refund(some_order(1), amount, "EUR") : payment::earn(some_order(1), amount, "EUR"));
    RC_ASSERT(balance[payment::Account::settlement] == 0);
    RC_ASSERT(balance[payment::Account::provider] == (is_refunded ? 0 : amount));
    RC_ASSERT(balance[payment::Account::revenue] == (is_refunded ? 0 : -amount));
  });
}

TEST_CASE("the ledger balances and moves each order's money at most once after any stream of events") {
  Stage stage(
      {test::StandIn<order::OrderContract>::spec(), test::StandIn<inventory::InventoryContract>::spec(), payment::module({})});
  stage.open();
  int run = 0;
  rc::prop("random events of a few orders", [&] {
    ++run;
    const auto steps =
        *rc::gen::container<std::vector<std::pair<int, int>>>(rc::gen::pair(rc::gen::inRange(0, 3), rc::gen::inRange(0, 7)));
    for (const auto& [order_number, what] : steps) {
      const order::OrderId id{std::to_string(run) + "-" + std::to_string(order_number)};
      const char* token = order_number == 0 ? "tok_ok" : order_number == 1 ? "tok_timeout" : "tok_declined";
      switch (what) {
        case 0:
        case 1:
          stage.publish(
              order::OrderCreated{id, std::nullopt, {{{"p1"}, 1, 300}}, 100 + order_number, "EUR", token, std::nullopt});
          break;
        case 2: stage.publish(order::OrderConfirmed{id}); break;
        case 3: stage.publish(order::OrderCancelled{id, "cancelled_by_customer"}); break;
        case 4: stage.publish(inventory::InventoryFailed{id, "out_of_stock"}); break;
        case 5: stage.clock.advance_ms(700); break;
        default: stage.settle();
      }
    }
    for (int i = 0; i < 3; ++i) {
      stage.settle();
      stage.clock.advance_ms(120'000);
    }
    stage.settle();
    RC_ASSERT(test::check_ledger(stage.store_of("payment")) == "");
    RC_ASSERT(test::count_in(stage.store_of("payment"), "SELECT count(*) FROM provider_work") == 0);
    RC_ASSERT(test::count_in(stage.store_of("payment"), "SELECT count(*) FROM dead_letters") == 0);
    // A confirmed order that was charged has its invoice.
    RC_ASSERT(
        test::count_in(stage.store_of("payment"),
                       "SELECT count(*) FROM payments WHERE ending = 'confirmed' AND status = 'captured' AND order_id NOT IN "
                       "(SELECT order_id FROM invoices)") == 0);
    RC_ASSERT(test::count_in(stage.store_of("payment"),
                             "SELECT count(*) FROM payments WHERE ending = 'cancelled' AND status IN ('captured', 'pending')") ==
              0);
  });
}
