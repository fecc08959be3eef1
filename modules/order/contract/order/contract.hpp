#pragma once

#include "order/events.hpp"
#include "order/operations.hpp"

namespace seamline::order {

struct OrderContract
    : Contract<
          Operations<PlaceOrder, StartDraft, AddItem, PlaceDraft, CancelOrder, GetOrder, ListOrders, GetTimeline, CountOrders>,
          Publishes<OrderCreated, OrderConfirmed, OrderCancelled>> {
  static constexpr std::string_view module = "order";
  static constexpr std::string_view topic = "orders";
};

}  // namespace seamline::order
