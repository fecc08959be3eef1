#pragma once

#include "contract/contract.hpp"

namespace seamline::order {

using OrderId = Id<"order">;
using UserId = Id<"user">;
using ProductId = Id<"product">;

/// One line of an order as other modules hear of it. A foreign event may lack the price.
struct EventItem {
  ProductId product_id;
  std::int64_t quantity = 0;
  std::optional<std::int64_t> unit_price_minor;

  static constexpr std::tuple fields{
      Field{"product_id", &EventItem::product_id, "The product."},
      Field{"quantity", &EventItem::quantity, "How many.", range(1, 1000)},
      Field{"unit_price", &EventItem::unit_price_minor, "The price when the order was placed, in minor units."}};
};

/// An order was placed: money may be taken and goods set aside. Only order_id and items are sure; the rest is missing where
/// the event comes from elsewhere.
struct OrderCreated {
  OrderId order_id;
  std::optional<UserId> user_id;
  std::vector<EventItem> items;
  std::optional<std::int64_t> total_minor;
  std::optional<std::string> currency;
  std::optional<std::string> payment_token;
  std::optional<Timestamp> expires_at;

  static constexpr EventType type{"order", "OrderCreated", 1};
  std::string_view subject() const { return order_id.text; }
  static constexpr std::tuple fields{
      Field{"order_id", &OrderCreated::order_id, "The order."},
      Field{"user_id", &OrderCreated::user_id, "Whose order it is."},
      Field{"items", &OrderCreated::items, "What was ordered.", count(1, 100)},
      Field{"total", &OrderCreated::total_minor, "What it costs, in minor units."},
      Field{"currency", &OrderCreated::currency, "The currency, ISO 4217.", length(3, 3)},
      Field{"payment_token", &OrderCreated::payment_token, "How it is paid: the payment provider's token.", length(1, 200)},
      Field{"expires_at", &OrderCreated::expires_at, "From then on nothing is charged for it."}};
};

/// Money and goods are settled; the order is final.
struct OrderConfirmed {
  OrderId order_id;

  static constexpr EventType type{"order", "OrderConfirmed", 1};
  std::string_view subject() const { return order_id.text; }
  static constexpr std::tuple fields{Field{"order_id", &OrderConfirmed::order_id, "The order."}};
};

/// The order is final and void: what was taken or set aside for it goes back.
struct OrderCancelled {
  OrderId order_id;
  std::string reason;

  static constexpr EventType type{"order", "OrderCancelled", 1};
  std::string_view subject() const { return order_id.text; }
  static constexpr std::tuple fields{Field{"order_id", &OrderCancelled::order_id, "The order."},
                                     Field{"reason", &OrderCancelled::reason, "Why, as a short code."}};
};

}  // namespace seamline::order
