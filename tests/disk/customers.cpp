#include "disk/customers.hpp"

#include <algorithm>

#include "support/books.hpp"

namespace seamline::test {
namespace {

/// A restart comes after this many wishes.
constexpr std::size_t of_the_morning = 7;

CallContext with_key(CallContext context, const std::string& key) {
  context.idempotency_key = key;
  return context;
}

}  // namespace

Customers::Customers() {
  products_ = {{"tea", 40}, {"cup", 3}};
  const auto wish = [&](const std::string& token, std::vector<order::Item> items) -> Wish& {
    Wish one;
    one.key = "wish-" + std::to_string(wishes_.size());
    one.items = std::move(items);
    one.token = token;
    return wishes_.emplace_back(std::move(one));
  };
  wish("tok_ok", {{{"tea"}, 2}});
  wish("tok_declined", {{{"tea"}, 1}});
  wish("tok_timeout", {{{"tea"}, 1}, {{"cup"}, 1}});
  wish("tok_ok", {{{"cup"}, 9}});  // more than there are
  wish("tok_ok", {{{"tea"}, 3}}).is_taken_back = true;
  wish("tok_ok", {{{"tea"}, 1}, {{"cup"}, 1}}).is_draft = true;
  wish("", {{{"tea"}, 5}}).is_draft = true;
  wish("tok_insufficient_funds", {{{"tea"}, 1}});
  wish("tok_timeout", {{{"tea"}, 1}}).is_taken_back = true;
  for (int i = 0; i < 6; ++i) wish("tok_ok", {{{"tea"}, 1 + i % 3}});
}

CallContext Customers::customer(const std::string& key) const { return with_key(Shop::as_user(*user_), key); }

bool Customers::prepare(Shop& shop) {
  if (!user_) {
    const auto user = shop.users().call(with_key({}, "user"), user::RegisterUser{"ada@example.org", {"long enough"}, "Ada"});
    if (!user) return false;
    user_ = user->id;
  }
  for (Product& product : products_) {
    if (product.is_added) continue;
    const inventory::AddProduct add{{product.id}, "A " + product.id, 250, "EUR", product.stock};
    if (!shop.products().call(with_key(Shop::admin(), product.id), add)) return false;
    product.is_added = true;
  }
  return true;
}

bool Customers::place(Shop& shop, Wish& wish) {
  if (wish.is_draft) return compose(shop, wish);
  if (wish.id) return true;
  const auto placed = shop.orders().call(customer(wish.key), order::PlaceOrder{wish.items, wish.token, std::nullopt});
  if (!placed) return false;
  wish.id = placed->order_id;
  wish.is_placed = true;
  return true;
}

bool Customers::compose(Shop& shop, Wish& wish) {
  if (!wish.id) {
    const auto started = shop.orders().call(customer(wish.key), order::StartDraft{});
    if (!started) return false;
    wish.id = started->order_id;
  }
  if (wish.is_placed) return true;
  for (const order::Item& item : wish.items) {
    const order::AddItem add{*wish.id, item.product_id, item.quantity};
    if (!shop.orders().call(customer(wish.key + item.product_id.text), add)) return false;
  }
  if (wish.token.empty()) return true;
  wish.is_placed = shop.orders().call(customer(wish.key + "-place"), order::PlaceDraft{*wish.id, wish.token}).has_value();
  return wish.is_placed;
}

bool Customers::take_back(Shop& shop, Wish& wish) {
  if (!wish.is_taken_back || wish.is_cancel_answered) return true;
  if (!wish.id) return false;
  const auto cancelled = shop.orders().call(customer(wish.key + "-cancel"), order::CancelOrder{*wish.id});
  wish.is_cancelled = cancelled.has_value();
  // That it is too late is an answer too.
  wish.is_cancel_answered = cancelled || cancelled.error().kind == Kind::conflict;
  return wish.is_cancel_answered;
}

bool Customers::fulfil(Shop& shop, std::size_t first, std::size_t last) {
  if (!prepare(shop)) return false;
  bool all = true;
  for (std::size_t i = first; i < last; ++i) {
    all = place(shop, wishes_[i]) && all;
    all = take_back(shop, wishes_[i]) && all;
    if (i % 2 == 0) shop.settle();
  }
  shop.settle();
  shop.clock.advance_ms(1'500);  // an unanswered charge is repeated
  shop.settle();
  return all;
}

void Customers::spend_day(Shop& shop) {
  (void)fulfil(shop, 0, of_the_morning);
  shop.stop();
  shop.start();
  (void)fulfil(shop, of_the_morning, wishes_.size());
}

std::string Customers::finish(Shop& shop) {
  Findings findings;
  if (!fulfil(shop, 0, wishes_.size())) findings.add("something is refused although the disk is well");
  for (int i = 0; i < 4; ++i) {
    shop.settle();
    shop.clock.advance_ms(120'000);
  }
  shop.settle();
  return findings.text();
}

int Customers::answered() const {
  return static_cast<int>(std::count_if(wishes_.begin(), wishes_.end(), [](const Wish& wish) { return wish.id.has_value(); }));
}

std::string Customers::check(Shop& shop) const {
  Findings findings;
  std::set<std::string> ids;
  for (const Wish& wish : wishes_) {
    if (!wish.id) continue;
    if (!ids.insert(wish.id->text).second) findings.add(wish.key, " was answered with another's order");
    const auto order = shop.orders().call(Shop::admin(), order::GetOrder{*wish.id});
    if (!order) {
      findings.add(wish.key, " was answered, and its order is not there: ", order.error().detail);
      continue;
    }
    if (order->items.size() != wish.items.size()) findings.add(wish.key, " has other items");
    if (wish.is_placed && order->status == order::OrderStatus::pending) findings.add(wish.key, " was placed, and is no more");
    if (wish.is_cancelled && order->status != order::OrderStatus::cancelled) findings.add(wish.key, " was not cancelled");
  }
  findings.expect_equal(count_in(shop.store_of("order"), "SELECT count(*) FROM orders"),
                        static_cast<std::int64_t>(wishes_.size()), "the number of orders");
  for (const std::string module : {"user", "inventory", "payment", "order"}) {
    findings.expect_equal(text_in(shop.store_of(module), "PRAGMA integrity_check"), "ok", "the integrity of " + module);
  }
  return findings.text();
}

}  // namespace seamline::test
