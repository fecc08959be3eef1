#pragma once

#include "application/settlement.hpp"
#include "base/loop.hpp"
#include "store/store.hpp"

namespace seamline::payment {

/// Asks the provider for what is left to do: outside of any transaction, under the key of the intent, and again until it
/// answers. What was asked before a crash is asked again after it.
class ProviderWorker final : public Loop {
 public:
  /// All exist and outlive it.
  ProviderWorker(store::Store& store, const PaymentRepository& repository, PaymentProvider& provider,
                 const Settlement& settlement, const Clock& clock)
      : store_(store), repository_(repository), provider_(provider), settlement_(settlement), clock_(clock) {}

  bool step() override;

 private:
  ProviderAnswer ask(const ProviderWork& work, const OrderPayment& payment);

  store::Store& store_;
  const PaymentRepository& repository_;
  PaymentProvider& provider_;
  const Settlement& settlement_;
  const Clock& clock_;
};

}  // namespace seamline::payment
