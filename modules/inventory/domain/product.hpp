#pragma once

#include <cstdint>
#include <string>

#include "inventory/events.hpp"

namespace seamline::inventory {

/// A product with its stock. Invariant: 0 <= reserved <= on_hand <= max_stock.
struct Stocked {
  ProductId product_id;
  std::string name;
  std::int64_t price_minor = 0;
  std::string currency;
  std::int64_t on_hand = 0;
  std::int64_t reserved = 0;

  std::int64_t available() const { return on_hand - reserved; }
  bool can_reserve(std::int64_t quantity) const { return quantity <= available(); }

  /// Sets `quantity` aside; it must be available.
  void reserve(std::int64_t quantity);
  /// Frees what was set aside.
  void release(std::int64_t quantity);
  /// What was set aside leaves the warehouse.
  void commit(std::int64_t quantity);
  /// Takes goods in. Returns false, and changes nothing, where the stock would exceed max_stock.
  bool restock(std::int64_t quantity);
};

}  // namespace seamline::inventory
