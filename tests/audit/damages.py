"""Damage to stores and histories, each with the code of the invariant that it breaks first of all. It breaks others with it."""
import sqlite3
from typing import NamedTuple

from cut import MODULES

CONFIRMED = "(SELECT min(order_id) FROM orders WHERE status = 'confirmed')"
CANCELLED = "(SELECT min(order_id) FROM order_events WHERE type = 'OrderCancelled' AND version > 3)"
CAPTURED = "(SELECT min(order_id) FROM payments WHERE status = 'captured')"
COMMITTED = "(SELECT min(order_id) FROM reservations WHERE stock = 'committed')"
REFUNDED = "(SELECT min(order_id) FROM payments WHERE status = 'refunded')"


class Damage(NamedTuple):
    code: str
    module: str
    statements: tuple
    # Of the shop that was killed with sagas under way, instead of the quiet one.
    under_way: bool = False


def damage(code, module, *statements, **more):
    return Damage(code, module, statements, **more)


def letter(state, seq, subject):
    return f"INSERT INTO dead_letters VALUES ('payment', {seq}, '{state}', 'a test', 1, 'x', '{subject}', 0, '', '', x'00')"


def say(event, subject):
    """An entry at the end of a log that should not be there."""
    module = "inventory" if event.startswith("Inventory") else "payment" if event.startswith("Payment") else "order"
    return (f"INSERT INTO event_log SELECT max(seq) + 1, 1, 'seamline.{module}.{event}.v1', {subject}, 0, '', "
            f"'{{\"order_id\":\"' || {subject} || '\"}}', x'00' FROM event_log")


