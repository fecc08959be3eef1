"""Writes the stores of a shop with many orders, all of which have ended, straight into SQLite: what the audit's figures are measured
on. The hash chains are right, and so is everything else that the audit looks at."""
import hashlib
import json
import random
import sqlite3
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
USERS = 1_000
PRODUCTS = 500
STOCK = 1_000_000_000
BEGIN_MS = 1_800_000_000_000
SUBSCRIBERS = {"order": ("inventory", "payment"), "payment": ("inventory", "order"), "inventory": ("order", "payment"), "user": ()}


class Store:
    """One module's store, with its log."""

    def __init__(self, data_dir, module):
        folder = Path(data_dir) / module
        folder.mkdir(parents=True)
        self.module = module
        self.rows = sqlite3.connect(folder / "0.db", isolation_level=None)
        self.rows.execute("PRAGMA journal_mode = WAL")
        self.rows.execute("PRAGMA synchronous = OFF")
        for script in sorted((ROOT / "migrations" / "kernel").glob("*.sql")) + sorted((ROOT / "migrations" / module).glob("*.sql")):
            self.rows.executescript(script.read_text(encoding="utf-8"))
        self.rows.execute("INSERT INTO ownership VALUES (1, ?, 1)", (f"log-{module}",))
        self.rows.execute("BEGIN")
        self.seq, self.hash = 0, bytes(32)
        self.waiting = {}

    def add(self, table, *row):
        """Kept until there are some, since one statement for many rows costs far less."""
        waiting = self.waiting.setdefault(table, [])
        waiting.append(row)
        if len(waiting) == 5_000:
            self.flush(table)

    def flush(self, table):
        rows = self.waiting.pop(table)
        self.rows.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(rows[0]))})", rows)

    def publish(self, event, subject, at_ms, body):
        self.seq += 1
        entry = (self.seq, 1, f"seamline.{self.module}.{event}.v1", subject, at_ms, "", compact({"type": event, **body}))
        chained = b"".join(b"%d:%s," % (len(text), text) for text in (str(value).encode() for value in entry))
        self.hash = hashlib.sha256(self.hash + chained).digest()
        self.add("event_log", *entry, self.hash)

    def close(self):
        for table in list(self.waiting):
            self.flush(table)
        self.rows.execute("COMMIT")
        self.rows.close()


