#pragma once

#include "application/settlement.hpp"
#include "base/loop.hpp"
#include "host/environment.hpp"

namespace seamline::payment {

/// Asks the provider for what is left to do: outside of any transaction, under the key of the intent, and again until it
/// answers. What was asked before a crash is asked again after it.
class ProviderWorker final : public Loop {
 public:
  /// All exist and outlive it.
  ProviderWorker(const host::Environment& environment, const PaymentRepository& repository, PaymentProvider& provider,
                 const Settlement& settlement)
      : environment_(environment), repository_(repository), provider_(provider), settlement_(settlement) {}

  bool step() override;

 private:
  ProviderAnswer ask(const ProviderWork& work, const OrderPayment& payment);

  const host::Environment& environment_;
  const PaymentRepository& repository_;
  PaymentProvider& provider_;
  const Settlement& settlement_;
};

}  // namespace seamline::payment
