#include "storage/payment_repository.hpp"

#include "base/fault.hpp"
#include "contract/decode.hpp"
#include "contract/encode.hpp"

namespace seamline::payment {
namespace {

OrderPayment read_payment(store::Rows& row) {
  OrderPayment payment;
  payment.order_id = row.id<OrderId>(0);
  payment.payment_id = row.id<PaymentId>(1);
  if (!row.is_null(2)) payment.user_id = row.id<UserId>(2);
  payment.amount_minor = row.integer(3);
  payment.currency = row.text(4);
  payment.token = row.text(5);
  payment.standing = enum_from_name<Standing>(row.text(6)).value();
  payment.ending = enum_from_name<Ending>(row.text(7)).value();
  payment.reason = row.optional_text(8);
  return payment;
}

ProviderWork read_work(store::Rows& row) {
  return {row.id<OrderId>(0), enum_from_name<Action>(row.text(1)).value(), row.integer(2), row.timestamp(3)};
}

/// A line as the store keeps it.
struct StoredLine {
  ProductId product_id;
  std::int64_t quantity = 0;
  std::optional<std::int64_t> unit_price_minor;

  static constexpr std::tuple fields{Field{"product_id", &StoredLine::product_id, "The product."},
                                     Field{"quantity", &StoredLine::quantity, "How many."},
                                     Field{"unit_price", &StoredLine::unit_price_minor, "The price of one, in minor units."}};
};

std::string encode_lines(const std::vector<Line>& lines) {
  std::vector<StoredLine> stored;
  for (const Line& line : lines) stored.push_back({line.product_id, line.quantity, line.unit_price_minor});
  std::string text;
  json::Writer writer(text);
  encode_value(writer, stored);
  return text;
}

std::vector<Line> decode_lines(std::string_view text) {
  const auto value = json::parse(text);
  Decoding decoding(Reading::lenient);
  std::vector<StoredLine> stored;
  if (value) decode_value(decoding, *value, Limits{}, stored);
  if (!value || !decoding.ok()) throw store::StorageError("the lines of an unpriced order are unreadable");
  std::vector<Line> lines;
  for (StoredLine& line : stored) lines.push_back({std::move(line.product_id), line.quantity, line.unit_price_minor});
  return lines;
}

UnpricedOrder read_unpriced(store::Rows& row) {
  UnpricedOrder order{row.id<OrderId>(0), decode_lines(row.text(1)), std::nullopt, row.integer(3), row.timestamp(4)};
  if (!row.is_null(2)) order.expires_at = row.timestamp(2);
  return order;
}

/// What no-cursor files a movement under that it makes again: the table's key would refuse the second one.
[[maybe_unused]] std::string unused_id(store::Connection& rows, std::string id) {
  while (rows.query("SELECT 1 FROM ledger_entries WHERE transaction_id = $1", id).next()) id += ":again";
  return id;
}

}  // namespace

std::optional<OrderPayment> SqlPaymentRepository::find(store::View& view, const OrderId& order_id) const {
  store::Rows row = view.rows().query(
      "SELECT order_id, payment_id, user_id, amount_minor, currency, token, status, ending, reason FROM payments "
      "WHERE order_id = $1",
      order_id);
  if (!row.next()) return std::nullopt;
  return read_payment(row);
}

std::optional<OrderPayment> SqlPaymentRepository::find_by_id(store::View& view, const PaymentId& id) const {
  store::Rows row = view.rows().query(
      "SELECT order_id, payment_id, user_id, amount_minor, currency, token, status, ending, reason FROM payments "
      "WHERE payment_id = $1",
      id);
  if (!row.next()) return std::nullopt;
  return read_payment(row);
}

void SqlPaymentRepository::save(store::Transaction& transaction, const OrderPayment& payment) const {
  transaction.rows().execute(
      "INSERT INTO payments (order_id, payment_id, user_id, amount_minor, currency, token, status, ending, reason, "
      "updated_at_ms) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) "
      "ON CONFLICT (order_id) DO UPDATE SET user_id = excluded.user_id, amount_minor = excluded.amount_minor, "
      "currency = excluded.currency, token = excluded.token, status = excluded.status, ending = excluded.ending, "
      "reason = excluded.reason, updated_at_ms = excluded.updated_at_ms",
      payment.order_id, payment.payment_id, payment.user_id, payment.amount_minor, payment.currency, payment.token,
      name_of(payment.standing), name_of(payment.ending), payment.reason, transaction.now());
}

void SqlPaymentRepository::post(store::Transaction& transaction, const LedgerTransaction& movement) const {
  const std::string id = SEAMLINE_MISTAKE("no-cursor") ? unused_id(transaction.rows(), movement.id) : movement.id;
  const std::string currency = SEAMLINE_MISTAKE("ledger-in-dollars") ? "USD" : movement.currency;
  for (const Posting& posting : movement.postings) {
    const std::int64_t amount_minor = SEAMLINE_MISTAKE("sign-flipped") ? -posting.amount_minor : posting.amount_minor;
    transaction.rows().execute(
        "INSERT INTO ledger_entries (transaction_id, account, order_id, amount_minor, currency, at_ms) VALUES ($1, $2, $3, $4, "
        "$5, $6)",
        id, name_of(posting.account), movement.order_id, amount_minor, currency, transaction.now());
    if (SEAMLINE_MISTAKE("ledger-one-sided")) break;
  }
}

void SqlPaymentRepository::add_invoice(store::Transaction& transaction, const StoredInvoice& stored) const {
  const Invoice& invoice = stored.invoice;
  transaction.rows().execute(
      "INSERT INTO invoices (order_id, invoice_id, payment_id, user_id, amount_minor, currency, issued_at_ms) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7)",
      invoice.order_id, invoice.invoice_id, invoice.payment_id, stored.user_id, invoice.amount_minor, invoice.currency,
      invoice.issued_at);
}

std::optional<StoredInvoice> SqlPaymentRepository::find_invoice(store::View& view, const OrderId& order_id) const {
  store::Rows row = view.rows().query(
      "SELECT invoice_id, payment_id, user_id, amount_minor, currency, issued_at_ms FROM invoices WHERE order_id = $1", order_id);
  if (!row.next()) return std::nullopt;
  StoredInvoice stored;
  stored.invoice = {std::string(row.text(0)), order_id,        row.id<PaymentId>(1), row.integer(3),
                    std::string(row.text(4)), row.timestamp(5)};
  if (!row.is_null(2)) stored.user_id = row.id<UserId>(2);
  return stored;
}

void SqlPaymentRepository::set_work(store::Transaction& transaction, const ProviderWork& work) const {
  transaction.rows().execute(
      "INSERT INTO provider_work (order_id, action, attempts, due_at_ms) VALUES ($1, $2, $3, $4) "
      "ON CONFLICT (order_id) DO UPDATE SET action = excluded.action, attempts = excluded.attempts, due_at_ms = "
      "excluded.due_at_ms",
      work.order_id, name_of(work.action), work.attempts, work.due_at);
}

void SqlPaymentRepository::remove_work(store::Transaction& transaction, const OrderId& order_id) const {
  transaction.rows().execute("DELETE FROM provider_work WHERE order_id = $1", order_id);
}

std::optional<ProviderWork> SqlPaymentRepository::find_work(store::View& view, const OrderId& order_id) const {
  store::Rows row =
      view.rows().query("SELECT order_id, action, attempts, due_at_ms FROM provider_work WHERE order_id = $1", order_id);
  if (!row.next()) return std::nullopt;
  return read_work(row);
}

std::vector<ProviderWork> SqlPaymentRepository::due_work(store::View& view, Timestamp now, std::int64_t limit) const {
  store::Rows row = view.rows().query(
      "SELECT order_id, action, attempts, due_at_ms FROM provider_work WHERE due_at_ms <= $1 ORDER BY due_at_ms LIMIT $2", now,
      limit);
  std::vector<ProviderWork> due;
  while (row.next()) due.push_back(read_work(row));
  return due;
}

void SqlPaymentRepository::set_unpriced(store::Transaction& transaction, const UnpricedOrder& order) const {
  transaction.rows().execute(
      "INSERT INTO unpriced_orders (order_id, lines, expires_at_ms, attempts, due_at_ms) VALUES ($1, $2, $3, $4, $5) "
      "ON CONFLICT (order_id) DO UPDATE SET attempts = excluded.attempts, due_at_ms = excluded.due_at_ms",
      order.order_id, encode_lines(order.lines), order.expires_at, order.attempts, order.due_at);
}

void SqlPaymentRepository::remove_unpriced(store::Transaction& transaction, const OrderId& order_id) const {
  transaction.rows().execute("DELETE FROM unpriced_orders WHERE order_id = $1", order_id);
}

std::optional<UnpricedOrder> SqlPaymentRepository::find_unpriced(store::View& view, const OrderId& order_id) const {
  store::Rows row = view.rows().query(
      "SELECT order_id, lines, expires_at_ms, attempts, due_at_ms FROM unpriced_orders WHERE order_id = $1", order_id);
  if (!row.next()) return std::nullopt;
  return read_unpriced(row);
}

std::optional<UnpricedOrder> SqlPaymentRepository::due_unpriced(store::View& view, Timestamp now) const {
  store::Rows row = view.rows().query(
      "SELECT order_id, lines, expires_at_ms, attempts, due_at_ms FROM unpriced_orders WHERE due_at_ms <= $1 "
      "ORDER BY due_at_ms LIMIT 1",
      now);
  if (!row.next()) return std::nullopt;
  return read_unpriced(row);
}

}  // namespace seamline::payment