class LargeShop:
    def __init__(self, data_dir, seed):
        self.stores = {module: Store(data_dir, module) for module in SUBSCRIBERS}
        self.random = random.Random(seed)
        self.prices = [100 + self.random.randrange(10_000) for _ in range(PRODUCTS)]
        self.on_hand = [STOCK] * PRODUCTS
        self.movements = self.answers = 0
        self.users = [self.new_id(BEGIN_MS) for _ in range(USERS)]
        for number, user in enumerate(self.users):
            secret = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2Fs$" + "A" * 43
            self.stores["user"].add("users", user, f"user{number}@example.org", f"User {number}", "user", secret, BEGIN_MS)
            self.stores["user"].publish("UserRegistered", user, BEGIN_MS, {"user_id": user, "name": f"User {number}"})
        for number in range(PRODUCTS):
            self.move(number, "added", STOCK, None, BEGIN_MS)

    def new_id(self, at_ms):
        digits = f"{at_ms:012x}7{self.random.getrandbits(12):03x}{0x8000 | self.random.getrandbits(14):04x}{self.random.getrandbits(48):012x}"
        return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))

    def move(self, product, kind, quantity, order, at_ms):
        self.movements += 1
        self.stores["inventory"].add("stock_movements", self.movements, f"p{product}", kind, quantity, order, at_ms)

    def place(self, number):
        """One order in twenty is declined; all others are confirmed."""
        at_ms = BEGIN_MS + number * 2
        order, user = self.new_id(at_ms), self.random.choice(self.users)
        lines = {product: 1 + self.random.randrange(5) for product in self.random.sample(range(PRODUCTS), 1 + number % 3)}
        items = [{"product_id": f"p{product}", "quantity": quantity, "unit_price": self.prices[product]}
                 for product, quantity in lines.items()]
        total = sum(item["quantity"] * item["unit_price"] for item in items)
        reason = "payment_declined" if number % 20 == 0 else None
        version = self.write_order(order, user, at_ms, items, total, reason)
        self.remember(order, user, at_ms, items, total, version)
        self.write_payment(order, user, at_ms, total, reason)
        self.write_stock(order, at_ms, lines, reason)

    def write_order(self, order, user, at_ms, items, total, reason):
        store, version = self.stores["order"], 2
        name = {"user_id": user, "user_name": "User"}
        store.add("order_events", order, 1, "OrderStarted", at_ms, compact(name))
        for item in items:
            store.add("order_events", order, version, "ItemAdded", at_ms,
                      compact({"product_id": item["product_id"], "quantity": item["quantity"]}))
            version += 1
        placed = {"items": items, "total": total, "currency": "EUR"}
        store.add("order_events", order, version, "OrderPlaced", at_ms, compact(placed))
        end = "OrderCancelled" if reason else "OrderConfirmed"
        store.add("order_events", order, version + 1, end, at_ms + 1, compact({"reason": reason} if reason else {}))
        store.add("orders", order, "cancelled" if reason else "confirmed", user, "User", compact(items), total, "EUR", reason,
                  version + 1, at_ms)
        store.publish("OrderCreated", order, at_ms, {"order_id": order, "user_id": user, **placed, "payment_token": "tok_ok",
                                                     "expires_at": "2027-01-15T08:00:00.000Z"})
        store.publish(end, order, at_ms + 1, {"order_id": order, **({"reason": reason} if reason else {})})
        return version + 1

    def remember(self, order, user, at_ms, items, total, version):
        self.answers += 1
        reply = {"order_id": order, "status": "placed", "user_id": user, "user_name": "User", "items": items, "total": total,
                 "currency": "EUR", "reason": None, "version": version - 1, "created_at": "2027-01-15T08:00:00.000Z"}
        self.stores["order"].add("idempotency", self.answers, f"user:{user}", "order.place_order", f"key-{self.answers}", bytes(32),
                                 compact(reply), at_ms)

    def write_payment(self, order, user, at_ms, total, reason):
        store, payment = self.stores["payment"], self.new_id(at_ms)
        if reason:
            store.add("payments", order, payment, user, total, "EUR", "tok_declined", "failed", "cancelled", "declined", at_ms)
            store.publish("PaymentFailed", order, at_ms, {"order_id": order, "payment_id": payment, "reason": "declined"})
            return
        store.add("payments", order, payment, user, total, "EUR", "tok_ok", "captured", "confirmed", None, at_ms)
        for kind, receiver, giver in (("capture", "provider", "settlement"), ("earn", "settlement", "revenue")):
            store.add("ledger_entries", f"{kind}:{order}", receiver, order, total, "EUR", at_ms)
            store.add("ledger_entries", f"{kind}:{order}", giver, order, -total, "EUR", at_ms)
        store.add("invoices", order, self.new_id(at_ms), payment, user, total, "EUR", at_ms)
        store.publish("PaymentSuccess", order, at_ms, {"order_id": order, "payment_id": payment, "amount": total})

    def write_stock(self, order, at_ms, lines, reason):
        store = self.stores["inventory"]
        quantities = compact({f"p{product}": quantity for product, quantity in lines.items()})
        if reason:
            store.add("reservations", order, quantities, 0, "cancelled", "untouched", at_ms)
            return
        for kind in ("reserved", "committed"):
            for product, quantity in lines.items():
                self.move(product, kind, quantity, order, at_ms)
        for product, quantity in lines.items():
            self.on_hand[product] -= quantity
        store.add("reservations", order, quantities, 1, "confirmed", "committed", at_ms)
        store.publish("InventoryReserved", order, at_ms, {"order_id": order})

    def close(self):
        for product, on_hand in enumerate(self.on_hand):
            self.stores["inventory"].add("products", f"p{product}", f"Product {product}", self.prices[product], "EUR", on_hand, 0)
        for module, publishers in SUBSCRIBERS.items():
            for publisher in publishers:
                log = self.stores[publisher]
                self.stores[module].add("cursors", publisher, 0, f"log-{publisher}", 1, log.seq, log.hash)
        for store in self.stores.values():
            store.close()


def compact(value):
    return json.dumps(value, separators=(",", ":"))


def write(data_dir, orders, seed=1):
    """Writes the stores into a folder that has none."""
    shop = LargeShop(data_dir, seed)
    for number in range(orders):
        shop.place(number)
    shop.close()


if __name__ == "__main__":
    write(sys.argv[1], int(sys.argv[2]))
