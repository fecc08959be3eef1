#pragma once

#include "payment/operations.hpp"
#include "storage/payment_repository.hpp"
#include "store/store.hpp"

namespace seamline::payment {

/// What customers and staff may read of payments and invoices. What a caller may not see is not found.
class Books {
 public:
  /// Both exist and outlive it.
  Books(store::Store& store, const PaymentRepository& repository) : store_(store), repository_(repository) {}

  Result<Payment> get(const CallContext& context, const GetPayment& operation);
  Result<PaymentPage> find(const CallContext& context, const FindPayments& operation);
  Result<Invoice> invoice(const CallContext& context, const GetInvoice& operation);

 private:
  store::Store& store_;
  const PaymentRepository& repository_;
};

}  // namespace seamline::payment
