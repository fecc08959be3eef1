#pragma once

#include "application/settlement.hpp"
#include "base/id.hpp"
#include "contract/port.hpp"
#include "inventory/contract.hpp"
#include "store/store.hpp"
#include "user/contract.hpp"

namespace seamline::order {

/// What customers do with orders: place them at once, or compose, place and cancel them. Prices and users are asked of the
/// other modules before the transaction, never in it. Errors are those of each operation's contract.
class Placing {
 public:
  struct Times {
    /// How long an order may take to be settled, and a draft to be placed.
    std::int64_t deadline_ms;
    std::int64_t draft_ms;
  };

  /// All exist and outlive it.
  Placing(store::Store& store, const OrderRepository& repository, const Settlement& settlement, Waiters& waiters, IdSource& ids,
          const Clock& clock, Port<user::UserContract>& users, Port<inventory::InventoryContract>& inventory, Times times,
          std::string default_token)
      : store_(store),
        repository_(repository),
        settlement_(settlement),
        waiters_(waiters),
        ids_(ids),
        clock_(clock),
        users_(users),
        inventory_(inventory),
        times_(times),
        default_token_(std::move(default_token)) {}

  Result<Order> place(const CallContext& context, const PlaceOrder& operation);
  Result<Order> start_draft(const CallContext& context, const StartDraft& operation);
  Result<Order> add_item(const CallContext& context, const AddItem& operation);
  Result<Order> place_draft(const CallContext& context, const PlaceDraft& operation);
  Result<Order> cancel(const CallContext& context, const CancelOrder& operation);

 private:
  struct Customer {
    UserId id;
    std::string name;
  };

  Result<Customer> find_customer(const CallContext& context, const std::optional<UserId>& wanted);
  Result<std::vector<Price>> quote(const CallContext& context, const std::vector<ProductId>& products);
  Result<OrderAggregate> load_for(store::View& view, const CallContext& context, const OrderId& id);
  void placed(store::Transaction& transaction, const OrderAggregate& order, const std::optional<std::string>& token) const;
  Result<Order> wait_for_end(const CallContext& context, Waiters::Place* place, Result<Order> order);

  store::Store& store_;
  const OrderRepository& repository_;
  const Settlement& settlement_;
  Waiters& waiters_;
  IdSource& ids_;
  const Clock& clock_;
  Port<user::UserContract>& users_;
  Port<inventory::InventoryContract>& inventory_;
  const Times times_;
  const std::string default_token_;
};

}  // namespace seamline::order
