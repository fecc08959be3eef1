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
    /// How long an unknown outcome waits before the provider is asked again, doubled each time up to the most.
    std::int64_t retry_ms = 500;
    std::int64_t most_retry_ms = 60'000;
  };

  /// All exist and outlive it. `wake_worker` is called after a commit that leaves work for the provider.
  Settlement(const PaymentRepository& repository, PaymentProvider& provider, IdSource& ids, Defaults defaults,
             std::function<void()> wake_worker)
      : repository_(repository),
        provider_(provider),
        ids_(ids),
        defaults_(std::move(defaults)),
        wake_worker_(std::move(wake_worker)) {}

  void hear(store::Transaction& transaction, const order::OrderCreated& event) const;
  void hear(store::Transaction& transaction, const order::OrderConfirmed& event) const;
  void hear(store::Transaction& transaction, const order::OrderCancelled& event) const;
  void hear(store::Transaction& transaction, const inventory::InventoryFailed& event) const;

  /// Applies what the provider answered to a piece of work, unless the work has changed since.
  void apply_answer(store::Transaction& transaction, const ProviderWork& work, const ProviderAnswer& answer) const;

 private:
  OrderPayment find_or_begin(store::Transaction& transaction, const OrderId& order_id) const;
  void begin_charge(store::Transaction& transaction, OrderPayment& payment) const;
  void captured(store::Transaction& transaction, OrderPayment& payment) const;
  void failed(store::Transaction& transaction, OrderPayment& payment, const std::string& reason) const;
  void bill(store::Transaction& transaction, const OrderPayment& payment) const;
  void undo(store::Transaction& transaction, OrderPayment& payment, const std::string& reason) const;
  void begin_refund(store::Transaction& transaction, OrderPayment& payment, const std::string& reason) const;
  void refunded(store::Transaction& transaction, OrderPayment& payment) const;
  void leave_to_worker(store::Transaction& transaction, const OrderId& order_id, Action action, std::int64_t attempts) const;

  const PaymentRepository& repository_;
  PaymentProvider& provider_;
  IdSource& ids_;
  const Defaults defaults_;
  const std::function<void()> wake_worker_;
};

std::string charge_key(const OrderId& order_id);
std::string refund_key(const OrderId& order_id);

}  // namespace seamline::payment
