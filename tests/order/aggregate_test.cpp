#include "order/domain/order_aggregate.hpp"

#include <map>

#include "base/money.hpp"
#include "contract/encode.hpp"
#include "support/catch.hpp"

using namespace seamline;
using order::OrderAggregate;
using order::OrderStatus;

namespace {

/// One thing that is asked of an order.
struct Step {
  int what = 0;
  int product = 0;
  std::int64_t quantity = 0;
};

rc::Gen<std::vector<Step>> some_steps() {
  const auto quantity = rc::gen::oneOf(rc::gen::inRange<std::int64_t>(1, 20), rc::gen::inRange<std::int64_t>(-1, 1002));
  return rc::gen::container<std::vector<Step>>(
      rc::gen::map(rc::gen::tuple(rc::gen::inRange(0, 12), rc::gen::inRange(0, 5), quantity),
                   [](const auto& one) { return Step{std::get<0>(one), std::get<1>(one), std::get<2>(one)}; }));
}

/// What an order is, as one would say it in a few words.
struct SimpleOrder {
  bool is_started = false;
  char status = '-';  // pending, placed, confirmed (c), cancelled (x)
  std::vector<std::pair<std::string, std::int64_t>> lines;
  std::int64_t total = 0;
  std::int64_t version = 0;

  std::int64_t* quantity_of(const std::string& product) {
    for (auto& [name, quantity] : lines) {
      if (name == product) return &quantity;
    }
    return nullptr;
  }
  bool start() {
    if (is_started) return false;
    is_started = true;
    status = 'p';
    return ++version > 0;
  }
  bool add(const std::string& product, std::int64_t quantity) {
    std::int64_t* known = quantity_of(product);
    if (status != 'p' || quantity < 1 || quantity + (known != nullptr ? *known : 0) > 1000) return false;
    if (known != nullptr) {
      *known += quantity;
    } else {
      lines.emplace_back(product, quantity);
    }
    return ++version > 0;
  }
  bool place(const std::map<std::string, std::int64_t>& prices) {
    if (status != 'p' || lines.empty()) return false;
    std::int64_t sum = 0;
    for (const auto& [product, quantity] : lines) {
      if (!prices.contains(product)) return false;
      sum += prices.at(product) * quantity;
    }
    status = 'P';
    total = sum;
    return ++version > 0;
  }
  bool end(char how) {
    const bool may = how == 'c' ? status == 'P' : status == 'p' || status == 'P';
    if (!may) return false;
    status = how;
    return ++version > 0;
  }
};

OrderStatus status_of(char status) {
  switch (status) {
    case 'P': return OrderStatus::placed;
    case 'c': return OrderStatus::confirmed;
    case 'x': return OrderStatus::cancelled;
    default: return OrderStatus::pending;
  }
}

std::string product_name(int number) { return "p" + std::to_string(number); }

}  // namespace

TEST_CASE("an order does what a simple model of it does, whatever is asked of it in whatever order") {
  rc::prop("random commands", [](bool knows_last_product) {
    std::map<std::string, std::int64_t> model_prices;
    std::vector<order::Price> prices;
    for (int i = 0; i < (knows_last_product ? 5 : 4); ++i) {
      model_prices[product_name(i)] = 100 + i;
      prices.push_back({{product_name(i)}, 100 + i, "EUR"});
    }
    OrderAggregate aggregate({"o1"});
    SimpleOrder model;
    // Most runs begin as orders do; some do not.
    if (*rc::gen::inRange(0, 8) != 0) {
      RC_ASSERT(aggregate.start(order::UserId{"u1"}, "Ada", {5}).has_value());
      model.start();
    }
    for (const Step& step : *some_steps()) {
      const std::string before = encode(aggregate.state());
      bool worked = false;
      bool expected = false;
      if (step.what == 0) {
        worked = aggregate.start(order::UserId{"u1"}, "Ada", {5}).has_value();
        expected = model.start();
      } else if (step.what <= 7) {
        worked = aggregate.add_item({product_name(step.product)}, step.quantity).has_value();
        expected = model.add(product_name(step.product), step.quantity);
      } else if (step.what <= 9) {
        worked = aggregate.place_order(prices).has_value();
        expected = model.place(model_prices);
      } else if (step.what == 10) {
        worked = aggregate.confirm().has_value();
        expected = model.end('c');
      } else {
        worked = aggregate.cancel("why").has_value();
        expected = model.end('x');
      }
      RC_ASSERT(worked == expected);
      if (!worked) RC_ASSERT(encode(aggregate.state()) == before);
      RC_ASSERT(aggregate.state().status == status_of(model.status));
      RC_ASSERT(aggregate.state().version == model.version);
      RC_ASSERT(aggregate.new_events().size() == static_cast<std::size_t>(model.version));
      RC_ASSERT(aggregate.is_terminal() == (model.status == 'c' || model.status == 'x'));
    }
    RC_ASSERT(aggregate.state().items.size() == model.lines.size());
    for (std::size_t i = 0; i < model.lines.size(); ++i) {
      RC_ASSERT(aggregate.state().items[i].product_id.text == model.lines[i].first);
      RC_ASSERT(aggregate.state().items[i].quantity == model.lines[i].second);
    }
    if (aggregate.state().total_minor) RC_ASSERT(*aggregate.state().total_minor == model.total);
  });
}

