#pragma once

#include "payment/events.hpp"
#include "payment/operations.hpp"

namespace seamline::payment {

struct PaymentContract
    : Contract<Operations<GetPayment, FindPayments, GetInvoice>, Publishes<PaymentSuccess, PaymentFailed, PaymentRefunded>> {
  static constexpr std::string_view module = "payment";
  static constexpr std::string_view topic = "payments";
};

}  // namespace seamline::payment
