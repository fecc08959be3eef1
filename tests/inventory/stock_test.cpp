#include "inventory/domain/product.hpp"
#include "inventory/domain/reservation.hpp"
#include "inventory/module.hpp"
#include "inventory/operations.hpp"
#include "support/books.hpp"
#include "support/catch.hpp"
#include "support/stage.hpp"

using namespace seamline;
using test::Stage;

TEST_CASE("a product's counters follow the plain sums of what was done to it, and stay within their bounds") {
  rc::prop("reserve, release, commit and restock against sums", [](std::vector<std::pair<std::uint8_t, std::uint8_t>> steps) {
    inventory::Stocked product;
    product.on_hand = *rc::gen::inRange<std::int64_t>(0, 500);
    std::int64_t in = product.on_hand;
    std::int64_t reserved = 0;
    std::int64_t gone = 0;
    for (const auto& [what, raw] : steps) {
      const std::int64_t quantity = raw % 50 + 1;
      if (what % 4 == 0) {
        RC_ASSERT(product.can_reserve(quantity) == (quantity <= in - gone - reserved));
        if (product.can_reserve(quantity)) {
          product.reserve(quantity);
          reserved += quantity;
        }
      } else if (what % 4 == 1 && quantity <= reserved) {
        product.release(quantity);
        reserved -= quantity;
      } else if (what % 4 == 2 && quantity <= reserved) {
        product.commit(quantity);
        reserved -= quantity;
        gone += quantity;
      } else if (what % 4 == 3) {
        RC_ASSERT(product.restock(quantity));
        in += quantity;
      }
      RC_ASSERT(product.on_hand == in - gone);
      RC_ASSERT(product.reserved == reserved);
      RC_ASSERT(0 <= product.reserved && product.reserved <= product.on_hand);
    }
  });
}

TEST_CASE("a stock is not filled beyond its most, and a refused restock changes nothing") {
  inventory::Stocked product;
  product.on_hand = inventory::max_stock - 5;
  CHECK_FALSE(product.restock(6));
  CHECK(product.on_hand == inventory::max_stock - 5);
  CHECK(product.restock(5));
  CHECK_FALSE(product.restock(1));
  CHECK_FALSE(product.restock(INT64_MAX));
}

TEST_CASE("what follows from the words about an order does not depend on their order, but for which end came first") {
  rc::prop("words in any order", [] {
    const auto words = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 4));
    inventory::Reservation reservation;
    int reserves = 0;
    int ends = 0;
    for (const int word : words) {
      if (word == 0) reservation.hear_lines({{{"p1"}, 1}, {{"p1"}, 2}});
      if (word == 1) reservation.hear_paid();
      if (word == 2) reservation.hear_ending(inventory::Ending::confirmed);
      if (word == 3) reservation.hear_ending(inventory::Ending::cancelled);
      switch (reservation.next_step()) {
        case inventory::Reservation::Step::reserve:
          ++reserves;
          reservation.stock = inventory::StockState::reserved;
          break;
        case inventory::Reservation::Step::commit:
          ++ends;
          reservation.stock = inventory::StockState::committed;
          break;
        case inventory::Reservation::Step::release:
          ++ends;
          reservation.stock = inventory::StockState::released;
          break;
        case inventory::Reservation::Step::none: break;
      }
      RC_ASSERT(reservation.next_step() == inventory::Reservation::Step::none);
    }
    RC_ASSERT(reserves <= 1);
    RC_ASSERT(ends <= reserves);
    if (!reservation.lines.empty()) RC_ASSERT(reservation.lines == (std::vector<inventory::Line>{{{"p1"}, 3}}));
    const auto first_end = std::find_if(words.begin(), words.end(), [](int word) { return word >= 2; });
    const auto before_end = [&](int word) { return std::find(words.begin(), first_end, word) != first_end; };
    RC_ASSERT(reserves == (before_end(0) && before_end(1) ? 1 : 0));
    if (first_end != words.end()) RC_ASSERT(reservation.stock != inventory::StockState::reserved);
  });
}

