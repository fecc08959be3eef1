#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "payment/events.hpp"

namespace seamline::payment {

/// The order's own word.
enum class Ending : std::uint8_t { open, confirmed, cancelled };

/// Where the money of an order is. `none`: the order's end came before it, and no money ever moved.
enum class Standing : std::uint8_t { none, pending, captured, failed, refunded };

/// The payment of one order. Endings are sticky: what comes after one is recorded, and undone where it moved money.
struct OrderPayment {
  OrderId order_id;
  PaymentId payment_id;
  std::optional<UserId> user_id;
  std::int64_t amount_minor = 0;
  std::string currency;
  std::string token;
  Standing standing = Standing::none;
  Ending ending = Ending::open;
  std::optional<std::string> reason;

  /// Whether a charge may begin: nothing has happened yet, and the order is open.
  bool may_charge() const { return standing == Standing::none && ending == Ending::open; }
  /// Whether what was taken is to be earned: it is here, and its way back has not begun, which gives it a reason.
  bool may_earn() const { return standing == Standing::captured && !reason; }
  /// The first ending counts. Returns whether this was it.
  bool hear_ending(Ending word);
};

}  // namespace seamline::payment

template <>
inline constexpr std::array<std::string_view, 3> seamline::enum_names<seamline::payment::Ending>{"open", "confirmed",
                                                                                                 "cancelled"};
template <>
inline constexpr std::array<std::string_view, 5> seamline::enum_names<seamline::payment::Standing>{"none", "pending", "captured",
                                                                                                   "failed", "refunded"};