STORES = (
    damage("K1", "inventory", "PRAGMA writable_schema = ON", "DELETE FROM sqlite_schema WHERE name = 'timers_by_due'"),
    damage("K2", "order", "DELETE FROM ownership"),
    damage("K2", "payment", "UPDATE ownership SET epoch = 0"),
    damage("K2", "user", "UPDATE ownership SET log_id = ''"),
    *(damage("X1", "order", f"UPDATE event_log SET {column} = {column} || 'x' WHERE seq = 3")
      for column in ("type", "subject", "trace", "payload")),
    *(damage("X1", "payment", f"UPDATE event_log SET {column} = {column} + 1 WHERE seq = 2") for column in ("epoch", "at_ms")),
    damage("X1", "inventory", "UPDATE event_log SET hash = zeroblob(32) WHERE seq = 1"),
    damage("X1", "payment", "DELETE FROM event_log WHERE seq = 2"),
    damage("X1", "user", "UPDATE event_log SET seq = seq + 10"),
    damage("X2", "inventory", "UPDATE cursors SET seq = seq - 1 WHERE publisher = 'order'"),
    damage("X2", "payment", "DELETE FROM cursors WHERE publisher = 'inventory'"),
    damage("X3", "order", "UPDATE cursors SET hash = zeroblob(32) WHERE publisher = 'payment'"),
    damage("X3", "order", "DELETE FROM event_log WHERE seq = (SELECT max(seq) FROM event_log)"),
    damage("X3", "inventory", "UPDATE cursors SET log_id = 'another'"),
    damage("X3", "payment", "INSERT INTO cursors SELECT 'user', partition, log_id, epoch, seq, hash FROM cursors LIMIT 1"),
    damage("X6", "order", "UPDATE receipts SET seq = seq + 1000"),
    damage("X6", "order", "INSERT INTO receipts SELECT 'kafka orders', max(seq) + 1, 0 FROM event_log"),
    damage("X6", "payment", "UPDATE cursors SET seq = seq - 1 WHERE publisher = 'order'"),
    damage("X8", "order", "UPDATE event_log SET epoch = 7 WHERE seq = 1"),
    damage("X8", "inventory", "UPDATE event_log SET epoch = 0 WHERE seq = 2"),
    damage("X9", "order", letter("poisoned", 1, "a")),
    damage("X10", "order", letter("parked", 3, "a")),
    damage("X10", "order", letter("poisoned", 3, "a"), letter("parked", 2, "a")),
    damage("X10", "order", letter("poisoned", 1, "b"), letter("parked", 2, "a")),
    damage("I1", "order", "DROP INDEX idempotency_by_key",
           "INSERT INTO idempotency SELECT 99, caller, operation, key, fingerprint, '{}', at_ms FROM idempotency LIMIT 1"),
    damage("I1", "order", "INSERT INTO idempotency SELECT 99, caller, operation, 'other', fingerprint, reply, at_ms FROM idempotency "
                          "WHERE operation = 'order.place_order' LIMIT 1"),
    damage("I2", "order", f"DELETE FROM orders WHERE order_id = {CONFIRMED}"),

    damage("O1", "order", f"DELETE FROM order_events WHERE version = 2 AND order_id = {CONFIRMED}"),
    damage("O1", "order", f"UPDATE orders SET version = version + 1 WHERE order_id = {CONFIRMED}"),
    damage("O1", "order", f"DELETE FROM order_events WHERE order_id = {CONFIRMED}"),
    damage("O2", "order", f"UPDATE orders SET status = 'cancelled' WHERE order_id = {CONFIRMED}"),
    damage("O2", "order", f"UPDATE orders SET total_minor = 1 WHERE order_id = {CONFIRMED}"),
    damage("O2", "order", f"UPDATE orders SET user_id = 'somebody' WHERE order_id = {CONFIRMED}"),
    damage("O2", "order", f"UPDATE orders SET items = '[]' WHERE order_id = {CONFIRMED}"),
    damage("O2", "order", f"UPDATE orders SET reason = 'none' WHERE order_id = {CONFIRMED}"),
    damage("O2", "order", "UPDATE orders SET items = '[]' WHERE status = 'pending'"),
    damage("O3", "order", "INSERT INTO order_events SELECT order_id, max(version) + 1, 'OrderCancelled', 0, '{\"reason\":\"twice\"}' "
                          f"FROM order_events WHERE order_id = {CONFIRMED}"),
    damage("O3", "order", f"UPDATE order_events SET type = 'OrderPlaced' WHERE version = 1 AND order_id = {CONFIRMED}"),
    damage("O3", "order", f"UPDATE order_events SET type = 'ItemAdded' WHERE type = 'OrderConfirmed' AND order_id = {CONFIRMED}"),
    damage("O3", "order", f"UPDATE order_events SET type = 'Heard' WHERE version = 2 AND order_id = {CONFIRMED}"),
    damage("O4", "order", f"DELETE FROM order_events WHERE type = 'OrderConfirmed' AND order_id = {CONFIRMED}"),
    damage("O4", "order", "UPDATE event_log SET subject = 'nobody' WHERE seq = 1"),
    damage("O4", "order", say("OrderCreated", CONFIRMED)),
    damage("O4", "order", say("OrderCancelled", "(SELECT order_id FROM orders WHERE status = 'pending')")),
    damage("O4", "order", "DELETE FROM event_log WHERE type LIKE '%OrderCancelled%'"),
    *(damage("O5", "order", f"UPDATE event_log SET payload = json_set(payload, '$.{member}', {value}) WHERE seq = 1") for member, value in
      (("total", 1), ("user_id", "'x'"), ("currency", "'USD'"), ("items[0].quantity", 9), ("items[0].unit_price", 9))),
    damage("O6", "order", "DELETE FROM timers"),
    damage("O6", "order", f"INSERT INTO timers VALUES ('order.deadline', {CONFIRMED}, 0)"),
    damage("O6", "order", "DELETE FROM timers WHERE kind = 'order.deadline'", under_way=True),
    damage("O6", "order", "UPDATE timers SET kind = 'order.else'"),
    damage("O8", "order", f"UPDATE orders SET status = 'placed' WHERE order_id = {CONFIRMED}"),
    damage("U4", "user", "DELETE FROM users WHERE role = 'user'"),
    damage("M10", "order", f"UPDATE orders SET total_minor = total_minor + 1 WHERE order_id = {CONFIRMED}"),
    damage("M10", "order", f"UPDATE orders SET items = json_set(items, '$[0].quantity', 0), total_minor = 0 WHERE order_id = {CONFIRMED}"),
    damage("M10", "order", "UPDATE orders SET items = json_set(items, '$[0].unit_price', -1), "
                           f"total_minor = -json_extract(items, '$[0].quantity') WHERE order_id = {CONFIRMED}"),
    damage("M10", "order", "UPDATE orders SET items = json_set(items, '$[0].unit_price', 9223372036854775807, '$[0].quantity', 2), "
                           f"total_minor = -2 WHERE order_id = {CONFIRMED}"),

    damage("M1", "payment", "UPDATE ledger_entries SET amount_minor = amount_minor + 1 WHERE account = 'provider'"),
    damage("M1", "payment", "DELETE FROM ledger_entries WHERE account = 'revenue'"),
    damage("M2", "payment", f"DELETE FROM ledger_entries WHERE account = 'provider' AND order_id = {CAPTURED}"),
    damage("M5", "payment", "UPDATE ledger_entries SET transaction_id = 'gift:' || order_id WHERE transaction_id LIKE 'capture:%'"),
    damage("M5", "payment", "UPDATE ledger_entries SET order_id = 'x' WHERE transaction_id LIKE 'capture:%'"),
    damage("M5", "payment", "UPDATE ledger_entries SET currency = 'USD' WHERE account = 'provider'"),
    damage("M5", "payment", "UPDATE ledger_entries SET amount_minor = -amount_minor"),
    damage("M5", "payment", "UPDATE ledger_entries SET account = 'revenue' WHERE account = 'provider'"),
    damage("M7", "payment", f"DELETE FROM ledger_entries WHERE transaction_id = 'capture:' || {CAPTURED}"),
    damage("M7", "payment", "UPDATE ledger_entries SET amount_minor = amount_minor * 2 WHERE transaction_id LIKE 'refund:%'"),
    damage("M7", "payment", "INSERT INTO ledger_entries SELECT replace(transaction_id, 'capture:', 'refund:'), account, order_id, "
                            f"-amount_minor, currency, at_ms FROM ledger_entries WHERE transaction_id = 'capture:' || {CAPTURED}"),
    damage("M9", "payment", f"UPDATE payments SET status = 'failed' WHERE order_id = {CAPTURED}"),
    damage("M9", "payment", f"UPDATE payments SET status = 'captured' WHERE order_id = {REFUNDED}"),
    damage("M9", "payment", "UPDATE payments SET status = 'captured' WHERE status = 'failed'"),
    damage("M9", "payment", f"UPDATE payments SET amount_minor = 1 WHERE order_id = {CAPTURED}"),
    damage("M9", "payment", f"DELETE FROM payments WHERE order_id = {CAPTURED}"),
    damage("M12", "payment", "UPDATE ledger_entries SET amount_minor = amount_minor - 1 WHERE account = 'settlement' "
                             "AND transaction_id LIKE 'capture:%'"),
    damage("M12", "payment", "UPDATE ledger_entries SET transaction_id = 'lost:' || order_id WHERE transaction_id LIKE 'earn:%'"),
    damage("M14", "payment", f"DELETE FROM invoices WHERE order_id = {CAPTURED}"),
    damage("M14", "payment", "DELETE FROM ledger_entries WHERE transaction_id LIKE 'earn:%'"),
    damage("M14", "payment", "UPDATE invoices SET payment_id = 'x'"),
    damage("M14", "payment", "UPDATE invoices SET amount_minor = amount_minor + 1"),
    damage("M6", "payment", f"UPDATE payments SET amount_minor = amount_minor + 1 WHERE order_id = {CAPTURED}"),
    damage("M6", "payment", "UPDATE payments SET currency = 'USD' WHERE status = 'pending'", under_way=True),
    damage("M16", "payment", "UPDATE event_log SET type = 'seamline.payment.PaymentFailed.v1' WHERE type LIKE '%PaymentSuccess%'"),
    damage("M16", "payment", "UPDATE event_log SET type = 'seamline.payment.PaymentLost.v1' WHERE type LIKE '%PaymentSuccess%'"),
    damage("M16", "payment", "DELETE FROM event_log WHERE type LIKE '%PaymentRefunded%'"),
    damage("M16", "payment", say("PaymentRefunded", CAPTURED)),
    damage("M16", "payment", say("PaymentSuccess", "(SELECT order_id FROM payments WHERE status = 'failed')")),
    damage("M16", "payment", "INSERT INTO event_log SELECT 99, epoch, type, subject, at_ms, trace, payload, hash FROM event_log "
                             "WHERE seq = 1"),
    damage("M16", "payment", "UPDATE event_log SET payload = json_set(payload, '$.amount', 1) WHERE type LIKE '%PaymentRefunded%'"),
    damage("M17", "payment", f"INSERT INTO provider_work VALUES ({CAPTURED}, 'charge', 0, 0)"),
    damage("M17", "payment", f"INSERT INTO provider_work VALUES ({REFUNDED}, 'refund', 0, 0)"),
    damage("M17", "payment", "INSERT INTO provider_work VALUES ('nobody', 'void', 0, 0)"),
    damage("M17", "payment", "DELETE FROM provider_work", under_way=True),
    damage("M18", "payment", f"INSERT INTO provider_work VALUES ({CAPTURED}, 'refund', 0, 0)"),
    damage("M17", "payment", f"INSERT INTO unpriced_orders VALUES ({CAPTURED}, '[]', NULL, 0, 0)"),
    damage("M17", "payment", "INSERT INTO unpriced_orders SELECT order_id, '[]', NULL, 0, 0 FROM provider_work", under_way=True),
    damage("M18", "payment", "UPDATE payments SET status = 'pending' WHERE status = 'failed'"),
    damage("M18", "payment", "INSERT INTO unpriced_orders VALUES ('nobody', '[]', NULL, 0, 0)"),
    damage("M8", "payment", f"DELETE FROM ledger_entries WHERE transaction_id = 'earn:' || {CAPTURED}"),
    damage("M8", "payment", f"DELETE FROM ledger_entries WHERE order_id = {CAPTURED}"),
    damage("M8", "payment", "DELETE FROM ledger_entries WHERE transaction_id LIKE 'refund:%'"),
    damage("M8", "order", f"UPDATE orders SET status = 'cancelled' WHERE order_id = {CONFIRMED}"),
    damage("M11", "payment", "UPDATE ledger_entries SET amount_minor = amount_minor - 1 WHERE account = 'revenue'"),
    damage("M11", "order", f"UPDATE orders SET status = 'cancelled' WHERE order_id = {CONFIRMED}"),

    damage("S1", "inventory", "UPDATE products SET on_hand = on_hand + 1"),
    damage("S2", "inventory", "UPDATE products SET reserved = 1"),
    damage("S3", "inventory", "UPDATE stock_movements SET quantity = 0 WHERE kind = 'added' AND product_id = 'p2'"),
    damage("S3", "inventory", "DELETE FROM stock_movements WHERE kind = 'reserved'"),
    damage("S4", "inventory", "UPDATE products SET reserved = 1 WHERE product_id = 'p2'"),
    damage("S4", "inventory", "UPDATE reservations SET stock = 'released' WHERE stock = 'reserved'", under_way=True),
    *(damage("S6", "inventory", "INSERT INTO stock_movements SELECT (SELECT max(id) + 1 FROM stock_movements), product_id, "
                                f"'{kind}', quantity, order_id, at_ms FROM stock_movements WHERE order_id = {COMMITTED} LIMIT 1")
      for kind in ("reserved", "released", "committed")),
    damage("S6", "inventory", "UPDATE stock_movements SET quantity = quantity + 1 WHERE kind = 'committed'"),
    damage("S6", "inventory", "UPDATE stock_movements SET id = -id WHERE kind = 'committed'"),
    damage("S7", "inventory", "UPDATE stock_movements SET kind = 'restocked' WHERE kind = 'added'"),
    damage("S7", "inventory", "INSERT INTO stock_movements SELECT max(id) + 1, 'p1', 'added', 1, NULL, 0 FROM stock_movements"),
    damage("S7", "inventory", "DELETE FROM products WHERE product_id = 'p1'"),
    damage("S7", "inventory", "UPDATE stock_movements SET order_id = 'x' WHERE kind = 'restocked'"),
    damage("S7", "inventory", "UPDATE stock_movements SET order_id = NULL WHERE kind = 'committed'"),
    damage("S10", "inventory", f"UPDATE reservations SET lines = json_set(lines, '$.p2', 1) WHERE order_id = {COMMITTED}"),
    damage("S10", "inventory", f"DELETE FROM reservations WHERE order_id = {COMMITTED}"),
    *(damage("S11", "inventory", f"UPDATE reservations SET stock = '{stock}' WHERE order_id = {COMMITTED}")
      for stock in ("untouched", "refused", "reserved", "released")),
    damage("S12", "inventory", f"UPDATE reservations SET stock = 'refused' WHERE order_id = {COMMITTED}"),
    damage("S12", "inventory", "DELETE FROM event_log WHERE type LIKE '%InventoryFailed%'"),
    damage("S12", "inventory", say("InventoryReleased", COMMITTED)),
    damage("S12", "inventory", say("InventoryExpired", "(SELECT order_id FROM reservations WHERE stock = 'refused')")),
    damage("S12", "inventory", say("InventoryReserved", "'nobody'")),
    damage("S13", "inventory", "DELETE FROM timers", under_way=True),
    damage("S13", "inventory", f"INSERT INTO timers VALUES ('inventory.reservation', {COMMITTED}, 0)"),
    damage("S13", "inventory", "UPDATE timers SET kind = 'inventory.else'", under_way=True),
    damage("S14", "inventory", f"UPDATE reservations SET lines = json_set(lines, '$.p1', 9) WHERE order_id = {COMMITTED}"),
    damage("S5", "inventory", f"UPDATE stock_movements SET quantity = quantity + 1 WHERE order_id = {COMMITTED}"),
    damage("S5", "order", f"UPDATE orders SET status = 'cancelled' WHERE order_id = {CONFIRMED}"),
    damage("S8", "inventory", f"UPDATE reservations SET stock = 'reserved' WHERE order_id = {COMMITTED}"),

    damage("G1", "order", f"UPDATE orders SET status = 'cancelled' WHERE order_id = {CONFIRMED}"),
    damage("G1", "order", f"UPDATE orders SET status = 'confirmed' WHERE order_id = {CANCELLED}"),
    damage("G1", "payment", f"DELETE FROM ledger_entries WHERE order_id = {CAPTURED}"),
    damage("G1", "inventory", f"DELETE FROM reservations WHERE order_id = {COMMITTED}"),
    damage("G2", "inventory", "DELETE FROM event_log WHERE type LIKE '%InventoryReserved%'"),
    damage("G2", "payment", "DELETE FROM event_log WHERE type LIKE '%PaymentSuccess%'"),
    damage("G3", "order", f"DELETE FROM order_events WHERE order_id = {CONFIRMED}"),
    damage("G3", "payment", "INSERT INTO ledger_entries VALUES ('capture:nobody', 'provider', 'nobody', 1, 'EUR', 0), "
                            "('capture:nobody', 'settlement', 'nobody', -1, 'EUR', 0)"),
    damage("G3", "inventory", "UPDATE stock_movements SET order_id = 'nobody' WHERE kind = 'reserved'"),
    damage("G6", "payment", f"UPDATE payments SET ending = 'open' WHERE order_id = {CAPTURED}"),
    damage("G6", "inventory", "UPDATE reservations SET ending = 'confirmed' WHERE ending = 'cancelled'"),

    damage("U1", "user", "DROP INDEX users_by_email", "UPDATE users SET email = 'same@example.org'"),
    damage("U1", "user", "UPDATE users SET email = 'Ada@example.org' WHERE role = 'user'"),
    damage("U1", "user", "UPDATE users SET email = email || ' '"),
    damage("U2", "user", "UPDATE users SET password_hash = 'correct-horse-battery'"),
    damage("U2", "user", "UPDATE users SET password_hash = replace(password_hash, 'argon2id', 'argon2i')"),
    damage("U3", "user", "DELETE FROM event_log WHERE seq = 2"),
    damage("U3", "user", "DELETE FROM users WHERE role = 'user'"),
    damage("U3", "user", "INSERT INTO event_log SELECT max(seq) + 1, epoch, type, subject, at_ms, trace, payload, hash FROM event_log"),
)


