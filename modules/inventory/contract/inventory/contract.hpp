#pragma once

#include "inventory/events.hpp"
#include "inventory/operations.hpp"

namespace seamline::inventory {

struct InventoryContract : Contract<Operations<AddProduct, Restock, GetProduct, ListProducts, Quote>,
                                    Publishes<InventoryReserved, InventoryFailed, InventoryReleased, InventoryExpired>> {
  static constexpr std::string_view module = "inventory";
  static constexpr std::string_view topic = "inventory";
};

}  // namespace seamline::inventory
