#include "audit/dossier_reader.hpp"

namespace seamline::audit {
namespace {

/// A transaction is named after its order, so that those of one kind stand in the order of the orders already. What it moved is
/// the positive one of its two amounts.
constexpr std::string_view captures_sql =
    "SELECT order_id, max(amount_minor), currency FROM ledger_entries WHERE transaction_id >= 'capture:' "
    "AND transaction_id < 'capture;' AND transaction_id = 'capture:' || order_id GROUP BY transaction_id ORDER BY transaction_id";
constexpr std::string_view refunds_sql =
    "SELECT order_id, max(amount_minor), currency FROM ledger_entries WHERE transaction_id >= 'refund:' "
    "AND transaction_id < 'refund;' AND transaction_id = 'refund:' || order_id GROUP BY transaction_id ORDER BY transaction_id";
constexpr std::string_view earnings_sql =
    "SELECT order_id, max(amount_minor), currency FROM ledger_entries WHERE transaction_id >= 'earn:' "
    "AND transaction_id < 'earn;' AND transaction_id = 'earn:' || order_id GROUP BY transaction_id ORDER BY transaction_id";
/// Those that are not named after their order (M5) count for it all the same.
constexpr std::string_view odd_transactions_sql =
    "SELECT order_id, max(amount_minor), currency, transaction_id FROM ledger_entries WHERE transaction_id NOT IN "
    "('capture:' || order_id, 'refund:' || order_id, 'earn:' || order_id) GROUP BY transaction_id, order_id ORDER BY order_id";

constexpr std::string_view answers_sql =
    "SELECT json_extract(reply, '$.order_id') AS order_id, operation, caller, key FROM idempotency "
    "WHERE json_valid(reply) AND json_type(reply, '$.order_id') = 'text' ORDER BY order_id";

bool is_read(std::string_view event_name) {
  return event_name == "OrderCreated" || event_name == "PaymentSuccess" || event_name == "PaymentRefunded";
}

}  // namespace

std::string_view event_name_of(std::string_view type) {
  for (int part = 0; part < 2; ++part) {
    const auto dot = type.find('.');
    if (dot == std::string_view::npos) return {};
    type.remove_prefix(dot + 1);
  }
  return type.substr(0, type.find('.'));
}

LogStream::LogStream(Database& database)
    : Stream(database, "SELECT subject, seq, type FROM event_log ORDER BY subject, seq"),
      payload_(database, "SELECT payload FROM event_log WHERE seq = ?1") {}

void LogStream::take_entries(std::string_view subject, std::vector<Announcement>& entries) {
  take_all(subject, [&](const Cursor& row) {
    Announcement entry{row.integer(1), std::string(event_name_of(row.text(2))), {}};
    if (is_read(entry.name)) {
      payload_.restart(entry.seq);
      if (payload_.next()) entry.payload = payload_.text(0);
    }
    entries.push_back(std::move(entry));
  });
}

DossierReader::DossierReader(Cut& cut)
    : orders_(cut.database(Owner::order),
              "SELECT order_id, status, user_id, user_name, items, total_minor, currency, reason, version FROM orders "
              "ORDER BY order_id"),
      order_events_(cut.database(Owner::order),
                    "SELECT order_id, version, type, data FROM order_events ORDER BY order_id, version"),
      order_timers_(cut.database(Owner::order), "SELECT subject, kind FROM timers ORDER BY subject"),
      order_log_(cut.database(Owner::order)),
      answers_(cut.database(Owner::order), answers_sql),
      payments_(cut.database(Owner::payment),
                "SELECT order_id, payment_id, amount_minor, currency, status, ending FROM payments ORDER BY order_id"),
      captures_(cut.database(Owner::payment), captures_sql),
      refunds_(cut.database(Owner::payment), refunds_sql),
      earnings_(cut.database(Owner::payment), earnings_sql),
      odd_transactions_(cut.database(Owner::payment), odd_transactions_sql),
      invoices_(cut.database(Owner::payment),
                "SELECT order_id, payment_id, amount_minor, currency FROM invoices ORDER BY order_id"),
      provider_work_(cut.database(Owner::payment), "SELECT order_id, action FROM provider_work ORDER BY order_id"),
      unpriced_orders_(cut.database(Owner::payment), "SELECT order_id FROM unpriced_orders ORDER BY order_id"),
      payment_log_(cut.database(Owner::payment)),
      reservations_(cut.database(Owner::inventory), "SELECT order_id, lines, stock, ending FROM reservations ORDER BY order_id"),
      movements_(
          cut.database(Owner::inventory),
          "SELECT order_id, product_id, kind, quantity FROM stock_movements WHERE order_id IS NOT NULL ORDER BY order_id, id"),
      inventory_timers_(cut.database(Owner::inventory), "SELECT subject, kind FROM timers ORDER BY subject"),
      inventory_log_(cut.database(Owner::inventory)),
      streams_{&orders_,          &order_events_, &order_timers_, &order_log_,        &answers_,          &payments_,
               &captures_,        &refunds_,      &earnings_,     &odd_transactions_, &invoices_,         &provider_work_,
               &unpriced_orders_, &payment_log_,  &reservations_, &movements_,        &inventory_timers_, &inventory_log_} {}

const Stream* DossierReader::least() const {
  const Stream* least = nullptr;
  for (const Stream* stream : streams_) {
    if (!stream->is_at_end() && (least == nullptr || stream->key() < least->key())) least = stream;
  }
  return least;
}

bool DossierReader::next(Dossier& dossier) {
  const Stream* first = least();
  if (first == nullptr) return false;
  dossier = Dossier{};
  dossier.order_id = first->key();
  take_order(dossier);
  take_payment(dossier);
  take_inventory(dossier);
  return true;
}

void DossierReader::take_order(Dossier& dossier) {
  const std::string& id = dossier.order_id;
  orders_.take_all(id, [&](const Cursor& row) {
    dossier.order = OrderRow{std::string(row.text(1)), row.optional_text(2), row.optional_text(3), std::string(row.text(4)),
                             row.optional_integer(5),  row.optional_text(6), row.optional_text(7), row.integer(8)};
  });
  order_events_.take_all(id, [&](const Cursor& row) {
    dossier.events.push_back({row.integer(1), std::string(row.text(2)), std::string(row.text(3))});
  });
  order_timers_.take_all(id, [&](const Cursor& row) { dossier.order_timers.emplace_back(row.text(1)); });
  order_log_.take_entries(id, dossier.order_log);
  for (const Announcement& entry : dossier.order_log) {
    if (entry.name == "OrderCreated" && !dossier.created) dossier.created = read_priced_order(entry.payload);
  }
  answers_.take_all(id, [&](const Cursor& row) {
    dossier.answers.push_back({std::string(row.text(1)), std::string(row.text(2)), std::string(row.text(3))});
  });
}

void DossierReader::take_payment(Dossier& dossier) {
  const std::string& id = dossier.order_id;
  payments_.take_all(id, [&](const Cursor& row) {
    dossier.payment = PaymentRow{std::string(row.text(1)), row.integer(2), std::string(row.text(3)), std::string(row.text(4)),
                                 std::string(row.text(5))};
  });
  const auto into = [](std::vector<Moved>& moved) {
    return [&moved](const Cursor& row) { moved.push_back({row.integer(1), std::string(row.text(2))}); };
  };
  captures_.take_all(id, into(dossier.captures));
  refunds_.take_all(id, into(dossier.refunds));
  earnings_.take_all(id, into(dossier.earnings));
  odd_transactions_.take_all(id, [&](const Cursor& row) {
    const std::string_view name = row.text(3);
    if (name.starts_with("capture:")) into(dossier.captures)(row);
    if (name.starts_with("refund:")) into(dossier.refunds)(row);
    if (name.starts_with("earn:")) into(dossier.earnings)(row);
  });
  invoices_.take_all(id, [&](const Cursor& row) {
    dossier.invoice = InvoiceRow{std::string(row.text(1)), {row.integer(2), std::string(row.text(3))}};
  });
  provider_work_.take_all(id, [&](const Cursor& row) { dossier.provider_work = row.text(1); });
  unpriced_orders_.take_all(id, [&](const Cursor&) { dossier.is_unpriced = true; });
  payment_log_.take_entries(id, dossier.payment_log);
}

void DossierReader::take_inventory(Dossier& dossier) {
  const std::string& id = dossier.order_id;
  reservations_.take_all(id, [&](const Cursor& row) {
    dossier.reservation = ReservationRow{std::string(row.text(1)), std::string(row.text(2)), std::string(row.text(3))};
    dossier.reserved_lines = read_quantities(row.text(1));
  });
  movements_.take_all(id, [&](const Cursor& row) {
    dossier.movements.push_back({std::string(row.text(1)), std::string(row.text(2)), row.integer(3)});
  });
  inventory_timers_.take_all(id, [&](const Cursor& row) { dossier.inventory_timers.emplace_back(row.text(1)); });
  inventory_log_.take_entries(id, dossier.inventory_log);
}

}  // namespace seamline::audit
