#pragma once

#include "application/settlement.hpp"
#include "base/loop.hpp"
#include "contract/port.hpp"
#include "host/environment.hpp"
#include "inventory/contract.hpp"

namespace seamline::payment {

/// Asks inventory what orders cost that came without a price: outside of any transaction, within the order's time, and again
/// until it answers. What was asked before a crash is asked again after it: a quote changes nothing.
class QuoteWorker final : public Loop {
 public:
  /// All exist and outlive it.
  QuoteWorker(const host::Environment& environment, const PaymentRepository& repository,
              Port<inventory::InventoryContract>& inventory, const Settlement& settlement)
      : environment_(environment), repository_(repository), inventory_(inventory), settlement_(settlement) {}

  bool step() override;

 private:
  /// The shop's prices of what has none; empty where inventory gave no answer that will stay. `context`: of the work.
  std::optional<std::vector<Price>> ask(const UnpricedOrder& order, CallContext context);

  const host::Environment& environment_;
  const PaymentRepository& repository_;
  Port<inventory::InventoryContract>& inventory_;
  const Settlement& settlement_;
};

}  // namespace seamline::payment
