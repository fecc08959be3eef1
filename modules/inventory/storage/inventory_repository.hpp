#pragma once

#include <optional>
#include <vector>

#include "domain/product.hpp"
#include "domain/reservation.hpp"
#include "store/transaction.hpp"

namespace seamline::inventory {

/// Why a stock changed.
enum class Movement : std::uint8_t { added, restocked, reserved, released, committed };

/// Products and reservations as the store keeps them. Stateless, so thread-safe.
class InventoryRepository {
 public:
  virtual ~InventoryRepository() = default;

  virtual std::optional<Stocked> find_product(store::View& view, const ProductId& id) const = 0;
  /// Up to `limit` products with an id behind `after`, by id.
  virtual std::vector<Stocked> list_products(store::View& view, const std::string& after, std::int64_t limit) const = 0;
  virtual void add_product(store::Transaction& transaction, const Stocked& product) const = 0;
  /// Stores the counters of a product, and the movement that led to them.
  virtual void save_stock(store::Transaction& transaction, const Stocked& product, Movement movement, std::int64_t quantity,
                          const std::optional<OrderId>& order_id) const = 0;

  virtual std::optional<Reservation> find_reservation(store::View& view, const OrderId& id) const = 0;
  virtual void save_reservation(store::Transaction& transaction, const Reservation& reservation) const = 0;
};

/// Over SQL rows.
class SqlInventoryRepository final : public InventoryRepository {
 public:
  std::optional<Stocked> find_product(store::View& view, const ProductId& id) const override;
  std::vector<Stocked> list_products(store::View& view, const std::string& after, std::int64_t limit) const override;
  void add_product(store::Transaction& transaction, const Stocked& product) const override;
  void save_stock(store::Transaction& transaction, const Stocked& product, Movement movement, std::int64_t quantity,
                  const std::optional<OrderId>& order_id) const override;
  std::optional<Reservation> find_reservation(store::View& view, const OrderId& id) const override;
  void save_reservation(store::Transaction& transaction, const Reservation& reservation) const override;
};

}  // namespace seamline::inventory

template <>
inline constexpr std::array<std::string_view, 5> seamline::enum_names<seamline::inventory::Movement>{
    "added", "restocked", "reserved", "released", "committed"};
