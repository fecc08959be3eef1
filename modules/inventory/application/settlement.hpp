#pragma once

#include <map>

#include "order/events.hpp"
#include "payment/events.hpp"
#include "storage/inventory_repository.hpp"

namespace seamline::inventory {

/// Inventory's part of the saga. Each method applies one event within the transaction that moves the cursor; events of an order
/// may come in any order, and twice is as once.
class Settlement {
 public:
  static constexpr const char* expiry_timer = "inventory.reservation";

  /// `repository` exists and outlives it. A reservation that has heard nothing of its order for `reservation_ms` asks.
  Settlement(const InventoryRepository& repository, std::int64_t reservation_ms)
      : repository_(repository), reservation_ms_(reservation_ms) {}

  void hear(store::Transaction& transaction, const order::OrderCreated& event) const;
  void hear(store::Transaction& transaction, const payment::PaymentSuccess& event) const;
  void hear(store::Transaction& transaction, const order::OrderConfirmed& event) const;
  void hear(store::Transaction& transaction, const order::OrderCancelled& event) const;
  /// The reservation has waited too long: says so, and leaves it to the order to end it.
  void expire(store::Transaction& transaction, const OrderId& order_id) const;

 private:
  Reservation find_or_begin(store::Transaction& transaction, const OrderId& order_id) const;
  void go_on(store::Transaction& transaction, Reservation& reservation) const;
  void reserve(store::Transaction& transaction, Reservation& reservation) const;
  void release(store::Transaction& transaction, Reservation& reservation) const;
  void commit(store::Transaction& transaction, Reservation& reservation) const;

  const InventoryRepository& repository_;
  const std::int64_t reservation_ms_;
};

}  // namespace seamline::inventory