namespace {

/// The stock as one would keep it on paper: an order has its lines, and is reserved, committed or released as a whole.
struct PaperStock {
  struct PaperOrder {
    std::map<std::string, std::int64_t> lines;
    bool is_paid = false;
    char end = 0;
    char stock = 0;  // r, c, x (released), f (refused)
  };
  std::map<std::string, std::int64_t> on_hand;
  std::map<std::string, std::int64_t> reserved;
  std::map<std::string, PaperOrder> orders;

  void go_on(PaperOrder& order) {
    if (order.stock == 0 && order.end == 0 && order.is_paid && !order.lines.empty()) {
      const bool all = std::all_of(order.lines.begin(), order.lines.end(), [&](const auto& line) {
        return on_hand.contains(line.first) && line.second <= on_hand[line.first] - reserved[line.first];
      });
      order.stock = all ? 'r' : 'f';
      for (const auto& [product, quantity] : order.lines) reserved[product] += all ? quantity : 0;
    }
    if (order.stock != 'r' || order.end == 0) return;
    order.stock = order.end == 'c' ? 'c' : 'x';
    for (const auto& [product, quantity] : order.lines) {
      reserved[product] -= quantity;
      if (order.end == 'c') on_hand[product] -= quantity;
    }
  }
};

}  // namespace

TEST_CASE("any stream of orders, payments, ends and restocks leaves the stock that paper says, all lines or none") {
  Stage stage(
      {test::StandIn<order::OrderContract>::spec(), test::StandIn<payment::PaymentContract>::spec(), inventory::module({})});
  auto& port = stage.host().port<inventory::InventoryContract>("test");
  stage.open();
  CallContext admin;
  admin.caller.role = Role::admin;
  int run = 0;
  rc::prop("the module against paper", [&] {
    const std::string name = std::to_string(++run) + "-";
    const auto product_name = [&](int number) { return name + "p" + std::to_string(number); };
    PaperStock paper;
    for (int i = 0; i < 3; ++i) {
      paper.on_hand[product_name(i)] = *rc::gen::inRange<std::int64_t>(0, 8);
      (void)port.call(admin, inventory::AddProduct{{product_name(i)}, "x", 1, "EUR", paper.on_hand[product_name(i)]}).value();
    }
    const auto steps = *rc::gen::container<std::vector<std::tuple<int, int, int>>>(
        rc::gen::tuple(rc::gen::inRange(0, 8), rc::gen::inRange(0, 4), rc::gen::inRange(1, 5)));
    for (const auto& [what, number, quantity] : steps) {
      const order::OrderId id{name + "o" + std::to_string(number)};
      PaperStock::PaperOrder& order = paper.orders[id.text];
      if (what <= 1) {
        const std::vector<std::pair<std::string, std::int64_t>> lines{{product_name(number % 3), quantity},
                                                                      {product_name((number + quantity) % 3), 1}};
        if (order.lines.empty()) {
          for (const auto& [product, many] : lines) order.lines[product] += many;
        }
        order::OrderCreated created{id, {}, {}, {}, {}, {}, {}};
        for (const auto& [product, many] : lines) created.items.push_back({{product}, many, 1});
        stage.publish(created);
      } else if (what <= 3) {
        order.is_paid = true;
        stage.publish(payment::PaymentSuccess{id, {"pay"}, std::nullopt});
      } else if (what == 4) {
        if (order.end == 0) order.end = 'c';
        stage.publish(order::OrderConfirmed{id});
      } else if (what == 5) {
        if (order.end == 0) order.end = 'x';
        stage.publish(order::OrderCancelled{id, "why"});
      } else if (what == 6) {
        paper.on_hand[product_name(number % 3)] += quantity;
        (void)port.call(admin, inventory::Restock{{product_name(number % 3)}, quantity}).value();
      } else {
        stage.clock.advance_ms(16LL * 60 * 1000);
      }
      stage.settle();
      paper.go_on(order);
      const auto page = port.call({}, inventory::GetProduct{{product_name(number % 3)}}).value();
      RC_ASSERT(page.on_hand == paper.on_hand[page.product_id.text]);
      RC_ASSERT(page.reserved == paper.reserved[page.product_id.text]);
      RC_ASSERT(page.available == page.on_hand - page.reserved);
    }
    RC_ASSERT(test::check_stock(stage.store_of("inventory")) == "");
  });
  CHECK(test::check_log(stage.store_of("inventory")).empty());
}
