#include "application/settlement.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "base/fault.hpp"

namespace seamline::inventory {

Reservation Settlement::find_or_begin(store::Transaction& transaction, const OrderId& order_id) const {
  if (auto known = repository_.find_reservation(transaction, order_id)) return std::move(*known);
  Reservation begun;
  begun.order_id = order_id;
  return begun;
}

void Settlement::hear(store::Transaction& transaction, const order::OrderCreated& event) const {
  Reservation reservation = find_or_begin(transaction, event.order_id);
  std::vector<Line> lines;
  for (const order::EventItem& item : event.items) lines.push_back({item.product_id, item.quantity});
  reservation.hear_lines(lines);
  if (SEAMLINE_MISTAKE("reserve-before-paid")) reservation.hear_paid();
  go_on(transaction, reservation);
}

void Settlement::hear(store::Transaction& transaction, const payment::PaymentSuccess& event) const {
  Reservation reservation = find_or_begin(transaction, event.order_id);
  reservation.hear_paid();
  if (SEAMLINE_MISTAKE("late-payment-reserves")) reservation.ending = Ending::open;
  go_on(transaction, reservation);
}

void Settlement::hear(store::Transaction& transaction, const order::OrderConfirmed& event) const {
  Reservation reservation = find_or_begin(transaction, event.order_id);
  reservation.hear_ending(Ending::confirmed);
  go_on(transaction, reservation);
}

void Settlement::hear(store::Transaction& transaction, const order::OrderCancelled& event) const {
  Reservation reservation = find_or_begin(transaction, event.order_id);
  reservation.hear_ending(Ending::cancelled);
  go_on(transaction, reservation);
}

void Settlement::go_on(store::Transaction& transaction, Reservation& reservation) const {
  switch (reservation.next_step()) {
    case Reservation::Step::reserve: reserve(transaction, reservation); break;
    case Reservation::Step::commit: commit(transaction, reservation); break;
    case Reservation::Step::release: release(transaction, reservation); break;
    case Reservation::Step::none: break;
  }
  if (SEAMLINE_MISTAKE("ending-not-kept")) reservation.ending = Ending::open;
  repository_.save_reservation(transaction, reservation);
  SEAMLINE_CRASH_POINT("inventory", "reservation-saved");
}

void Settlement::reserve(store::Transaction& transaction, Reservation& reservation) const {
  SEAMLINE_CRASH_POINT("inventory", "before-reserve");
  std::vector<Stocked> products;
  for (const Line& line : reservation.lines) {
    auto product = repository_.find_product(transaction, line.product_id);
    if (SEAMLINE_MISTAKE("oversell") && product) product->on_hand = std::max(product->on_hand, product->reserved + line.quantity);
    if (!product || !product->can_reserve(line.quantity)) {
      reservation.stock = StockState::refused;
      SEAMLINE_CRASH_POINT("inventory", "reserve-refused");
      transaction.publish(InventoryFailed{reservation.order_id, product ? "out_of_stock" : "unknown_product"});
      return;
    }
    products.push_back(std::move(*product));
  }
  for (std::size_t i = 0; i < products.size(); ++i) {
    products[i].reserve(reservation.lines[i].quantity);
    repository_.save_stock(transaction, products[i], Movement::reserved, reservation.lines[i].quantity, reservation.order_id);
    SEAMLINE_CRASH_POINT("inventory", "line-reserved");
  }
  if (SEAMLINE_MISTAKE("reservation-forgotten")) return;
  reservation.stock = StockState::reserved;
  transaction.set_timer(expiry_timer, reservation.order_id.text, {transaction.now().ms + reservation_ms_});
  transaction.publish(InventoryReserved{reservation.order_id});
  SEAMLINE_CRASH_POINT("inventory", "reserved");
}

void Settlement::commit(store::Transaction& transaction, Reservation& reservation) const {
  for (const Line& line : reservation.lines) {
    auto product = repository_.find_product(transaction, line.product_id);
    SEAMLINE_ASSERT(product.has_value());
    product->commit(line.quantity);
    repository_.save_stock(transaction, *product, Movement::committed, line.quantity, reservation.order_id);
    if (SEAMLINE_MISTAKE("release-and-commit"))
      repository_.save_stock(transaction, *product, Movement::released, line.quantity, reservation.order_id);
    SEAMLINE_CRASH_POINT("inventory", "line-committed");
    if (SEAMLINE_MISTAKE("partial-commit")) break;
  }
  reservation.stock = StockState::committed;
  transaction.cancel_timer(expiry_timer, reservation.order_id.text);
  SEAMLINE_CRASH_POINT("inventory", "committed");
}

void Settlement::release(store::Transaction& transaction, Reservation& reservation) const {
  if (SEAMLINE_MISTAKE("release-forgotten")) return;
  for (const Line& line : reservation.lines) {
    auto product = repository_.find_product(transaction, line.product_id);
    SEAMLINE_ASSERT(product.has_value());
    product->release(line.quantity);
    repository_.save_stock(transaction, *product, Movement::released, line.quantity, reservation.order_id);
    SEAMLINE_CRASH_POINT("inventory", "line-released");
  }
  reservation.stock = StockState::released;
  transaction.cancel_timer(expiry_timer, reservation.order_id.text);
  transaction.publish(InventoryReleased{reservation.order_id, "order_cancelled"});
  SEAMLINE_CRASH_POINT("inventory", "released");
}

void Settlement::expire(store::Transaction& transaction, const OrderId& order_id) const {
  auto reservation = repository_.find_reservation(transaction, order_id);
  if (!reservation || reservation->stock != StockState::reserved) return;
  if (SEAMLINE_MISTAKE("expiry-releases")) release(transaction, *reservation);
  transaction.publish(InventoryExpired{order_id, "reservation_expired"});
  SEAMLINE_CRASH_POINT("inventory", "expiry-told");
}

}  // namespace seamline::inventory
