#pragma once

#include "contract/contract.hpp"
#include "order/events.hpp"

namespace seamline::order {

/// Composing, under way, and the two ends.
enum class OrderStatus : std::uint8_t { pending, placed, confirmed, cancelled };

}  // namespace seamline::order

template <>
inline constexpr std::array<std::string_view, 4> seamline::enum_names<seamline::order::OrderStatus>{"pending", "placed",
                                                                                                    "confirmed", "cancelled"};

namespace seamline::order {

namespace errors {
inline constexpr ErrorCode not_found{"order.not_found", Kind::not_found};
inline constexpr ErrorCode user_unknown{"order.user_unknown", Kind::invalid};
inline constexpr ErrorCode user_required{"order.user_required", Kind::malformed};
inline constexpr ErrorCode not_your_user{"order.not_your_user", Kind::forbidden};
inline constexpr ErrorCode product_unknown{"order.product_unknown", Kind::invalid};
inline constexpr ErrorCode currency_mixed{"order.currency_mixed", Kind::invalid};
inline constexpr ErrorCode quantity_too_large{"order.quantity_too_large", Kind::invalid};
inline constexpr ErrorCode too_many_items{"order.too_many_items", Kind::invalid};
inline constexpr ErrorCode total_too_large{"order.total_too_large", Kind::invalid};
inline constexpr ErrorCode empty{"order.empty", Kind::conflict};
inline constexpr ErrorCode not_pending{"order.not_pending", Kind::conflict};
inline constexpr ErrorCode already_confirmed{"order.already_confirmed", Kind::conflict};
inline constexpr ErrorCode already_cancelled{"order.already_cancelled", Kind::conflict};
inline constexpr ErrorCode bad_cursor{"order.bad_cursor", Kind::malformed};
}  // namespace errors

/// What a customer asks for.
struct Item {
  ProductId product_id;
  std::int64_t quantity = 0;

  static constexpr std::tuple fields{Field{"product_id", &Item::product_id, "The product."},
                                     Field{"quantity", &Item::quantity, "How many, 1 to 1000.", range(1, 1000)}};
};

/// One line of an order. It has no price before the order is placed.
struct OrderItem {
  ProductId product_id;
  std::int64_t quantity = 0;
  std::optional<std::int64_t> unit_price_minor;

  static constexpr std::tuple fields{
      Field{"product_id", &OrderItem::product_id, "The product."}, Field{"quantity", &OrderItem::quantity, "How many."},
      Field{"unit_price", &OrderItem::unit_price_minor, "The price of one when the order was placed, in minor units."}};
};

/// An order as it stands.
struct Order {
  OrderId order_id;
  OrderStatus status = OrderStatus::pending;
  std::optional<UserId> user_id;
  std::optional<std::string> user_name;
  std::vector<OrderItem> items;
  std::optional<std::int64_t> total_minor;
  std::optional<std::string> currency;
  std::optional<std::string> reason;
  std::int64_t version = 0;
  Timestamp created_at;

  static constexpr std::tuple fields{
      Field{"order_id", &Order::order_id, "Server-assigned."},
      Field{"status", &Order::status, "pending while it is composed, placed while it is settled, then confirmed or cancelled."},
      Field{"user_id", &Order::user_id, "Whose order it is."},
      Field{"user_name", &Order::user_name, "The user's name when the order was made."},
      Field{"items", &Order::items, "Its lines."},
      Field{"total", &Order::total_minor, "What it costs, in minor units; null while it is composed."},
      Field{"currency", &Order::currency, "The currency, ISO 4217; null while it is composed."},
      Field{"reason", &Order::reason, "Why it was cancelled; else null."},
      Field{"version", &Order::version, "Counts the order's events; also its ETag."},
      Field{"created_at", &Order::created_at, "When it was made."}};
};

/// Places an order: prices are quoted, the order is stored, and settling it begins. Prefer: wait=N waits for the outcome.
struct PlaceOrder {
  std::vector<Item> items;
  std::optional<std::string> payment_token;
  std::optional<UserId> user_id;

