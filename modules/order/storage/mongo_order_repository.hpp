#pragma once

#include "storage/order_repository.hpp"

namespace seamline::order {

/// Over documents: one holds an order's events and its read model, beside what the kernel keeps of it (store/documents.hpp).
class MongoOrderRepository final : public OrderRepository {
 public:
  /// Makes the indexes that lists and counts need, where they are missing. Throws StorageError.
  static void make_indexes(store::View& view);

  std::optional<Order> find(store::View& view, const OrderId& id) const override;
  std::vector<Order> list(store::View& view, const OrderFilter& filter) const override;
  Counts count(store::View& view) const override;
  std::vector<TimelineEvent> timeline(store::View& view, const OrderId& id) const override;
  std::optional<OrderAggregate> load(store::View& view, const OrderId& id) const override;
  void save(store::Transaction& transaction, const OrderAggregate& order) const override;
  /// One order at a time, whatever the limit: a transaction writes one document.
  std::string rebuild(store::Transaction& transaction, const std::string& after, std::int64_t limit) const override;
};

}  // namespace seamline::order
