#pragma once

#include <optional>
#include <vector>

#include "domain/order_aggregate.hpp"
#include "store/transaction.hpp"

namespace seamline::order {

/// Which orders a list wants.
struct OrderFilter {
  std::optional<UserId> user_id;
  std::optional<OrderStatus> status;
  /// Orders older than this one; empty for the newest.
  std::string before;
  std::int64_t limit = 50;
};

/// Orders as the store keeps them: their events, and the read model that the events fold to. Stateless, so thread-safe.
class OrderRepository {
 public:
  virtual ~OrderRepository() = default;

  /// The read model of one order.
  virtual std::optional<Order> find(store::View& view, const OrderId& id) const = 0;
  /// Newest first.
  virtual std::vector<Order> list(store::View& view, const OrderFilter& filter) const = 0;
  virtual Counts count(store::View& view) const = 0;
  virtual std::vector<TimelineEvent> timeline(store::View& view, const OrderId& id) const = 0;

  /// The order as its events fold to it, taken from the read model, which is that fold; empty where it has none.
  virtual std::optional<OrderAggregate> load(store::View& view, const OrderId& id) const = 0;
  /// Appends the aggregate's new events and writes its read model.
  virtual void save(store::Transaction& transaction, const OrderAggregate& order) const = 0;
  /// Folds the events of up to `limit` orders behind `after` again and writes their read models. Returns the last id; empty at
  /// the end.
  virtual std::string rebuild(store::Transaction& transaction, const std::string& after, std::int64_t limit) const = 0;
};

/// Over SQL rows.
class SqlOrderRepository final : public OrderRepository {
 public:
  std::optional<Order> find(store::View& view, const OrderId& id) const override;
  std::vector<Order> list(store::View& view, const OrderFilter& filter) const override;
  Counts count(store::View& view) const override;
  std::vector<TimelineEvent> timeline(store::View& view, const OrderId& id) const override;
  std::optional<OrderAggregate> load(store::View& view, const OrderId& id) const override;
  void save(store::Transaction& transaction, const OrderAggregate& order) const override;
  std::string rebuild(store::Transaction& transaction, const std::string& after, std::int64_t limit) const override;
};

}  // namespace seamline::order
