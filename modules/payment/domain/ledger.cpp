#include "domain/ledger.hpp"

namespace seamline::payment {
namespace {

/// An order has each movement once, so its name and the order make the id: a second one is a violated key, not a second row.
LedgerTransaction move(std::string_view name, const OrderId& order_id, std::int64_t amount_minor, const std::string& currency,
                       Account to, Account from) {
  return {std::string(name) + ":" + order_id.text, order_id, currency, {Posting{to, amount_minor}, Posting{from, -amount_minor}}};
}

}  // namespace

LedgerTransaction capture(const OrderId& order_id, std::int64_t amount_minor, const std::string& currency) {
  return move("capture", order_id, amount_minor, currency, Account::provider, Account::settlement);
}

LedgerTransaction refund(const OrderId& order_id, std::int64_t amount_minor, const std::string& currency) {
  return move("refund", order_id, amount_minor, currency, Account::settlement, Account::provider);
}

LedgerTransaction earn(const OrderId& order_id, std::int64_t amount_minor, const std::string& currency) {
  return move("earn", order_id, amount_minor, currency, Account::settlement, Account::revenue);
}

}  // namespace seamline::payment