  using Reply = Order;
  static constexpr std::string_view name = "order.place_order";
  static constexpr std::string_view summary = "Place an order";
  static constexpr Route route{Verb::post, "/orders", "/orders/{order_id}"};
  static constexpr Access access = Access::user;
  static constexpr Repeat repeat = Repeat::with_key;
  static constexpr bool waits = true;
  static constexpr std::array errors{errors::user_unknown,    errors::user_required,  errors::not_your_user,
                                     errors::product_unknown, errors::currency_mixed, errors::quantity_too_large,
                                     errors::total_too_large};
  static constexpr std::tuple fields{
      Field{"items", &PlaceOrder::items, "What is ordered. A product that stands twice is added up.", count(1, 100)},
      Field{"payment_token", &PlaceOrder::payment_token, "The payment provider's token; the sandbox's tok_ok by default.",
            length(1, 200)},
      Field{"user_id", &PlaceOrder::user_id, "For whom; the caller by default. Others need the role admin or service."}};
};

/// Begins an order that is composed step by step.
struct StartDraft {
  std::optional<UserId> user_id;

  using Reply = Order;
  static constexpr std::string_view name = "order.start_draft";
  static constexpr std::string_view summary = "Begin an order that is composed step by step";
  static constexpr Route route{Verb::post, "/orders/drafts", "/orders/{order_id}"};
  static constexpr Access access = Access::user;
  static constexpr Repeat repeat = Repeat::with_key;
  static constexpr std::array errors{errors::user_unknown, errors::user_required, errors::not_your_user};
  static constexpr std::tuple fields{Field{"user_id", &StartDraft::user_id, "For whom; the caller by default."}};
};

/// Adds a product to an order that is being composed.
struct AddItem {
  OrderId id;
  ProductId product_id;
  std::int64_t quantity = 0;

  using Reply = Order;
  static constexpr std::string_view name = "order.add_item";
  static constexpr std::string_view summary = "Add a product to an order that is being composed";
  static constexpr Route route{Verb::post, "/orders/{id}/items"};
  static constexpr Access access = Access::owner;
  static constexpr Repeat repeat = Repeat::with_key;
  static constexpr std::array errors{errors::not_found, errors::not_pending, errors::quantity_too_large, errors::too_many_items};
  static constexpr std::tuple fields{Field{"id", &AddItem::id, "The order."},
                                     Field{"product_id", &AddItem::product_id, "The product."},
                                     Field{"quantity", &AddItem::quantity, "How many, 1 to 1000.", range(1, 1000)}};
};

/// Places an order that was composed step by step.
struct PlaceDraft {
  OrderId id;
  std::optional<std::string> payment_token;

  using Reply = Order;
  static constexpr std::string_view name = "order.place_draft";
  static constexpr std::string_view summary = "Place an order that was composed step by step";
  static constexpr Route route{Verb::post, "/orders/{id}/place"};
  static constexpr Access access = Access::owner;
  static constexpr Repeat repeat = Repeat::with_key;
  static constexpr bool waits = true;
  static constexpr std::array errors{errors::not_found,       errors::empty,          errors::not_pending,
                                     errors::product_unknown, errors::currency_mixed, errors::total_too_large};
  static constexpr std::tuple fields{Field{"id", &PlaceDraft::id, "The order."},
                                     Field{"payment_token", &PlaceDraft::payment_token,
                                           "The payment provider's token; the sandbox's tok_ok by default.", length(1, 200)}};
};

/// Cancels an order that is not yet confirmed. Repeating it gives the same.
struct CancelOrder {
  OrderId id;

  using Reply = Order;
  static constexpr std::string_view name = "order.cancel_order";
  static constexpr std::string_view summary = "Cancel an order that is not yet confirmed";
  static constexpr Route route{Verb::post, "/orders/{id}/cancel"};
  static constexpr Access access = Access::owner;
  static constexpr Repeat repeat = Repeat::with_key;
  static constexpr std::array errors{errors::not_found, errors::already_confirmed};
  static constexpr std::tuple fields{Field{"id", &CancelOrder::id, "The order."}};
};

/// Reads one order. Idempotent. An order that the caller may not see is not found.
struct GetOrder {
  OrderId id;

