#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "order/operations.hpp"

/// The order aggregate. It decides, and records what it decided as events; its state is the fold of them and nothing else.
namespace seamline::order {

/// The events of the aggregate. They are its own: what other modules hear is in the contract.
struct Started {
  std::optional<UserId> user_id;
  std::optional<std::string> user_name;

  static constexpr std::string_view event_name = "OrderStarted";
  static constexpr std::tuple fields{Field{"user_id", &Started::user_id, "Whose order it is."},
                                     Field{"user_name", &Started::user_name, "The user's name then."}};
};

struct ItemAdded {
  ProductId product_id;
  std::int64_t quantity = 0;

  static constexpr std::string_view event_name = "ItemAdded";
  static constexpr std::tuple fields{Field{"product_id", &ItemAdded::product_id, "The product."},
                                     Field{"quantity", &ItemAdded::quantity, "How many."}};
};

struct Placed {
  std::vector<OrderItem> items;
  std::int64_t total_minor = 0;
  std::string currency;

  static constexpr std::string_view event_name = "OrderPlaced";
  static constexpr std::tuple fields{Field{"items", &Placed::items, "The lines with their prices."},
                                     Field{"total", &Placed::total_minor, "What they cost, in minor units."},
                                     Field{"currency", &Placed::currency, "ISO 4217."}};
};

struct Confirmed {
  static constexpr std::string_view event_name = "OrderConfirmed";
  static constexpr std::tuple<> fields{};
};

struct Cancelled {
  std::string reason;

  static constexpr std::string_view event_name = "OrderCancelled";
  static constexpr std::tuple fields{Field{"reason", &Cancelled::reason, "Why, as a short code."}};
};

using DomainEvent = std::variant<Started, ItemAdded, Placed, Confirmed, Cancelled>;

/// What one product costs.
struct Price {
  ProductId product_id;
  std::int64_t unit_price_minor = 0;
  std::string currency;
};

class OrderAggregate {
 public:
  static constexpr std::size_t max_items = 100;
  static constexpr std::int64_t max_quantity = 1000;

  /// An order that nothing has happened to yet.
  explicit OrderAggregate(OrderId order_id) { state_.order_id = std::move(order_id); }
  /// An order in the state that its events fold to.
  static OrderAggregate resume(Order folded) {
    OrderAggregate order(folded.order_id);
    order.state_ = std::move(folded);
    return order;
  }

  /// Applies an event that was recorded earlier; events come in the order of their versions. `at` dates the first.
  void replay(const DomainEvent& event, Timestamp at);

  /// Decisions. Each either records one event, which new_events() then holds, or fails and changes nothing.
  Result<void> start(std::optional<UserId> user_id, std::optional<std::string> user_name, Timestamp at);
  /// A product that is already there is added up. Errors: order.not_pending, order.quantity_too_large, order.too_many_items.
  Result<void> add_item(const ProductId& product_id, std::int64_t quantity);
  /// Errors: order.empty, order.not_pending, order.product_unknown, order.currency_mixed, order.total_too_large.
  Result<void> place_order(const std::vector<Price>& prices);
  /// Errors: order.not_pending unless it is placed.
  Result<void> confirm();
  /// Errors: order.already_confirmed, order.already_cancelled; order.not_pending where nothing has happened to it yet.
  Result<void> cancel(std::string reason);

  const Order& state() const { return state_; }
  bool is_terminal() const { return state_.status == OrderStatus::confirmed || state_.status == OrderStatus::cancelled; }
  const std::vector<DomainEvent>& new_events() const { return new_events_; }

 private:
  void record(DomainEvent event);
  void apply(const DomainEvent& event);

  Order state_;
  std::vector<DomainEvent> new_events_;
};

/// Adds up items that name the same product, in the order of their first mention.
std::vector<Item> merge_items(const std::vector<Item>& items);

}  // namespace seamline::order
