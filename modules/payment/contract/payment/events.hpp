#pragma once

#include "contract/contract.hpp"

namespace seamline::payment {

using PaymentId = Id<"payment">;
using OrderId = Id<"order">;
using UserId = Id<"user">;

/// The money for an order was taken. A foreign event may lack the amount.
struct PaymentSuccess {
  OrderId order_id;
  PaymentId payment_id;
  std::optional<std::int64_t> amount_minor;

  static constexpr EventType type{"payment", "PaymentSuccess", 1};
  std::string_view subject() const { return order_id.text; }
  static constexpr std::tuple fields{Field{"order_id", &PaymentSuccess::order_id, "The order."},
                                     Field{"payment_id", &PaymentSuccess::payment_id, "The payment."},
                                     Field{"amount", &PaymentSuccess::amount_minor, "What was taken, in minor units."}};
};

/// The provider refused for good; no money was taken, and none will be.
struct PaymentFailed {
  OrderId order_id;
  std::optional<PaymentId> payment_id;
  std::string reason;

  static constexpr EventType type{"payment", "PaymentFailed", 1};
  std::string_view subject() const { return order_id.text; }
  static constexpr std::tuple fields{Field{"order_id", &PaymentFailed::order_id, "The order."},
                                     Field{"payment_id", &PaymentFailed::payment_id, "The payment."},
                                     Field{"reason", &PaymentFailed::reason, "Why, as a short code."}};
};

/// What was taken went back, in full.
struct PaymentRefunded {
  OrderId order_id;
  std::optional<PaymentId> payment_id;
  std::optional<std::int64_t> amount_minor;
  std::optional<std::string> reason;

  static constexpr EventType type{"payment", "PaymentRefunded", 1};
  std::string_view subject() const { return order_id.text; }
  static constexpr std::tuple fields{Field{"order_id", &PaymentRefunded::order_id, "The order."},
                                     Field{"payment_id", &PaymentRefunded::payment_id, "The payment."},
                                     Field{"amount", &PaymentRefunded::amount_minor, "What went back, in minor units."},
                                     Field{"reason", &PaymentRefunded::reason, "Why, as a short code."}};
};

}  // namespace seamline::payment
