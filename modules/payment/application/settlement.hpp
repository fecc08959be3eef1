#pragma once

#include "base/id.hpp"
#include "domain/provider.hpp"
#include "inventory/events.hpp"
#include "order/events.hpp"
#include "storage/payment_repository.hpp"

namespace seamline::payment {

/// Payment's part of the saga. Each hear() applies one event within the transaction that moves the cursor; the events of an
/// order may come in any order, and twice is as once. A charge is keyed `charge:<order>`, a refund `refund:<order>`.
class Settlement {
 public:
  struct Defaults {
    std::string currency;
    std::string token;
    /// How long what is unanswered waits before it is asked again, doubled each time up to the most.
    std::int64_t retry_ms = 500;
    std::int64_t most_retry_ms = 60'000;
  };

  /// What is called after a commit that leaves something to ask.
  struct Wakers {
    std::function<void()> provider;
    std::function<void()> quotes;
  };

  /// All exist and outlive it.
  Settlement(const PaymentRepository& repository, PaymentProvider& provider, IdSource& ids, Defaults defaults, Wakers wakers)
      : repository_(repository), provider_(provider), ids_(ids), defaults_(std::move(defaults)), wakers_(std::move(wakers)) {}

  void hear(store::Transaction& transaction, const order::OrderCreated& event) const;
  void hear(store::Transaction& transaction, const order::OrderConfirmed& event) const;
  void hear(store::Transaction& transaction, const order::OrderCancelled& event) const;
  void hear(store::Transaction& transaction, const inventory::InventoryFailed& event) const;

  /// Applies what the provider answered to a piece of work, unless the work has changed since.
  void apply_answer(store::Transaction& transaction, const ProviderWork& work, const ProviderAnswer& answer) const;

  /// Charges an order whose prices were asked for, unless something has happened to it since. What has no price even now
  /// cannot be charged.
  void apply_prices(store::Transaction& transaction, const UnpricedOrder& asked, const std::vector<Price>& prices) const;
  /// Nobody could say what it costs: it is to be asked again later, while the order's time lasts.
  void ask_prices_again(store::Transaction& transaction, const UnpricedOrder& asked) const;

 private:
  OrderPayment find_or_begin(store::Transaction& transaction, const OrderId& order_id) const;
  void await_prices(store::Transaction& transaction, OrderPayment& payment, UnpricedOrder order) const;
  void charge_in_time(store::Transaction& transaction, OrderPayment& payment, std::optional<std::int64_t> amount_minor,
                      std::optional<Timestamp> expires_at) const;
  void begin_charge(store::Transaction& transaction, OrderPayment& payment) const;
  void captured(store::Transaction& transaction, OrderPayment& payment) const;
  void failed(store::Transaction& transaction, OrderPayment& payment, const std::string& reason) const;
  void bill(store::Transaction& transaction, const OrderPayment& payment) const;
  void undo(store::Transaction& transaction, OrderPayment& payment, const std::string& reason) const;
  void begin_refund(store::Transaction& transaction, OrderPayment& payment, const std::string& reason) const;
  void refunded(store::Transaction& transaction, OrderPayment& payment) const;
  void leave_to_worker(store::Transaction& transaction, const OrderId& order_id, Action action, std::int64_t attempts) const;
  /// How long to wait after so many attempts; at least one was made.
  std::int64_t wait_ms(std::int64_t attempts) const;
  /// The payment of an unpriced order, which waits no longer; empty where the order has changed since it was asked about.
  std::optional<OrderPayment> take_unpriced(store::Transaction& transaction, const UnpricedOrder& asked) const;

  const PaymentRepository& repository_;
  PaymentProvider& provider_;
  IdSource& ids_;
  const Defaults defaults_;
  const Wakers wakers_;
};

std::string charge_key(const OrderId& order_id);
std::string refund_key(const OrderId& order_id);

}  // namespace seamline::payment
