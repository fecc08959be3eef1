#pragma once

#include "application/settlement.hpp"
#include "base/loop.hpp"
#include "contract/port.hpp"
#include "inventory/contract.hpp"
#include "store/store.hpp"

namespace seamline::payment {

/// Asks inventory what orders cost that came without a price: outside of any transaction, within the order's time, and again
/// until it answers. What was asked before a crash is asked again after it: a quote changes nothing.
class QuoteWorker final : public Loop {
 public:
  /// All exist and outlive it.
  QuoteWorker(store::Store& store, const PaymentRepository& repository, Port<inventory::InventoryContract>& inventory,
              const Settlement& settlement, IdSource& ids, const Clock& clock)
      : store_(store), repository_(repository), inventory_(inventory), settlement_(settlement), ids_(ids), clock_(clock) {}

  bool step() override;

 private:
  /// The shop's prices of what has none; empty where inventory gave no answer that will stay.
  std::optional<std::vector<Price>> ask(const UnpricedOrder& order);

  store::Store& store_;
  const PaymentRepository& repository_;
  Port<inventory::InventoryContract>& inventory_;
  const Settlement& settlement_;
  IdSource& ids_;
  const Clock& clock_;
};

}  // namespace seamline::payment
