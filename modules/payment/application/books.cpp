#include "application/books.hpp"

namespace seamline::payment {
namespace {

bool may_see(const CallContext& context, const std::optional<UserId>& owner) {
  return context.caller.may_see(owner ? owner->text : std::string());
}

/// A row without money (`none`) only remembers that the order has ended; it is no payment.
bool is_payment(const OrderPayment& payment) { return payment.standing != Standing::none; }

Payment as_reply(const OrderPayment& payment) {
  return {payment.payment_id,
          payment.order_id,
          payment.amount_minor,
          payment.currency,
          enum_from_name<PaymentStatus>(name_of(payment.standing)).value(),
          payment.reason};
}

}  // namespace

Result<Payment> Books::get(const CallContext& context, const GetPayment& operation) {
  const auto payment = store_.read([&](store::View& view) { return repository_.find_by_id(view, operation.id); });
  if (!payment || !is_payment(*payment) || !may_see(context, payment->user_id)) {
    return fail(errors::not_found, "There is no payment " + operation.id.text + ".");
  }
  return as_reply(*payment);
}

Result<PaymentPage> Books::find(const CallContext& context, const FindPayments& operation) {
  const auto payment = store_.read([&](store::View& view) { return repository_.find(view, operation.order_id); });
  PaymentPage page;
  if (payment && is_payment(*payment) && may_see(context, payment->user_id)) page.items.push_back(as_reply(*payment));
  return page;
}

Result<Invoice> Books::invoice(const CallContext& context, const GetInvoice& operation) {
  const auto stored = store_.read([&](store::View& view) { return repository_.find_invoice(view, operation.order_id); });
  if (!stored || !may_see(context, stored->user_id)) {
    return fail(errors::no_invoice,
                "There is no invoice for order " + operation.order_id.text + "; it follows the confirmation.");
  }
  return stored->invoice;
}

}  // namespace seamline::payment
