#include "payment/module.hpp"
#include "support/books.hpp"
#include "support/catch.hpp"
#include "support/stage.hpp"

using namespace seamline;
using test::Stage;

namespace {

/// What inventory is to say, and what it was asked.
struct Answers {
  std::optional<Error> refusal;
  std::vector<inventory::QuotedPrice> prices;
  std::vector<std::string> asked;
  std::function<void()> meanwhile = [] {};
};

/// Inventory as these tests want it.
class QuotingInventory final : public Overrides<inventory::InventoryContract, QuotingInventory> {
 public:
  /// The stage makes its modules itself.
  inline static Answers answers;

  template <Operation Op>
  Result<typename Op::Reply> run(const CallContext& context, const Op& operation) {
    if constexpr (std::is_same_v<Op, inventory::Quote>) {
      std::string products = context.caller.subject;
      for (const auto& id : operation.product_ids) products += " " + id.text;
      answers.asked.push_back(products);
      const auto meanwhile = answers.meanwhile;  // which may put another in its place
      meanwhile();
      if (answers.refusal) return tl::unexpected(*answers.refusal);
      return inventory::Quotes{answers.prices};
    } else {
      return fail(ErrorCode{"test.not_asked", Kind::internal}, "Nobody asks this here.");
    }
  }
};

constexpr ErrorCode away{"call.unavailable", Kind::unavailable};

class Unpriced {
 public:
  explicit Unpriced(Stage::Hearing hearing = Stage::Hearing::bytes)
      : stage({test::StandIn<order::OrderContract>::spec(), test::StandIn<inventory::InventoryContract, QuotingInventory>::spec(),
               payment::module({})},
              hearing) {
    inventory() = Answers();
    inventory().prices = {{{"p1"}, 250, "EUR"}, {{"p2"}, 100, "EUR"}, {{"far"}, 100, "USD"}};
    stage.open();
  }

  static Answers& inventory() { return QuotingInventory::answers; }

  void create(std::vector<order::EventItem> items, std::optional<Timestamp> expires_at = {}) {
    stage.publish(order::OrderCreated{{"o1"}, std::nullopt, std::move(items), {}, {}, {}, expires_at});
  }
  std::string row() {
    return test::text_in(stage.store_of("payment"),
                         "SELECT status || ' ' || amount_minor || ' ' || currency || ' ' || token || ' ' || coalesce(reason, "
                         "'-') FROM payments WHERE order_id = 'o1'");
  }
  std::int64_t waiting() { return test::count_in(stage.store_of("payment"), "SELECT count(*) FROM unpriced_orders"); }
  void pass_ms(std::int64_t ms) {
    stage.clock.advance_ms(ms);
    stage.settle();
  }

  Stage stage;
};

}  // namespace

TEST_CASE("an order without prices costs what inventory quotes, asked once for each product, and is charged that") {
  for (const auto hearing : {Stage::Hearing::typed, Stage::Hearing::bytes}) {
    Unpriced shop(hearing);
    shop.create({{{"p1"}, 2, std::nullopt}, {{"p2"}, 1, std::nullopt}, {{"p1"}, 1, std::nullopt}});
    shop.stage.settle();
    CHECK(shop.row() == "captured 850 EUR tok_ok -");
    CHECK(shop.inventory().asked == std::vector<std::string>{"payment p1 p2"});
    CHECK(shop.stage.heard_of<payment::PaymentSuccess>("o1") == 1);
    CHECK(shop.waiting() == 0);
    CHECK(test::check_ledger(shop.stage.store_of("payment")).empty());
  }
}

TEST_CASE("a price that the order names stands, and only the others are asked for") {
  Unpriced shop;
  shop.create({{{"p1"}, 2, 7}, {{"p2"}, 1, std::nullopt}});
  shop.stage.settle();
  CHECK(shop.row() == "captured 114 EUR tok_ok -");
  CHECK(shop.inventory().asked == std::vector<std::string>{"payment p2"});
}

TEST_CASE("what the shop does not sell, or not in the payment's currency, has no price and fails the payment") {
  for (const std::string product : {"nothing", "far"}) {
    Unpriced shop;
    shop.create({{{"p1"}, 1, std::nullopt}, {{product}, 1, std::nullopt}});
    shop.stage.settle();
    CHECK(shop.row() == "failed 0 EUR tok_ok amount_unknown");
    CHECK(shop.stage.heard_of<payment::PaymentFailed>("o1") == 1);
    CHECK(shop.waiting() == 0);
  }
}

