#include "audit/tables.hpp"

#include <algorithm>
#include <array>

namespace seamline::audit {
namespace {

struct OwnedTable {
  /// Empty for the kernel's.
  std::string_view module;
  Table table;
};

constexpr std::array all_tables{
    OwnedTable{"", {"ownership", "id, log_id, epoch", "id"}},
    OwnedTable{"", {"event_log", "seq, epoch, type, subject, at_ms, trace, payload, hash", "seq"}},
    OwnedTable{"", {"cursors", "publisher, partition, log_id, epoch, seq, hash", "publisher, partition"}},
    OwnedTable{"", {"receipts", "subscriber, seq, at_ms", "subscriber"}},
    OwnedTable{"", {"timers", "kind, subject, due_at_ms", "kind, subject"}},
    OwnedTable{
        "",
        {"dead_letters", "publisher, seq, state, reason, epoch, type, subject, at_ms, trace, payload, hash", "publisher, seq"}},
    OwnedTable{"", {"idempotency", "id, caller, operation, key, fingerprint, reply, at_ms", "id"}},
    OwnedTable{"order", {"order_events", "order_id, version, type, at_ms, data", "order_id, version"}},
    OwnedTable{"order",
               {"orders", "order_id, status, user_id, user_name, items, total_minor, currency, reason, version, created_at_ms",
                "order_id"}},
    OwnedTable{"payment",
               {"payments", "order_id, payment_id, user_id, amount_minor, currency, token, status, ending, reason, updated_at_ms",
                "order_id"}},
    OwnedTable{"payment",
               {"ledger_entries", "transaction_id, account, order_id, amount_minor, currency, at_ms", "transaction_id, account"}},
    OwnedTable{"payment",
               {"invoices", "order_id, invoice_id, payment_id, user_id, amount_minor, currency, issued_at_ms", "order_id"}},
    OwnedTable{"payment", {"provider_work", "order_id, action, attempts, due_at_ms", "order_id"}},
    OwnedTable{"payment", {"unpriced_orders", "order_id, lines, expires_at_ms, attempts, due_at_ms", "order_id"}},
    OwnedTable{"inventory", {"products", "product_id, name, price_minor, currency, on_hand, reserved", "product_id"}},
    OwnedTable{"inventory", {"stock_movements", "id, product_id, kind, quantity, order_id, at_ms", "id"}},
    OwnedTable{"inventory", {"reservations", "order_id, lines, is_paid, ending, stock, updated_at_ms", "order_id"}},
    OwnedTable{"user", {"users", "user_id, email, name, role, password_hash, created_at_ms", "user_id"}},
};

}  // namespace

std::vector<Table> tables_of(std::string_view module) {
  std::vector<Table> tables;
  for (const OwnedTable& one : all_tables) {
    if (one.module.empty() || one.module == module) tables.push_back(one.table);
  }
  return tables;
}

}  // namespace seamline::audit
