#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/json_texts.hpp"

namespace seamline::audit {

/// A row of orders.
struct OrderRow {
  std::string status;
  std::optional<std::string> user_id;
  std::optional<std::string> user_name;
  std::string items;
  std::optional<std::int64_t> total_minor;
  std::optional<std::string> currency;
  std::optional<std::string> reason;
  std::int64_t version = 0;

  bool has_ended() const { return status == "confirmed" || status == "cancelled"; }
};

/// A row of order_events.
struct OrderEvent {
  std::int64_t version = 0;
  std::string type;
  std::string data;
};

/// An entry of a log, by the name of its event. The payload is only there where a check reads it.
struct Announcement {
  std::int64_t seq = 0;
  std::string name;
  std::string payload;
};

/// An answer that order remembers, and that names an order.
struct Answer {
  std::string operation;
  std::string caller;
  std::string key;

  bool makes_order() const { return operation == "order.place_order" || operation == "order.start_draft"; }
};

/// A row of payments.
struct PaymentRow {
  std::string payment_id;
  std::int64_t amount_minor = 0;
  std::string currency;
  std::string status;
  std::string ending;
};

/// What a ledger transaction moved: the amount of its receiving side.
struct Moved {
  std::int64_t amount_minor = 0;
  std::string currency;
  bool operator==(const Moved&) const = default;
};

/// A row of invoices.
struct InvoiceRow {
  std::string payment_id;
  Moved billed;
};

/// A row of reservations.
struct ReservationRow {
  std::string lines;
  std::string stock;
  std::string ending;

  /// Whether stock was set aside, whatever became of it.
  bool has_reserved() const { return stock == "reserved" || stock == "released" || stock == "committed"; }
};

/// A row of stock_movements.
struct Movement {
  std::string product_id;
  std::string kind;
  std::int64_t quantity = 0;
};

/// All that the stores say of one order, whether or not there is such an order.
struct Dossier {
  std::string order_id;

  std::optional<OrderRow> order;
  std::vector<OrderEvent> events;
  std::vector<std::string> order_timers;
  std::vector<Announcement> order_log;
  std::vector<Answer> answers;

  std::optional<PaymentRow> payment;
  std::vector<Moved> captures;
  std::vector<Moved> refunds;
  std::vector<Moved> earnings;
  std::optional<InvoiceRow> invoice;
  std::optional<std::string> provider_work;
  bool is_unpriced = false;
  std::vector<Announcement> payment_log;

  std::optional<ReservationRow> reservation;
  std::vector<Movement> movements;
  std::vector<std::string> inventory_timers;
  std::vector<Announcement> inventory_log;

  /// The first OrderCreated of order's log.
  std::optional<PricedOrder> created;
  /// The reservation's lines; empty where they cannot be read.
  std::optional<Lines> reserved_lines;

  bool has_event(std::string_view type) const {
    return std::any_of(events.begin(), events.end(), [&](const OrderEvent& event) { return event.type == type; });
  }
  bool was_placed() const { return has_event("OrderPlaced"); }
  /// Whether order knows of it; if not, a service elsewhere has placed it.
  bool is_ours() const { return order || created; }
  bool has_ended() const { return order && order->has_ended(); }
  bool is_confirmed() const { return order && order->status == "confirmed"; }
  std::int64_t movements_of(std::string_view kind) const {
    return std::count_if(movements.begin(), movements.end(), [&](const Movement& movement) { return movement.kind == kind; });
  }
  /// What the movements of one kind moved, as lines.
  Lines moved(std::string_view kind) const {
    Lines lines;
    for (const Movement& movement : movements) {
      if (movement.kind == kind) lines.push_back({movement.product_id, movement.quantity, std::nullopt});
    }
    return quantities_of(lines);
  }

  /// How a message begins.
  std::string name() const { return "order " + order_id + ": "; }
};

/// How often a log announces this of one order.
inline std::int64_t count_of(const std::vector<Announcement>& log, std::string_view name) {
  return std::count_if(log.begin(), log.end(), [&](const Announcement& entry) { return entry.name == name; });
}

}  // namespace seamline::audit
