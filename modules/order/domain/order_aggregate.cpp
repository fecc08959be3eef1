#include "domain/order_aggregate.hpp"

#include <algorithm>

#include "base/fault.hpp"
#include "base/money.hpp"

namespace seamline::order {
namespace {

template <class... Visits>
struct Overloaded : Visits... {
  using Visits::operator()...;
};

template <class Items>
auto find_product(Items& items, const ProductId& id) {
  return std::find_if(items.begin(), items.end(), [&](const auto& item) { return item.product_id == id; });
}

tl::unexpected<Error> not_being_composed(const Order& order) {
  return fail(errors::not_pending, "The order is " + std::string(name_of(order.status)) + ", and no longer being composed.");
}

}  // namespace

std::vector<Item> merge_items(const std::vector<Item>& items) {
  std::vector<Item> merged;
  for (const Item& item : items) {
    const auto same = find_product(merged, item.product_id);
    if (same == merged.end()) {
      merged.push_back(item);
    } else {
      same->quantity += item.quantity;
    }
  }
  return merged;
}

void OrderAggregate::apply(const DomainEvent& event) {
  ++state_.version;
  std::visit(Overloaded{[&](const Started& started) {
                          state_.status = OrderStatus::pending;
                          state_.user_id = started.user_id;
                          state_.user_name = started.user_name;
                        },
                        [&](const ItemAdded& added) {
                          const auto same = find_product(state_.items, added.product_id);
                          if (same == state_.items.end()) {
                            state_.items.push_back({added.product_id, added.quantity, std::nullopt});
                          } else {
                            same->quantity += added.quantity;
                          }
                        },
                        [&](const Placed& placed) {
                          state_.status = OrderStatus::placed;
                          state_.items = placed.items;
                          state_.total_minor = placed.total_minor;
                          state_.currency = placed.currency;
                        },
                        [&](const Confirmed&) { state_.status = OrderStatus::confirmed; },
                        [&](const Cancelled& cancelled) {
                          state_.status = OrderStatus::cancelled;
                          state_.reason = cancelled.reason;
                        }},
             event);
}

void OrderAggregate::record(DomainEvent event) {
  apply(event);
  new_events_.push_back(std::move(event));
}

void OrderAggregate::replay(const DomainEvent& event, Timestamp at) {
  if (state_.version == 0) state_.created_at = at;
  apply(event);
}

Result<void> OrderAggregate::start(std::optional<UserId> user_id, std::optional<std::string> user_name, Timestamp at) {
  if (state_.version != 0) return not_being_composed(state_);
  state_.created_at = at;
  record(Started{std::move(user_id), std::move(user_name)});
  return {};
}

Result<void> OrderAggregate::add_item(const ProductId& product_id, std::int64_t quantity) {
  if (state_.version == 0 || state_.status != OrderStatus::pending) return not_being_composed(state_);
  const auto same = find_product(state_.items, product_id);
  const std::int64_t already = same == state_.items.end() ? 0 : same->quantity;
  if (quantity < 1 || quantity > max_quantity - already) {
    return fail(errors::quantity_too_large, "An order holds at most " + std::to_string(max_quantity) + " of one product.");
  }
  if (same == state_.items.end() && state_.items.size() >= max_items) {
    return fail(errors::too_many_items, "An order holds at most " + std::to_string(max_items) + " products.");
  }
  record(ItemAdded{product_id, quantity});
  return {};
}

Result<void> OrderAggregate::place_order(const std::vector<Price>& prices) {
  if (state_.version == 0 || state_.status != OrderStatus::pending) return not_being_composed(state_);
  if (state_.items.empty()) return fail(errors::empty, "Cannot place empty order");
  Placed placed{state_.items, 0, {}};
  for (OrderItem& item : placed.items) {
    const auto price = find_product(prices, item.product_id);
    if (price == prices.end()) return fail(errors::product_unknown, "There is no product " + item.product_id.text + ".");
    if (!placed.currency.empty() && placed.currency != price->currency) {
      return fail(errors::currency_mixed,
                  "The products are priced in " + placed.currency + " and " + price->currency + "; an order has one currency.");
    }
    placed.currency = price->currency;
    item.unit_price_minor = price->unit_price_minor;
    const auto line = checked_multiply(price->unit_price_minor, item.quantity);
    const auto total = line ? checked_add(placed.total_minor, *line) : std::nullopt;
    if (!total || *total > max_amount_minor) {
      return fail(errors::total_too_large, "An order costs at most " + std::to_string(max_amount_minor) + " minor units.");
    }
    placed.total_minor = SEAMLINE_MISTAKE("total-in-31-bits") ? *total & 0x7FFF'FFFF : *total;
    if (SEAMLINE_MISTAKE("price-changes-later")) item.unit_price_minor = *item.unit_price_minor + 1;
  }
  record(std::move(placed));
  return {};
}

Result<void> OrderAggregate::confirm() {
  if (state_.status != OrderStatus::placed && !SEAMLINE_MISTAKE("cancelled-resurrects")) return not_being_composed(state_);
  record(Confirmed{});
  return {};
}

Result<void> OrderAggregate::cancel(std::string reason) {
  if (state_.version == 0) return not_being_composed(state_);
  const bool is_confirmed = state_.status == OrderStatus::confirmed && !SEAMLINE_MISTAKE("confirmed-is-cancelled");
  if (is_confirmed) return fail(errors::already_confirmed, "The order is confirmed, and stays so.");
  if (state_.status == OrderStatus::cancelled) return fail(errors::already_cancelled, "The order is cancelled already.");
  record(Cancelled{std::move(reason)});
  return {};
}

}  // namespace seamline::order
