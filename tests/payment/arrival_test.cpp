#include "payment/module.hpp"
#include "support/books.hpp"
#include "support/catch.hpp"
#include "support/stage.hpp"

using namespace seamline;
using test::Stage;

namespace {

/// The payment module, with order and inventory speaking by the test's word. Many orders are played on one stage.
class Payments {
 public:
  explicit Payments(Stage::Hearing hearing = Stage::Hearing::typed)
      : stage({test::StandIn<order::OrderContract>::spec(), test::StandIn<inventory::InventoryContract>::spec(),
               payment::module({})},
              hearing) {
    stage.open();
  }

  /// One word about the order. Repeats end in "again".
  void say(const std::string& word, const order::OrderId& id, const std::string& token) {
    if (word.starts_with("created")) {
      stage.publish(order::OrderCreated{id, std::nullopt, {{{"p1"}, 2, 250}}, 500, "EUR", token, std::nullopt});
    } else if (word.starts_with("confirmed")) {
      stage.publish(order::OrderConfirmed{id});
    } else if (word.starts_with("cancelled")) {
      stage.publish(order::OrderCancelled{id, "cancelled_by_customer"});
    } else if (word.starts_with("inventory failed")) {
      stage.publish(inventory::InventoryFailed{id, "out_of_stock"});
    } else if (word.starts_with("time passes")) {
      stage.clock.advance_ms(1'000);
      stage.settle();
    }
  }
  void let_all_time_pass() {
    for (int i = 0; i < 3; ++i) {
      stage.clock.advance_ms(120'000);
      stage.settle();
    }
  }
  std::string status(const order::OrderId& id) {
    return test::text_in(stage.store_of("payment"), "SELECT status FROM payments WHERE order_id = $1", id);
  }
  std::int64_t movements(const order::OrderId& id, const char* name) {
    return test::count_in(stage.store_of("payment"), "SELECT count(*) / 2 FROM ledger_entries WHERE transaction_id = $1",
                          name + (":" + id.text));
  }
  std::int64_t invoices(const order::OrderId& id) {
    return test::count_in(stage.store_of("payment"), "SELECT count(*) FROM invoices WHERE order_id = $1", id);
  }
  std::int64_t work_left() { return test::count_in(stage.store_of("payment"), "SELECT count(*) FROM provider_work"); }

  Stage stage;
};

const std::vector<std::string> tokens{"tok_ok", "tok_timeout", "tok_declined"};

}  // namespace

TEST_CASE("in whatever order its words come, a cancelled order keeps no money, and gives it back at most once", "[exhaustive]") {
  for (const auto hearing : {Stage::Hearing::typed, Stage::Hearing::bytes}) {
    Payments payments(hearing);
    int number = 0;
    std::vector<std::pair<order::OrderId, std::string>> played;
    for (const std::string& token : tokens) {
      for (const bool at_once : {false, true}) {
        test::for_every_order_of({"created", "cancelled", "inventory failed", "time passes", "cancelled again"},
                                 [&](const std::vector<std::string>& words) {
                                   const order::OrderId id{"o" + std::to_string(++number)};
                                   for (const std::string& word : words) {
                                     payments.say(word, id, token);
                                     if (!at_once) payments.stage.settle();
                                   }
                                   payments.stage.settle();
                                   played.emplace_back(id, token + ": " + test::joined(words));
                                 });
      }
    }
    payments.let_all_time_pass();
    for (const auto& [id, words] : played) {
      INFO(words);
      const std::string status = payments.status(id);
      CHECK((status == "failed" || status == "refunded"));
      CHECK(payments.movements(id, "capture") == (status == "refunded" ? 1 : 0));
      CHECK(payments.movements(id, "refund") == (status == "refunded" ? 1 : 0));
      CHECK(payments.movements(id, "earn") == 0);
      CHECK(payments.stage.heard_of<payment::PaymentRefunded>(id.text) == (status == "refunded" ? 1 : 0));
      CHECK(payments.stage.heard_of<payment::PaymentSuccess>(id.text) <= 1);
    }
    CHECK(played.size() == 720);
    CHECK(payments.work_left() == 0);
    CHECK(test::check_ledger(payments.stage.store_of("payment")).empty());
    CHECK(test::check_log(payments.stage.store_of("payment")).empty());
  }
}

TEST_CASE("in whatever order its words come, an order that is confirmed after it was made is charged, earned and invoiced once",
          "[exhaustive]") {
  Payments payments;
  int number = 0;
  std::vector<std::pair<order::OrderId, std::string>> played;
  for (const std::string token : {"tok_ok", "tok_timeout"}) {
    for (const bool at_once : {false, true}) {
      test::for_every_order_of({"created", "created again", "confirmed", "confirmed again", "time passes"},
                               [&](const std::vector<std::string>& words) {
                                 // Order says what it has made before it says how it ended: its log is in order.
                                 if (!words.front().starts_with("created") && words.front() != "time passes") return;
                                 if (words[0] == "time passes" && !words[1].starts_with("created")) return;
                                 const order::OrderId id{"o" + std::to_string(++number)};
                                 for (const std::string& word : words) {
                                   payments.say(word, id, token);
                                   if (!at_once) payments.stage.settle();
                                 }
                                 payments.stage.settle();
                                 played.emplace_back(id, token + ": " + test::joined(words));
                               });
    }
  }
  payments.let_all_time_pass();
  for (const auto& [id, words] : played) {
    INFO(words);
    CHECK(payments.status(id) == "captured");
    CHECK(payments.movements(id, "capture") == 1);
    CHECK(payments.movements(id, "earn") == 1);
    CHECK(payments.movements(id, "refund") == 0);
    CHECK(payments.invoices(id) == 1);
  }
  CHECK(played.size() == 240);
  CHECK(payments.work_left() == 0);
  CHECK(test::check_ledger(payments.stage.store_of("payment")).empty());
}

TEST_CASE("the first end that payment hears of an order counts, whatever is said later", "[exhaustive]") {
  Payments payments;
  int number = 0;
  for (const std::string& token : tokens) {
    test::for_every_order_of({"created", "confirmed", "cancelled", "time passes"}, [&](const std::vector<std::string>& words) {
      const order::OrderId id{"o" + std::to_string(++number)};
      for (const std::string& word : words) {
        payments.say(word, id, token);
        payments.stage.settle();
      }
    });
  }
  payments.let_all_time_pass();
  CHECK(payments.work_left() == 0);
  CHECK(test::check_ledger(payments.stage.store_of("payment")).empty());
  CHECK(test::count_in(payments.stage.store_of("payment"),
                       "SELECT count(*) FROM payments WHERE ending = 'cancelled' AND status NOT IN ('failed', 'refunded')") == 0);
}

TEST_CASE("a confirmation that comes while the money is on its way back earns none of it") {
  Payments payments;
  payments.say("created", {"o1"}, "tok_timeout");
  payments.stage.settle();
  payments.let_all_time_pass();
  CHECK(payments.status({"o1"}) == "captured");
  payments.say("inventory failed", {"o1"}, "");
  payments.say("confirmed", {"o1"}, "");
  payments.stage.settle();
  payments.let_all_time_pass();
  CHECK(payments.status({"o1"}) == "refunded");
  CHECK(payments.invoices({"o1"}) == 0);
  CHECK(test::check_ledger(payments.stage.store_of("payment")).empty());
}

TEST_CASE("OrderCancelled before OrderCreated: nothing is charged, and nobody waits for a word") {
  Payments payments;
  payments.say("cancelled", {"o1"}, "");
  payments.stage.settle();
  payments.say("created", {"o1"}, "tok_ok");
  payments.stage.settle();
  CHECK(payments.status({"o1"}) == "failed");
  CHECK(payments.movements({"o1"}, "capture") == 0);
  CHECK(payments.stage.heard_of<payment::PaymentSuccess>("o1") == 0);
  CHECK(payments.stage.heard_of<payment::PaymentFailed>("o1") == 0);
}

TEST_CASE("a cancel before the unanswered charge was first asked voids its key, so that no money is ever taken") {
  Payments payments;
  payments.say("created", {"o1"}, "tok_timeout");
  payments.say("cancelled", {"o1"}, "tok_timeout");
  payments.stage.settle();
  payments.let_all_time_pass();
  CHECK(payments.status({"o1"}) == "failed");
  CHECK(payments.movements({"o1"}, "capture") == 0);
  CHECK(payments.work_left() == 0);
}

TEST_CASE("a charge that went unanswered is asked again after a restart, and money taken meanwhile is booked") {
  Payments payments;
  payments.say("created", {"o1"}, "tok_timeout");
  payments.stage.settle();
  CHECK(payments.status({"o1"}) == "pending");
  payments.stage.restart();
  payments.let_all_time_pass();
  CHECK(payments.status({"o1"}) == "captured");
  CHECK(payments.movements({"o1"}, "capture") == 1);
  CHECK(payments.stage.heard_of<payment::PaymentSuccess>("o1") == 1);
}

TEST_CASE("an order whose time is up is not charged any more") {
  Payments payments;
  const Timestamp past{payments.stage.clock.now().ms - 1};
  payments.stage.say(order::OrderCreated{{"o1"}, std::nullopt, {{{"p1"}, 1, 250}}, 250, "EUR", "tok_ok", past});
  CHECK(payments.status({"o1"}) == "failed");
  CHECK(test::text_in(payments.stage.store_of("payment"), "SELECT reason FROM payments WHERE order_id = 'o1'") == "expired");
  CHECK(payments.stage.heard_of<payment::PaymentFailed>("o1") == 1);
  CHECK(payments.movements({"o1"}, "capture") == 0);
}
