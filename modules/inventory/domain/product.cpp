#include "domain/product.hpp"

#include "base/assert.hpp"
#include "inventory/operations.hpp"

namespace seamline::inventory {

void Stocked::reserve(std::int64_t quantity) {
  SEAMLINE_ASSERT(quantity > 0 && can_reserve(quantity));
  reserved += quantity;
}

void Stocked::release(std::int64_t quantity) {
  SEAMLINE_ASSERT(quantity > 0 && quantity <= reserved);
  reserved -= quantity;
}

void Stocked::commit(std::int64_t quantity) {
  SEAMLINE_ASSERT(quantity > 0 && quantity <= reserved);
  reserved -= quantity;
  on_hand -= quantity;
}

bool Stocked::restock(std::int64_t quantity) {
  SEAMLINE_ASSERT(quantity > 0);
  if (quantity > max_stock - on_hand) return false;
  on_hand += quantity;
  return true;
}

}  // namespace seamline::inventory
