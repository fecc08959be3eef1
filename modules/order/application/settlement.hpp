#pragma once

#include "application/waiters.hpp"
#include "inventory/events.hpp"
#include "payment/events.hpp"
#include "storage/order_repository.hpp"

namespace seamline::order {

/// Order's part of the saga: it alone ends an order, once. Each method runs in the transaction that moves the cursor, or that
/// removes the timer. An event of an order that is unknown here, or has ended, changes nothing.
class Settlement {
 public:
  static constexpr const char* deadline_timer = "order.deadline";
  static constexpr const char* draft_timer = "order.draft";

  /// Both exist and outlive it.
  Settlement(const OrderRepository& repository, Waiters& waiters) : repository_(repository), waiters_(waiters) {}

  void hear(store::Transaction& transaction, const inventory::InventoryReserved& event) const;
  void hear(store::Transaction& transaction, const inventory::InventoryExpired& event) const;
  void hear(store::Transaction& transaction, const payment::PaymentFailed& event) const;
  void hear(store::Transaction& transaction, const payment::PaymentRefunded& event) const;
  /// The order's time is up.
  void deadline(store::Transaction& transaction, const OrderId& order_id) const;
  /// A draft that nobody placed.
  void expire_draft(store::Transaction& transaction, const OrderId& order_id) const;

  /// Stores the end of an order, and tells the other modules and those who wait. For a draft nobody else is told: they have
  /// never heard of it.
  void end(store::Transaction& transaction, const OrderAggregate& order, bool was_placed) const;

 private:
  void cancel(store::Transaction& transaction, const OrderId& order_id, const std::string& reason) const;

  const OrderRepository& repository_;
  Waiters& waiters_;
};

}  // namespace seamline::order
