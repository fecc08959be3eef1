#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "payment/events.hpp"

namespace seamline::payment {

/// Where money can be: with the payment provider, held for orders that are being settled, and earned.
enum class Account : std::uint8_t { provider, settlement, revenue };

struct Posting {
  Account account;
  std::int64_t amount_minor;
};

/// One movement of money between two accounts. Its postings add up to zero by construction.
struct LedgerTransaction {
  std::string id;
  OrderId order_id;
  std::string currency;
  std::array<Posting, 2> postings;
};

/// The customer's money has come in, and is held for the order.
LedgerTransaction capture(const OrderId& order_id, std::int64_t amount_minor, const std::string& currency);
/// It went back.
LedgerTransaction refund(const OrderId& order_id, std::int64_t amount_minor, const std::string& currency);
/// The order is confirmed: what was held is earned.
LedgerTransaction earn(const OrderId& order_id, std::int64_t amount_minor, const std::string& currency);

}  // namespace seamline::payment

template <>
inline constexpr std::array<std::string_view, 3> seamline::enum_names<seamline::payment::Account>{"provider", "settlement",
                                                                                                  "revenue"};
