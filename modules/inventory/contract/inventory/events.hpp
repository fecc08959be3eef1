#pragma once

#include "contract/contract.hpp"

namespace seamline::inventory {

using OrderId = Id<"order">;
using ProductId = Id<"product">;

/// All lines of the order are set aside.
struct InventoryReserved {
  OrderId order_id;

  static constexpr EventType type{"inventory", "InventoryReserved", 1};
  std::string_view subject() const { return order_id.text; }
  static constexpr std::tuple fields{Field{"order_id", &InventoryReserved::order_id, "The order."}};
};

/// The lines of the order cannot be set aside; none is.
struct InventoryFailed {
  OrderId order_id;
  std::optional<std::string> reason;

  static constexpr EventType type{"inventory", "InventoryFailed", 1};
  std::string_view subject() const { return order_id.text; }
  static constexpr std::tuple fields{Field{"order_id", &InventoryFailed::order_id, "The order."},
                                     Field{"reason", &InventoryFailed::reason, "Why, as a short code."}};
};

/// What was set aside for the order is free again.
struct InventoryReleased {
  OrderId order_id;
  std::optional<std::string> reason;

  static constexpr EventType type{"inventory", "InventoryReleased", 1};
  std::string_view subject() const { return order_id.text; }
  static constexpr std::tuple fields{Field{"order_id", &InventoryReleased::order_id, "The order."},
                                     Field{"reason", &InventoryReleased::reason, "Why, as a short code."}};
};

/// The reservation has waited too long for the order's word. It stays until that word comes.
struct InventoryExpired {
  OrderId order_id;
  std::optional<std::string> reason;

  static constexpr EventType type{"inventory", "InventoryExpired", 1};
  std::string_view subject() const { return order_id.text; }
  static constexpr std::tuple fields{Field{"order_id", &InventoryExpired::order_id, "The order."},
                                     Field{"reason", &InventoryExpired::reason, "Why, as a short code."}};
};

}  // namespace seamline::inventory
