#include "application/settlement.hpp"

#include "base/fault.hpp"
namespace seamline::order {

void Settlement::end(store::Transaction& transaction, const OrderAggregate& order, bool was_placed) const {
  const Order& state = order.state();
  repository_.save(transaction, order);
  SEAMLINE_CRASH_POINT("order", "end-saved");
  if (!SEAMLINE_MISTAKE("timer-not-cancelled"))
    transaction.cancel_timer(was_placed ? deadline_timer : draft_timer, state.order_id.text);
  if (!was_placed && !SEAMLINE_MISTAKE("draft-announced")) return;
  if (state.status == OrderStatus::confirmed) {
    transaction.publish(OrderConfirmed{state.order_id});
  } else if (!SEAMLINE_MISTAKE("cancel-unannounced")) {
    transaction.publish(OrderCancelled{state.order_id, state.reason.value_or("")});
  }
  if (!waiters_.is_awaited(state.order_id.text)) return;
  transaction.after_commit([this, ended = state] { waiters_.notify(ended); });
}

void Settlement::hear(store::Transaction& transaction, const inventory::InventoryReserved& event) const {
  auto order = repository_.load(transaction, event.order_id);
  SEAMLINE_CRASH_POINT("order", "before-confirm");
  if (order && order->confirm()) end(transaction, *order, true);
  SEAMLINE_CRASH_POINT("order", "confirmed");
}

void Settlement::hear(store::Transaction& transaction, const inventory::InventoryExpired& event) const {
  cancel(transaction, event.order_id, event.reason.value_or("reservation_expired"));
  SEAMLINE_CRASH_POINT("order", "expiry-heard");
}

void Settlement::hear(store::Transaction& transaction, const payment::PaymentFailed& event) const {
  SEAMLINE_CRASH_POINT("order", "before-payment-failed");
  cancel(transaction, event.order_id, "payment_" + event.reason);
  SEAMLINE_CRASH_POINT("order", "payment-failed");
}

void Settlement::hear(store::Transaction& transaction, const payment::PaymentRefunded& event) const {
  SEAMLINE_CRASH_POINT("order", "before-payment-refunded");
  cancel(transaction, event.order_id, event.reason.value_or("payment_refunded"));
  SEAMLINE_CRASH_POINT("order", "payment-refunded");
}

void Settlement::deadline(store::Transaction& transaction, const OrderId& order_id) const {
  SEAMLINE_CRASH_POINT("order", "before-deadline");
  cancel(transaction, order_id, "deadline_passed");
  SEAMLINE_CRASH_POINT("order", "deadline-passed");
}

void Settlement::cancel(store::Transaction& transaction, const OrderId& order_id, const std::string& reason) const {
  auto order = repository_.load(transaction, order_id);
  if (order && order->state().status == OrderStatus::placed && order->cancel(reason)) end(transaction, *order, true);
}

void Settlement::expire_draft(store::Transaction& transaction, const OrderId& order_id) const {
  auto order = repository_.load(transaction, order_id);
  if (order && order->state().status == OrderStatus::pending && order->cancel("draft_expired")) end(transaction, *order, false);
  SEAMLINE_CRASH_POINT("order", "draft-expired");
}

}  // namespace seamline::order
