#pragma once

#include "storage/order_repository.hpp"
#include "store/store.hpp"

namespace seamline::order {

/// What may be read of orders. An order that the caller may not see is not found, and not listed.
class Reading {
 public:
  /// Both exist and outlive it.
  Reading(store::Store& store, const OrderRepository& repository) : store_(store), repository_(repository) {}

  Result<Order> get(const CallContext& context, const GetOrder& operation);
  Result<OrderPage> list(const CallContext& context, const ListOrders& operation);
  Result<Timeline> timeline(const CallContext& context, const GetTimeline& operation);
  Result<Counts> count();

 private:
  store::Store& store_;
  const OrderRepository& repository_;
};

}  // namespace seamline::order