# Tables that no invariant is about.
UNAUDITED = ("schema_migrations", "sessions", "signing_keys")


def random_damage(random, data_dir):
    """Changes one value, or takes one row away, somewhere in a shop's stores. Returns what it did, in words."""
    module = random.choice(MODULES)
    connection = sqlite3.connect(data_dir / module / "0.db", isolation_level=None)
    try:
        for pragma in ("ignore_check_constraints = ON", "synchronous = OFF"):
            connection.execute(f"PRAGMA {pragma}")
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
                  if name not in UNAUDITED]
        filled = {name: rows for name in tables if (rows := connection.execute(f"SELECT * FROM {name}").fetchall())}
        table = random.choice(sorted(filled))
        columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
        row = random.choice(filled[table])
        where = " AND ".join(f"{column} IS ?" for column in columns)
        if random.random() < 0.2:
            connection.execute(f"DELETE FROM {table} WHERE {where}", row)
            return f"{module}: {row} is gone from {table}"
        place = random.randrange(len(columns))
        value = other_value(random, [other[place] for other in filled[table]], row[place])
        connection.execute(f"UPDATE OR IGNORE {table} SET {columns[place]} = ? WHERE {where}", (value, *row))
        return f"{module}: {columns[place]} of {row} in {table} is {value!r}"
    finally:
        connection.close()