TEST_CASE("a question that inventory refuses for good fails the payment") {
  Unpriced shop;
  shop.inventory().refusal = fail(ErrorCode{"request.invalid", Kind::invalid}, "No such question.").value();
  shop.create({{{"p1"}, 1, std::nullopt}});
  shop.stage.settle();
  CHECK(shop.row() == "failed 0 EUR tok_ok amount_unknown");
}

TEST_CASE("while inventory is away the payment is pending, and it is asked again, also after a restart, until it answers") {
  Unpriced shop;
  shop.inventory().refusal = fail(away, "Inventory is away.").value();
  shop.create({{{"p1"}, 2, std::nullopt}});
  shop.stage.settle();
  CHECK(shop.row() == "pending 0 EUR tok_ok -");
  CHECK(shop.inventory().asked.size() == 1);
  shop.pass_ms(499);
  CHECK(shop.inventory().asked.size() == 1);
  shop.pass_ms(1);
  CHECK(shop.inventory().asked.size() == 2);
  shop.stage.restart();
  shop.pass_ms(999);
  CHECK(shop.inventory().asked.size() == 2);
  shop.inventory().refusal.reset();
  shop.pass_ms(1);
  CHECK(shop.row() == "captured 500 EUR tok_ok -");
  CHECK(shop.stage.heard_of<payment::PaymentSuccess>("o1") == 1);
}

TEST_CASE("an order whose time is up before inventory has answered fails as expired, and is not asked about again") {
  Unpriced shop;
  shop.inventory().refusal = fail(away, "Inventory is away.").value();
  shop.create({{{"p1"}, 2, std::nullopt}}, Timestamp{shop.stage.clock.now().ms + 700});
  shop.stage.settle();
  shop.pass_ms(500);
  CHECK(shop.row() == "pending 0 EUR tok_ok -");
  shop.inventory().refusal.reset();
  shop.pass_ms(201);
  CHECK(shop.row() == "failed 0 EUR tok_ok expired");
  CHECK(shop.inventory().asked.size() == 2);
  CHECK(shop.stage.heard_of<payment::PaymentFailed>("o1") == 1);
  shop.pass_ms(120'000);
  CHECK(shop.inventory().asked.size() == 2);
}

TEST_CASE("an order that is cancelled while nobody has said what it costs is never charged") {
  Unpriced shop;
  shop.inventory().refusal = fail(away, "Inventory is away.").value();
  shop.create({{{"p1"}, 2, std::nullopt}});
  shop.stage.settle();
  shop.stage.say(order::OrderCancelled{{"o1"}, "cancelled_by_customer"});
  CHECK(shop.row() == "failed 0 EUR tok_ok order_cancelled");
  CHECK(shop.stage.heard_of<payment::PaymentFailed>("o1") == 0);
  shop.inventory().refusal.reset();
  shop.pass_ms(120'000);
  CHECK(shop.row() == "failed 0 EUR tok_ok order_cancelled");
  CHECK(test::count_in(shop.stage.store_of("payment"), "SELECT count(*) FROM ledger_entries") == 0);
  CHECK(test::count_in(shop.stage.store_of("payment"), "SELECT count(*) FROM provider_work") == 0);
}

TEST_CASE("a cancel that comes between the question and its answer wins") {
  Unpriced shop;
  shop.inventory().meanwhile = [&] {
    shop.inventory().meanwhile = [] {};
    shop.stage.say(order::OrderCancelled{{"o1"}, "cancelled_by_customer"});
  };
  shop.create({{{"p1"}, 2, std::nullopt}});
  shop.stage.settle();
  CHECK(shop.row() == "failed 0 EUR tok_ok order_cancelled");
  CHECK(shop.stage.heard_of<payment::PaymentSuccess>("o1") == 0);
}

TEST_CASE("OrderCreated that comes again while its price is awaited is charged once") {
  Unpriced shop;
  shop.inventory().refusal = fail(away, "Inventory is away.").value();
  shop.create({{{"p1"}, 2, std::nullopt}});
  shop.stage.settle();
  shop.create({{{"p1"}, 2, std::nullopt}});
  shop.stage.settle();
  shop.inventory().refusal.reset();
  shop.pass_ms(500);
  shop.create({{{"p1"}, 2, std::nullopt}});
  shop.stage.settle();
  CHECK(shop.row() == "captured 500 EUR tok_ok -");
  CHECK(shop.stage.heard_of<payment::PaymentSuccess>("o1") == 1);
  CHECK(test::check_ledger(shop.stage.store_of("payment")).empty());
}
