#include <vector>

#include "app/audited_shop.hpp"
#include "support/catch.hpp"

namespace seamline::test {
namespace {

/// One way to spoil a store.
struct Damage {
  /// What it must break, in the order of the page: these, and nothing else.
  std::string codes;
  std::string store;
  std::string sql;
  /// The log whose chain is made anew, so that the entries are sound and only say something else.
  std::string rechained = {};
  bool at_work = false;
};

const std::string confirmed = "(SELECT order_id FROM orders WHERE status = 'confirmed')";
const std::string captured = "(SELECT order_id FROM payments WHERE status = 'captured')";
const std::string refunded = "(SELECT order_id FROM payments WHERE status = 'refunded' ORDER BY order_id LIMIT 1)";
const std::string committed = "(SELECT order_id FROM reservations WHERE stock = 'committed')";
const std::string released = "(SELECT order_id FROM reservations WHERE stock = 'released')";

std::vector<Damage> damages_to_stores() {
  return {
      {"K2", "user", "INSERT INTO ownership (id, log_id, epoch) VALUES (2, 'another', 1)"},
      {"K2 X8", "user", "UPDATE ownership SET epoch = 0 WHERE id = 1", "user"},
      {"X1", "user", "UPDATE event_log SET payload = '{}' WHERE seq = 1"},
      {"X1 U3", "user", "DELETE FROM event_log WHERE seq = 1"},
      {"X2", "inventory", "DELETE FROM cursors WHERE publisher = 'payment'"},
      {"X3", "order", "UPDATE cursors SET hash = zeroblob(32) WHERE publisher = 'payment'"},
      {"X3", "order", "UPDATE cursors SET log_id = 'another' WHERE publisher = 'payment'"},
      {"X3", "order", "UPDATE cursors SET seq = seq + 1 WHERE publisher = 'payment'"},
      {"X3", "order",
       "INSERT INTO cursors SELECT 'nobody', 0, log_id, epoch, seq, hash FROM cursors WHERE publisher = 'payment'"},
      {"X6", "payment", "UPDATE receipts SET seq = seq + 1"},
      {"X6", "payment", "INSERT INTO receipts SELECT 'kafka payments', max(seq) + 1, 0 FROM event_log"},
      {"", "payment", "INSERT INTO receipts SELECT 'kafka payments', max(seq), 0 FROM event_log"},
      {"X2 X6", "order", "DELETE FROM cursors WHERE publisher = 'payment'"},
      {"X8", "user", "UPDATE event_log SET epoch = 0 WHERE seq = 2", "user"},
      {"X8", "user", "UPDATE event_log SET epoch = 2", "user"},
      {"X9", "order",
       "INSERT INTO dead_letters SELECT 'payment', seq, 'poisoned', 'test', epoch, type, subject, at_ms, trace, payload, hash "
       "FROM "
       "event_log WHERE seq = 1"},
      {"X9 X10", "order",
       "INSERT INTO dead_letters SELECT 'payment', seq, 'parked', 'test', epoch, type, subject, at_ms, trace, payload, hash FROM "
       "event_log WHERE seq = 1"},
      {"I1", "order",
       "INSERT INTO idempotency (caller, operation, key, fingerprint, reply, at_ms) SELECT caller, operation, 'another', "
       "fingerprint, "
       "reply, at_ms FROM idempotency WHERE key = 'confirmed'"},
      {"I1", "order",
       "DROP INDEX idempotency_by_key; INSERT INTO idempotency (caller, operation, key, fingerprint, reply, at_ms) "
       "SELECT caller, operation, key, fingerprint, reply, at_ms FROM idempotency WHERE key = 'cancel'"},
      {"I2", "order", "UPDATE idempotency SET reply = json_set(reply, '$.order_id', 'none') WHERE key = 'confirmed'"},
  };
}

std::vector<Damage> damages_to_orders() {
  return {
      {"O1", "order", "UPDATE orders SET version = version + 1 WHERE status = 'confirmed'"},
      {"O1 O2 O3", "order", "UPDATE order_events SET version = 9 WHERE version = 1 AND order_id = " + confirmed},
      {"O2", "order", "UPDATE orders SET reason = 'none' WHERE status = 'confirmed'"},
      {"O2", "order", "UPDATE orders SET user_name = 'Eve' WHERE status = 'confirmed'"},
      {"O2 O5", "order",
       "UPDATE orders SET user_id = (SELECT user_id FROM orders o WHERE o.user_id <> orders.user_id) WHERE "
       "status = 'confirmed'"},
      {"O2", "order", "UPDATE order_events SET data = '[' WHERE type = 'ItemAdded' AND version = 2 AND order_id = " + confirmed},
      {"O2 O3", "order",
       "UPDATE order_events SET type = 'OrderForgotten' WHERE type = 'ItemAdded' AND version = 2 AND order_id = " + confirmed},
      {"O4", "order", "UPDATE event_log SET type = 'seamline.order.OrderSeen.v1' WHERE type = 'seamline.order.OrderConfirmed.v1'",
       "order"},
      {"O4", "order", "UPDATE event_log SET subject = 'none' WHERE type = 'seamline.order.OrderConfirmed.v1'", "order"},
      {"O5", "order",
       "UPDATE event_log SET payload = json_set(payload, '$.items[0].unit_price', 1) WHERE type = "
       "'seamline.order.OrderCreated.v1' "
       "AND subject = " +
           confirmed,
       "order"},
      {"O6", "order", "DELETE FROM timers WHERE kind = 'order.draft'"},
      {"O6", "order", "INSERT INTO timers VALUES ('order.deadline', " + confirmed + ", 1)"},
      {"O6", "order", "UPDATE timers SET kind = 'order.late' WHERE kind = 'order.deadline'", "", true},
      {"U4 U3", "user", "UPDATE users SET user_id = 'none' WHERE email = 'bob@example.org'"},
      {"O2 O5 M10", "order", "UPDATE orders SET total_minor = total_minor + 1 WHERE status = 'cancelled'"},
      {"O2 O5 M10", "order", "UPDATE orders SET items = replace(items, '\"quantity\":50', '\"quantity\":-50')"},
  };
}

std::vector<Damage> damages_to_money() {
  return {
      {"M1 M2 M11", "payment", "UPDATE ledger_entries SET amount_minor = amount_minor + 1 WHERE account = 'revenue'"},
      {"M1 M5", "payment",
       "INSERT INTO ledger_entries SELECT transaction_id, 'revenue', order_id, 0, currency, at_ms FROM "
       "ledger_entries WHERE transaction_id = 'refund:' || order_id AND account = 'provider' LIMIT 1"},
      {"M5 M12 M11", "payment",
       "UPDATE ledger_entries SET account = 'revenue' WHERE account = 'settlement' AND transaction_id LIKE 'refund:%'"},
      {"M5 M12 M14 M8", "payment",
       "UPDATE ledger_entries SET transaction_id = 'void:' || order_id WHERE transaction_id LIKE 'earn:%'"},
      {"M7 M9 M12 M16 M8 G1", "payment",
       "UPDATE ledger_entries SET transaction_id = 'refund:none', order_id = 'none' WHERE transaction_id = 'refund:' || " +
           refunded},
      {"M9", "payment", "UPDATE payments SET status = 'failed' WHERE status = 'captured'"},
      {"M9 M16", "payment", "UPDATE payments SET status = 'captured' WHERE status = 'failed'"},
      {"M5 M11", "payment",
       "UPDATE ledger_entries SET account = 'revenue' WHERE account = 'provider' AND transaction_id LIKE 'capture:%'"},
      {"M14", "payment", "DELETE FROM invoices"},
      {"M14", "payment", "UPDATE invoices SET payment_id = 'none'"},
      {"M6", "payment", "UPDATE payments SET amount_minor = amount_minor + 1 WHERE status = 'pending'", "", true},
      {"M16", "payment",
       "UPDATE event_log SET type = 'seamline.payment.PaymentSuccess.v1' WHERE type = "
       "'seamline.payment.PaymentFailed.v1'",
       "payment"},
      {"M16", "payment",
       "UPDATE event_log SET payload = json_set(payload, '$.amount', 1) WHERE type = "
       "'seamline.payment.PaymentRefunded.v1'",
       "payment"},
      {"M17 M18", "payment", "INSERT INTO provider_work VALUES ('none', 'charge', 0, 1)"},
      {"M17", "payment", "DELETE FROM provider_work", "", true},
      {"M17 M18", "payment", "INSERT INTO unpriced_orders VALUES ('none', '[]', NULL, 0, 1)"},
      {"M17", "payment", "INSERT INTO unpriced_orders SELECT order_id, '[]', NULL, 0, 1 FROM provider_work", "", true},
      {"M18", "payment", "INSERT INTO provider_work VALUES (" + captured + ", 'refund', 0, 1)"},
      {"M8 M11", "payment", "DELETE FROM ledger_entries WHERE transaction_id LIKE 'earn:%'; DELETE FROM invoices"},
      {"O2 M8 M11 S5 G1 G6", "order", "UPDATE orders SET status = 'cancelled' WHERE status = 'confirmed'"},
  };
}

std::vector<Damage> damages_to_stock() {
  return {
      {"S1", "inventory", "UPDATE products SET on_hand = on_hand + 1 WHERE product_id = 'p1'"},
      {"S2 S4", "inventory", "UPDATE products SET reserved = reserved + 1 WHERE product_id = 'p1'"},
      {"S1 S3", "inventory", "UPDATE stock_movements SET quantity = 0 WHERE kind = 'added' AND product_id = 'p2'"},
      {"S4 S10 S14", "inventory", "UPDATE reservations SET lines = json_set(lines, '$.p1', 9) WHERE stock = 'reserved'", "",
       true},
      {"S2 S3 S6 S10", "inventory", "UPDATE stock_movements SET quantity = quantity + 1 WHERE kind = 'released'"},
      {"S2 S3 S6 S11", "inventory",
       "INSERT INTO stock_movements (product_id, kind, quantity, order_id, at_ms) SELECT product_id, 'released', "
       "quantity, order_id, at_ms FROM stock_movements WHERE kind = 'committed'"},
      {"S7", "inventory", "UPDATE stock_movements SET kind = 'added' WHERE kind = 'restocked'"},
      {"S6 S7 S10 G3", "inventory", "UPDATE stock_movements SET order_id = 'none' WHERE kind = 'restocked'"},
      {"S7", "inventory", "INSERT INTO stock_movements (product_id, kind, quantity, at_ms) VALUES ('none', 'added', 1, 1)"},
      {"S1 S10 S5", "inventory", "DELETE FROM stock_movements WHERE product_id = 'p2' AND order_id = " + committed},
      {"S11 S12 G1", "inventory", "UPDATE reservations SET stock = 'released' WHERE stock = 'committed'"},
      {"S12", "inventory",
       "UPDATE event_log SET type = 'seamline.inventory.InventoryFailed.v1' WHERE type = "
       "'seamline.inventory.InventoryReleased.v1'",
       "inventory"},
      {"S12", "inventory",
       "UPDATE event_log SET type = 'seamline.inventory.InventoryExpired.v1' WHERE type = "
       "'seamline.inventory.InventoryFailed.v1'",
       "inventory"},
      {"S13", "inventory", "DELETE FROM timers", "", true},
      {"S13", "inventory", "INSERT INTO timers VALUES ('inventory.reservation', " + released + ", 1)"},
      {"S14", "inventory", "UPDATE reservations SET lines = '{\"p1\":9}' WHERE stock = 'refused'"},
      {"S1 S2 S11 S5", "inventory", "DELETE FROM stock_movements WHERE kind = 'committed'"},
      {"S4 S11 S12 S13 S8 G1", "inventory", "UPDATE reservations SET stock = 'reserved' WHERE stock = 'released'"},
  };
}

std::vector<Damage> damages_to_saga_and_users() {
  return {
      {"S11 S12 G1", "inventory", "UPDATE reservations SET stock = 'untouched' WHERE stock = 'committed'"},
      {"S12 G2", "inventory", "UPDATE event_log SET subject = 'none' WHERE type = 'seamline.inventory.InventoryReserved.v1'",
       "inventory"},
      {"X1 G2", "payment", "DELETE FROM event_log WHERE type = 'seamline.payment.PaymentSuccess.v1'"},
      {"O1 O2 O3 O4 G3", "order", "DELETE FROM order_events WHERE type = 'OrderPlaced'"},
      {"G6", "payment", "UPDATE payments SET ending = 'open' WHERE status = 'captured'"},
      {"G6", "inventory", "UPDATE reservations SET ending = 'cancelled' WHERE stock = 'committed'"},
      {"U1", "user", "UPDATE users SET email = 'Ada@example.org' WHERE email = 'ada@example.org'"},
      {"U1", "user", "UPDATE users SET email = email || ' ' WHERE email = 'ada@example.org'"},
      {"U1", "user", "DROP INDEX users_by_email; UPDATE users SET email = 'ada@example.org'"},
      {"U2", "user", "UPDATE users SET password_hash = 'long enough' WHERE email = 'ada@example.org'"},
      {"U2", "user", "UPDATE users SET password_hash = replace(password_hash, 'argon2id', 'argon2i')"},
      {"U3", "user", "UPDATE event_log SET subject = 'none' WHERE seq = 1", "user"},
      {"U3", "user",
       "INSERT INTO users SELECT 'another', 'eve@example.org', name, role, password_hash, created_at_ms FROM users LIMIT 1"},
  };
}

const std::string money_of_others =
    "INSERT INTO payments VALUES ('theirs', 'paid', NULL, 100, 'EUR', 'tok_ok', 'captured', 'open', NULL, 1);"
    "INSERT INTO ledger_entries VALUES ('capture:theirs', 'provider', 'theirs', 100, 'EUR', 1), "
    "('capture:theirs', 'settlement', 'theirs', -100, 'EUR', 1);";
const std::string success_of_others =
    "INSERT INTO event_log SELECT max(seq) + 1, 1, 'seamline.payment.PaymentSuccess.v1', 'theirs', 1, '', "
    "'{\"order_id\":\"theirs\",\"payment_id\":\"paid\",\"amount\":100}', zeroblob(32) FROM event_log;";
const std::string goods_of_others =
    "INSERT INTO stock_movements SELECT max(id) + 1, 'p1', 'reserved', 2, 'theirs', 1 FROM stock_movements;"
    "UPDATE products SET reserved = reserved + 2 WHERE product_id = 'p1';";
const std::string reservation_of_others =
    "INSERT INTO reservations VALUES ('theirs', '{\"p1\":2}', 1, 'open', 'reserved', 1);"
    "INSERT INTO timers VALUES ('inventory.reservation', 'theirs', 99);"
    "INSERT INTO event_log SELECT max(seq) + 1, 1, 'seamline.inventory.InventoryReserved.v1', 'theirs', 1, '', "
    "'{\"order_id\":\"theirs\"}', zeroblob(32) FROM event_log;";

std::vector<Damage> damages_to_orders_of_others() {
  return {
      {"G3", "payment", money_of_others},
      {"M16", "payment", success_of_others, "payment"},
      {"S4 S10 G3", "inventory", goods_of_others},
      {"S4 S11 G2", "inventory", reservation_of_others, "inventory"},
      {"M11", "payment",
       money_of_others + success_of_others +
           "INSERT INTO invoices VALUES ('theirs', 'i', 'paid', NULL, 100, 'EUR', 1);"
           "INSERT INTO ledger_entries VALUES ('earn:theirs', 'revenue', 'theirs', -100, 'EUR', 1), "
           "('earn:theirs', 'settlement', 'theirs', 100, 'EUR', 1);",
       "payment"},
  };
}

void check(const std::vector<Damage>& damages) {
  for (const Damage& damage : damages) {
    INFO(damage.store << ": " << damage.sql);
    const AuditedShop shop = damage.at_work ? AuditedShop::at_work() : AuditedShop::quiet();
    shop.edit(damage.store, damage.sql);
    if (!damage.rechained.empty()) shop.rechain(damage.rechained);
    CHECK(violated_in(shop.audited(damage.at_work ? audit::Mode::live : audit::Mode::quiet)) == damage.codes);
  }
}

TEST_CASE("every invariant of the stores has damage that breaks it") {
  std::string broken = "K1 O8 ";  // These two are broken in audit_test.cpp.
  for (const auto& damages :
       {damages_to_stores(), damages_to_orders(), damages_to_money(), damages_to_stock(), damages_to_saga_and_users()}) {
    for (const Damage& damage : damages) broken += damage.codes + " ";
  }
  for (std::size_t i = 0; i < audit::groups.back().first; ++i) {
    const std::string code(audit::invariants.at(i).code);
    INFO(code);
    CHECK((" " + broken).find(" " + code + " ") != std::string::npos);
  }
}

TEST_CASE("damage to a store's own records is found under its code") { check(damages_to_stores()); }
TEST_CASE("damage to orders is found under its code") { check(damages_to_orders()); }
TEST_CASE("damage to money is found under its code") { check(damages_to_money()); }
TEST_CASE("damage to stock is found under its code") { check(damages_to_stock()); }
TEST_CASE("damage to the saga and to users is found under its code") { check(damages_to_saga_and_users()); }

TEST_CASE("damage to what is known of orders of others is found under its code") { check(damages_to_orders_of_others()); }

TEST_CASE("an order that a service elsewhere placed is sound while it waits for that service's word, and after it") {
  const AuditedShop shop = AuditedShop::quiet();
  shop.edit("payment", money_of_others + success_of_others);
  shop.edit("inventory", goods_of_others + reservation_of_others);
  shop.rechain("payment");
  shop.rechain("inventory");
  CHECK(violated_in(shop.audited()).empty());

  shop.edit("payment",
            "UPDATE payments SET ending = 'confirmed' WHERE order_id = 'theirs';"
            "INSERT INTO invoices VALUES ('theirs', 'i', 'paid', NULL, 100, 'EUR', 1);"
            "INSERT INTO ledger_entries VALUES ('earn:theirs', 'revenue', 'theirs', -100, 'EUR', 1), "
            "('earn:theirs', 'settlement', 'theirs', 100, 'EUR', 1);");
  CHECK(violated_in(shop.audited()).empty());
}

}  // namespace
}  // namespace seamline::test