def other_value(random, others, value):
    """Something that could stand in the place of a value: what stands there in another row, or what is near it."""
    if random.random() < 0.4:
        return random.choice(others)
    match value:
        case int():
            return value + random.choice((-1, 1, 1000))
        case str():
            return random.choice((value + "x", value.replace("1", "2"), value[1:], "", value.upper()))
        case bytes():
            return bytes(len(value))
        case _:
            return None


def without(line, *members):
    return {name: value for name, value in line.items() if name not in members}


# What is done to the lines of a history, which begins with five orders under keys of their own, of which the sixth repeats the first.
HISTORIES = (
    ("A2", lambda lines: lines[1:]),
    ("A2", lambda lines: [lines[0] | {"attempt": 2}, *lines[1:]]),
    ("A2", lambda lines: [lines[0] | {"end_ms": lines[0]["start_ms"] - 1}, *lines[1:]]),
    ("A2", lambda lines: [without(lines[0], "order_id"), *lines[1:]]),
    ("A2", lambda lines: [without(lines[0], "key"), *lines[1:]]),
    ("C1", lambda lines: [lines[0] | {"order_id": "gone"}, *lines[1:]]),
    ("C2", lambda lines: [lines[0] | {"order_id": lines[1]["order_id"]}, *lines[1:]]),
    ("C2", lambda lines: [lines[0], lines[1] | {"order_id": lines[0]["order_id"]}, *lines[2:]]),
    ("C3", lambda lines: [lines[0], lines[1] | {"outcome": "failed", "status": 422}, *lines[2:]]),
    ("C4", lambda lines: [lines[0], lines[1] | {"order_id": lines[2]["order_id"]},
                          lines[2] | {"order_id": lines[1]["order_id"]}, *lines[3:]]),
    ("C7", lambda lines: [lines[0], lines[1] | {"key": "another"}, *lines[2:]]),
    ("C8", lambda lines: [line | {"operation": "order.place_order"} for line in lines]),
    ("C8", lambda lines: [lines[0] | {"order_id": "gone"}, *lines[1:]]),
)