  using Reply = Order;
  static constexpr std::string_view name = "order.get_order";
  static constexpr std::string_view summary = "Read one order";
  static constexpr Route route{Verb::get, "/orders/{id}"};
  static constexpr Access access = Access::owner;
  static constexpr Repeat repeat = Repeat::safe;
  static constexpr std::array errors{errors::not_found};
  static constexpr std::tuple fields{Field{"id", &GetOrder::id, "The order."}};
};

struct OrderPage {
  std::vector<Order> items;
  std::optional<std::string> next_cursor;

  static constexpr std::tuple fields{Field{"items", &OrderPage::items, "The orders, newest first."},
                                     Field{"next_cursor", &OrderPage::next_cursor, "Gives the next page; null on the last."}};
};

/// Lists orders, newest first. Callers who are no admin see their own.
struct ListOrders {
  std::optional<UserId> user_id;
  std::optional<OrderStatus> status;
  std::optional<std::int64_t> limit;
  std::optional<std::string> cursor;

  using Reply = OrderPage;
  static constexpr std::string_view name = "order.list_orders";
  static constexpr std::string_view summary = "List orders, newest first";
  static constexpr Route route{Verb::get, "/orders"};
  static constexpr Access access = Access::owner;
  static constexpr Repeat repeat = Repeat::safe;
  static constexpr std::array errors{errors::bad_cursor};
  static constexpr std::tuple fields{
      Field{"user_id", &ListOrders::user_id, "Only this user's orders."},
      Field{"status", &ListOrders::status, "Only orders of this status."},
      Field{"limit", &ListOrders::limit, "How many at most, 1 to 100; 50 by default.", range(1, 100)},
      Field{"cursor", &ListOrders::cursor, "The next_cursor of the page before.", length(1, 400)}};
};

/// One step in the life of an order.
struct TimelineEvent {
  std::int64_t version = 0;
  std::string type;
  Timestamp at;
  JsonObject data;

  static constexpr std::tuple fields{
      Field{"version", &TimelineEvent::version, "From 1, without gaps."}, Field{"type", &TimelineEvent::type, "What happened."},
      Field{"at", &TimelineEvent::at, "When."}, Field{"data", &TimelineEvent::data, "Its particulars."}};
};

struct Timeline {
  std::vector<TimelineEvent> items;

  static constexpr std::tuple fields{Field{"items", &Timeline::items, "The order's events, oldest first."}};
};

/// Reads what happened to an order. Idempotent.
struct GetTimeline {
  OrderId id;

  using Reply = Timeline;
  static constexpr std::string_view name = "order.get_timeline";
  static constexpr std::string_view summary = "Read what happened to an order";
  static constexpr Route route{Verb::get, "/orders/{id}/events"};
  static constexpr Access access = Access::owner;
  static constexpr Repeat repeat = Repeat::safe;
  static constexpr std::array errors{errors::not_found};
  static constexpr std::tuple fields{Field{"id", &GetTimeline::id, "The order."}};
};

struct Counts {
  std::int64_t pending = 0;
  std::int64_t placed = 0;
  std::int64_t confirmed = 0;
  std::int64_t cancelled = 0;

  static constexpr std::tuple fields{
      Field{"pending", &Counts::pending, "Being composed."}, Field{"placed", &Counts::placed, "Being settled."},
      Field{"confirmed", &Counts::confirmed, "Final, and good."}, Field{"cancelled", &Counts::cancelled, "Final, and void."}};
};

/// Counts all orders by status.
struct CountOrders {
  using Reply = Counts;
  static constexpr std::string_view name = "order.count_orders";
  static constexpr std::string_view summary = "Count all orders by status";
  static constexpr Route route{Verb::get, "/orders/counts"};
  static constexpr Access access = Access::admin;
  static constexpr Repeat repeat = Repeat::safe;
  static constexpr auto errors = no_errors;
  static constexpr std::tuple<> fields{};
};

}  // namespace seamline::order
