#include "payment/module.hpp"
#include "support/books.hpp"
#include "support/catch.hpp"
#include "support/stage.hpp"

using namespace seamline;
using test::Stage;

namespace {

struct ForeignItem {
  std::int64_t product_id = 0;
  std::int64_t quantity = 0;
  std::optional<std::int64_t> unit_price;
  std::string colour = "red";

  static constexpr std::tuple fields{
      Field{"product_id", &ForeignItem::product_id, "A number."}, Field{"quantity", &ForeignItem::quantity, ""},
      Field{"unit_price", &ForeignItem::unit_price, ""}, Field{"colour", &ForeignItem::colour, "Unknown here."}};
};

/// OrderCreated as a service in another language says it: ids are numbers, members are missing, and others are unknown.
struct ForeignOrderCreated {
  std::int64_t order_id = 0;
  std::vector<ForeignItem> items;
  std::string note = "as soon as possible";

  static constexpr EventType type = order::OrderCreated::type;
  std::string_view subject() const { return subject_; }
  std::string subject_ = std::to_string(order_id);
  static constexpr std::tuple fields{Field{"order_id", &ForeignOrderCreated::order_id, "A number."},
                                     Field{"items", &ForeignOrderCreated::items, ""},
                                     Field{"note", &ForeignOrderCreated::note, "Unknown here."}};
};

/// No such thing can be read as OrderCreated.
struct BrokenOrderCreated {
  std::string order_id;
  std::string items = "two of p1";

  static constexpr EventType type = order::OrderCreated::type;
  std::string_view subject() const { return order_id; }
  static constexpr std::tuple fields{Field{"order_id", &BrokenOrderCreated::order_id, ""},
                                     Field{"items", &BrokenOrderCreated::items, ""}};
};

struct Payments {
  Payments()
      : stage({test::StandIn<order::OrderContract>::spec(), test::StandIn<inventory::InventoryContract>::spec(),
               payment::module({})},
              Stage::Hearing::bytes) {
    stage.open();
  }
  std::string row(const std::string& id) {
    return test::text_in(
        stage.store_of("payment"),
        "SELECT status || ' ' || amount_minor || ' ' || currency || ' ' || token || ' ' || coalesce(reason, '-') "
        "FROM payments WHERE order_id = $1",
        id);
  }
  std::int64_t dead(const char* state) {
    return test::count_in(stage.store_of("payment"), "SELECT count(*) FROM dead_letters WHERE state = $1", state);
  }
  Stage stage;
};

}  // namespace

TEST_CASE("a foreign OrderCreated with numbers for ids and no total is charged what its lines add up to") {
  Payments payments;
  payments.stage.say(ForeignOrderCreated{4711, {{7, 2, 250}, {8, 1, 100}}});
  CHECK(payments.row("4711") == "captured 600 EUR tok_ok -");
  CHECK(payments.stage.heard_of<payment::PaymentSuccess>("4711") == 1);
}

TEST_CASE("a foreign OrderCreated whose lines add up to more than anything may cost is refused, not charged") {
  Payments payments;
  payments.stage.say(ForeignOrderCreated{4711, {{7, 1000, max_amount_minor}}});
  CHECK(payments.row("4711") == "failed 0 EUR tok_ok amount_unknown");
  CHECK(payments.stage.heard_of<payment::PaymentFailed>("4711") == 1);
}

TEST_CASE("a poisoned entry is set aside with the later ones of its subject behind it, and the others go on") {
  Payments payments;
  payments.stage.publish(BrokenOrderCreated{"bad"});
  payments.stage.publish(order::OrderCancelled{{"bad"}, "cancelled_by_customer"});
  payments.stage.publish(order::OrderCreated{{"good"}, std::nullopt, {{{"p1"}, 1, 250}}, 250, "EUR", "tok_ok", std::nullopt});
  payments.stage.settle();
  CHECK(payments.row("good") == "captured 250 EUR tok_ok -");
  CHECK(payments.row("bad").empty());
  CHECK(payments.dead("poisoned") == 1);
  CHECK(payments.dead("parked") == 1);

  // It stays unreadable, also after a restart; once it is discarded, what was parked is applied.
  payments.stage.restart();
  events::Consumer& consumer = payments.stage.host().consumer_of("payment", "order");
  CHECK_FALSE(consumer.replay("bad").has_value());
  CHECK(payments.dead("poisoned") == 1);
  REQUIRE(consumer.discard("bad").has_value());
  CHECK(consumer.replay("bad").value() == 1);
  CHECK(payments.dead("parked") == 0);
  CHECK(test::text_in(payments.stage.store_of("payment"), "SELECT ending FROM payments WHERE order_id = 'bad'") == "cancelled");

  // And the subject is alive again.
  payments.stage.say(order::OrderCreated{{"bad"}, std::nullopt, {{{"p1"}, 1, 250}}, 250, "EUR", "tok_ok", std::nullopt});
  CHECK(payments.row("bad") == "failed 250 EUR tok_ok order_ended");
}
