#include "audit/stock.hpp"

namespace seamline::audit {
namespace {

bool is_for_order(std::string_view kind) { return kind == "reserved" || kind == "released" || kind == "committed"; }

/// What happened so far to one product of one order.
struct Steps {
  std::optional<std::int64_t> reserved;
  bool is_over = false;

  /// False where this may not follow.
  bool take(const Movement& movement) {
    if (movement.kind == "reserved") {
      if (reserved) return false;
      reserved = movement.quantity;
      return true;
    }
    const bool may_follow = is_for_order(movement.kind) && reserved == movement.quantity && !is_over;
    is_over = true;
    return may_follow;
  }
};

/// Whether the kinds of an order's movements are those that its reservation's state stands for.
bool state_agrees(const Dossier& order) {
  const std::string& stock = order.reservation->stock;
  return (order.movements_of("reserved") > 0) == order.reservation->has_reserved() &&
         (order.movements_of("released") > 0) == (stock == "released") &&
         (order.movements_of("committed") > 0) == (stock == "committed");
}

}  // namespace

void StockChecks::Stock::move(std::string_view kind, std::int64_t quantity) {
  if (kind == "added" || kind == "restocked") on_hand += quantity;
  if (kind == "reserved") reserved += quantity;
  if (kind == "released" || kind == "committed") reserved -= quantity;
  if (kind == "committed") on_hand -= quantity;
  if (kind == "added") {
    ++times_added;
    was_added_first = was_added_first || !has_moved;
  }
  has_moved = true;
}

void StockChecks::examine_movements() {
  for (Cursor row(inventory_, "SELECT product_id FROM products"); row.next();)
    stocks_[std::string(row.text(0))].is_product = true;
  Cursor row(inventory_, "SELECT id, product_id, kind, quantity, order_id FROM stock_movements ORDER BY id");
  while (row.next()) {
    auto found = stocks_.find(row.text(1));
    if (found == stocks_.end()) found = stocks_.emplace(row.text(1), Stock{}).first;
    Stock& stock = found->second;
    const std::string_view kind = row.text(2);
    const auto name = [&] {
      return "movement " + std::to_string(row.integer(0)) + " of " + found->first + ", " + std::string(kind) + ": ";
    };
    stock.move(kind, row.integer(3));
    findings_.examine("S3", stock.on_hand >= 0 && stock.reserved >= 0 && stock.reserved <= stock.on_hand, [&] {
      return name() + "then " + text_of(stock.on_hand) + " on hand and " + text_of(stock.reserved) + " reserved";
    });
    findings_.examine("S7", stock.is_product && is_for_order(kind) == !row.is_null(4), [&] {
      return name() + (stock.is_product ? row.is_null(4) ? "for no order" : "for an order" : "there is no such product");
    });
  }
}

void StockChecks::examine(const Dossier& order) {
  if (!order.movements.empty()) {
    each_movement_once(order);
    all_lines_or_none(order);
  }
  if (order.reservation) {
    state(order);
    lines(order);
  }
  announcements(order);
  expiry(order);
  if (order.has_ended()) ended(order);
}

void StockChecks::each_movement_once(const Dossier& order) {
  std::map<std::string_view, Steps> products;
  for (const Movement& movement : order.movements) {
    findings_.examine("S6", products[movement.product_id].take(movement), [&] {
      return order.name() + std::to_string(movement.quantity) + " of " + movement.product_id + " " + movement.kind +
             ", which cannot follow what was there before";
    });
  }
}

void StockChecks::all_lines_or_none(const Dossier& order) {
  const Lines all = quantities_of(order.reserved_lines.value_or(Lines{}));
  bool are_all = order.reserved_lines.has_value();
  for (const std::string_view kind : {"reserved", "released", "committed"}) {
    const Lines moved = order.moved(kind);
    are_all = are_all && (moved.empty() || moved == all);
  }
  findings_.examine("S10", are_all, [&] { return order.name() + "its movements are not the lines of its reservation"; });
}

void StockChecks::state(const Dossier& order) {
  const std::string& stock = order.reservation->stock;
  findings_.examine("S11", state_agrees(order),
                    [&] { return order.name() + "its stock is " + stock + ", and its movements say something else"; });
  if (order.is_ours()) findings_.examine("S8", stock != "reserved", [&] { return order.name() + "its reservation stands"; });
  if (stock != "reserved" || !order.reserved_lines) return;
  for (const Line& line : *order.reserved_lines) stocks_[line.product_id].in_reservations += line.quantity;
}

void StockChecks::announcements(const Dossier& order) {
  findings_.examined("S12", static_cast<std::int64_t>(order.inventory_log.size()) + (order.reservation ? 1 : 0));
  const std::string_view stock = order.reservation ? std::string_view(order.reservation->stock) : "";
  const bool has_reserved = order.reservation && order.reservation->has_reserved();
  const auto expect = [&](std::string_view name, bool is_expected) {
    const std::int64_t count = count_of(order.inventory_log, name);
    if (count == (is_expected ? 1 : 0)) return;
    findings_.violated("S12", order.name() + std::to_string(count) + " times " + std::string(name) + ", and its stock is " +
                                  (order.reservation ? std::string(stock) : "unknown"));
  };
  expect("InventoryReserved", has_reserved);
  expect("InventoryReleased", stock == "released");
  expect("InventoryFailed", stock == "refused");
  for (const Announcement& entry : order.inventory_log) {
    const bool is_known = entry.name == "InventoryReserved" || entry.name == "InventoryReleased" ||
                          entry.name == "InventoryFailed" || (entry.name == "InventoryExpired" && has_reserved);
    if (!is_known) {
      findings_.violated(
          "S12", order.name() + "entry " + std::to_string(entry.seq) + ", " + entry.name + ", is nothing that its rows say");
    }
  }
}

void StockChecks::expiry(const Dossier& order) {
  const bool stands = order.reservation && order.reservation->stock == "reserved";
  bool has_timer = false;
  for (const std::string& timer : order.inventory_timers) {
    const bool is_right = stands && timer == "inventory.reservation";
    has_timer = has_timer || is_right;
    findings_.examine("S13", is_right, [&] { return order.name() + "has a timer, " + timer + ", that it should not have"; });
  }
  if (!stands) return;
  findings_.examine("S13", has_timer || count_of(order.inventory_log, "InventoryExpired") > 0,
                    [&] { return order.name() + "its reservation stands, without a timer and unexpired"; });
}

void StockChecks::lines(const Dossier& order) {
  if (order.reserved_lines && order.reserved_lines->empty()) return;
  if (!order.is_ours()) return;
  const bool are_right =
      order.reserved_lines && order.created && quantities_of(*order.reserved_lines) == quantities_of(order.created->items);
  findings_.examine("S14", are_right, [&] { return order.name() + "its reservation has other lines than OrderCreated"; });
}

void StockChecks::ended(const Dossier& order) {
  const Lines committed = order.moved("committed");
  bool is_right = committed.empty();
  if (order.is_confirmed()) {
    const auto ordered = read_items(order.order->items);
    is_right = ordered && committed == quantities_of(*ordered);
  }
  findings_.examine("S5", is_right, [&] {
    return order.name() + order.order->status + ", and " + (committed.empty() ? "nothing" : "something else than that") +
           " was committed";
  });
}

void StockChecks::finish() {
  Cursor row(inventory_, "SELECT product_id, on_hand, reserved FROM products ORDER BY product_id");
  while (row.next()) {
    const Stock& stock = stocks_.find(row.text(0))->second;
    const auto name = [&] { return "product " + std::string(row.text(0)) + ": "; };
    findings_.examine("S1", row.integer(1) == stock.on_hand, [&] {
      return name() + std::to_string(row.integer(1)) + " on hand, and its movements add up to " + text_of(stock.on_hand);
    });
    findings_.examine("S2", row.integer(2) == stock.reserved, [&] {
      return name() + std::to_string(row.integer(2)) + " reserved, and its movements add up to " + text_of(stock.reserved);
    });
    findings_.examine("S4", row.integer(2) == stock.in_reservations, [&] {
      return name() + std::to_string(row.integer(2)) + " reserved, and the reservations that stand hold " +
             text_of(stock.in_reservations);
    });
    findings_.examine("S7", stock.times_added == 1 && stock.was_added_first,
                      [&] { return name() + "added " + std::to_string(stock.times_added) + " times, or not first"; });
  }
}

}  // namespace seamline::audit