TEST_CASE("the state of an order is the fold of its events, and nothing else") {
  rc::prop("replayed events give the same order", [](bool is_cancelled) {
    OrderAggregate aggregate({"o1"});
    (void)aggregate.start(order::UserId{"u1"}, "Ada", {5});
    for (const Step& step : *some_steps()) (void)aggregate.add_item({product_name(step.product)}, step.quantity);
    std::vector<order::Price> prices;
    for (int i = 0; i < 5; ++i) prices.push_back({{product_name(i)}, 100 + i, "EUR"});
    (void)aggregate.place_order(prices);
    if (is_cancelled) {
      (void)aggregate.cancel("why");
    } else {
      (void)aggregate.confirm();
    }
    OrderAggregate again({"o1"});
    Timestamp at{5};
    for (const order::DomainEvent& event : aggregate.new_events()) {
      again.replay(event, at);
      at.ms += 10;
    }
    RC_ASSERT(encode(again.state()) == encode(aggregate.state()));
    RC_ASSERT(again.new_events().empty());
  });
}

TEST_CASE("an order holds at most a hundred products, and the hundred and first changes nothing") {
  OrderAggregate aggregate({"o1"});
  REQUIRE(aggregate.start(std::nullopt, std::nullopt, {}).has_value());
  for (int i = 0; i < 100; ++i) REQUIRE(aggregate.add_item({product_name(i)}, 1).has_value());
  const auto refused = aggregate.add_item({"one more"}, 1);
  CHECK(refused.error().code == "order.too_many_items");
  CHECK(aggregate.add_item({product_name(7)}, 1).has_value());
  CHECK(aggregate.state().items.size() == 100);
}

TEST_CASE("an order is not placed in two currencies, beyond the most that it may cost, or with a product that nobody knows") {
  const auto placed_with = [](const std::vector<order::Price>& prices) {
    OrderAggregate aggregate({"o1"});
    (void)aggregate.start(std::nullopt, std::nullopt, {});
    (void)aggregate.add_item({"p0"}, 1000);
    (void)aggregate.add_item({"p1"}, 1);
    const auto result = aggregate.place_order(prices);
    CHECK((result.has_value() || aggregate.state().status == OrderStatus::pending));
    CHECK((result.has_value() || aggregate.new_events().size() == 3));
    return result.has_value() ? std::string("placed") : result.error().code;
  };
  CHECK(placed_with({{{"p0"}, 1, "EUR"}, {{"p1"}, 1, "USD"}}) == "order.currency_mixed");
  CHECK(placed_with({{{"p0"}, 1, "EUR"}}) == "order.product_unknown");
  CHECK(placed_with({{{"p0"}, max_amount_minor / 1000, "EUR"}, {{"p1"}, 0, "EUR"}}) == "placed");
  CHECK(placed_with({{{"p0"}, max_amount_minor / 1000, "EUR"}, {{"p1"}, 1, "EUR"}}) == "order.total_too_large");
  CHECK(placed_with({{{"p0"}, INT64_MAX, "EUR"}, {{"p1"}, 1, "EUR"}}) == "order.total_too_large");
}
