#pragma once

#include "contract/contract.hpp"
#include "payment/events.hpp"

namespace seamline::payment {

/// `pending` while the outcome is unknown; `failed` by the provider's definite refusal.
enum class PaymentStatus : std::uint8_t { pending, captured, failed, refunded };

}  // namespace seamline::payment

template <>
inline constexpr std::array<std::string_view, 4> seamline::enum_names<seamline::payment::PaymentStatus>{"pending", "captured",
                                                                                                        "failed", "refunded"};

namespace seamline::payment {

namespace errors {
inline constexpr ErrorCode not_found{"payment.not_found", Kind::not_found};
inline constexpr ErrorCode no_invoice{"payment.no_invoice", Kind::not_found};
}  // namespace errors

/// The payment of an order: one for each order.
struct Payment {
  PaymentId payment_id;
  OrderId order_id;
  std::int64_t amount_minor = 0;
  std::string currency;
  PaymentStatus status = PaymentStatus::pending;
  std::optional<std::string> reason;

  static constexpr std::tuple fields{
      Field{"payment_id", &Payment::payment_id, "Server-assigned."},
      Field{"order_id", &Payment::order_id, "The order that it pays."},
      Field{"amount", &Payment::amount_minor, "In minor units."},
      Field{"currency", &Payment::currency, "ISO 4217."},
      Field{"status", &Payment::status,
            "pending until the provider has answered for good, then captured or failed; refunded later."},
      Field{"reason", &Payment::reason, "Why it failed or was refunded; else null."}};
};

/// Reads one payment. Idempotent. A payment that the caller may not see is not found.
struct GetPayment {
  PaymentId id;

  using Reply = Payment;
  static constexpr std::string_view name = "payment.get_payment";
  static constexpr std::string_view summary = "Read one payment";
  static constexpr Route route{Verb::get, "/payments/{id}"};
  static constexpr Access access = Access::owner;
  static constexpr Repeat repeat = Repeat::safe;
  static constexpr std::array errors{errors::not_found};
  static constexpr std::tuple fields{Field{"id", &GetPayment::id, "The payment."}};
};

struct PaymentPage {
  std::vector<Payment> items;
  std::optional<std::string> next_cursor;

  static constexpr std::tuple fields{Field{"items", &PaymentPage::items, "The payments."},
                                     Field{"next_cursor", &PaymentPage::next_cursor, "Gives the next page; null on the last."}};
};

/// Reads the payment of an order: a list of one, or of none where there is none that the caller may see.
struct FindPayments {
  OrderId order_id;

  using Reply = PaymentPage;
  static constexpr std::string_view name = "payment.find_payments";
  static constexpr std::string_view summary = "Read the payment of an order";
  static constexpr Route route{Verb::get, "/payments"};
  static constexpr Access access = Access::owner;
  static constexpr Repeat repeat = Repeat::safe;
  static constexpr auto errors = no_errors;
  static constexpr std::tuple fields{Field{"order_id", &FindPayments::order_id, "The order."}};
};

/// What a customer gets in writing once an order is confirmed.
struct Invoice {
  std::string invoice_id;
  OrderId order_id;
  PaymentId payment_id;
  std::int64_t amount_minor = 0;
  std::string currency;
  Timestamp issued_at;

  static constexpr std::tuple fields{Field{"invoice_id", &Invoice::invoice_id, "Server-assigned."},
                                     Field{"order_id", &Invoice::order_id, "The order."},
                                     Field{"payment_id", &Invoice::payment_id, "The payment."},
                                     Field{"amount", &Invoice::amount_minor, "In minor units."},
                                     Field{"currency", &Invoice::currency, "ISO 4217."},
                                     Field{"issued_at", &Invoice::issued_at, "When it was issued, once."}};
};

/// Reads the invoice of an order. It follows shortly after the order is confirmed.
struct GetInvoice {
  OrderId order_id;

  using Reply = Invoice;
  static constexpr std::string_view name = "payment.get_invoice";
  static constexpr std::string_view summary = "Read the invoice of an order";
  static constexpr Route route{Verb::get, "/invoices/{order_id}"};
  static constexpr Access access = Access::owner;
  static constexpr Repeat repeat = Repeat::safe;
  static constexpr std::array errors{errors::no_invoice};
  static constexpr std::tuple fields{Field{"order_id", &GetInvoice::order_id, "The order."}};
};

}  // namespace seamline::payment
