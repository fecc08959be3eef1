"""All four modules on a PostgreSQL server: the shop and the server are killed while orders flow, and nothing is lost or doubled."""
import sys
import time
import unittest
from collections import Counter
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "support"))

from customers import Customers  # noqa: E402
from postgres_server import PostgresServer  # noqa: E402
from shop import ShopTest, poll_until, run  # noqa: E402

MODULES = ("user", "inventory", "payment", "order")
CUSTOMERS = 8
ROUNDS = 5
STOCK = 3000


class PostgresTest(ShopTest):
    def setUp(self):
        super().setUp()
        self.leave_unaudited("the audit reads files; the books are checked here, by the server")
        self.postgres = PostgresServer()
        self.addCleanup(self.postgres.close)
        self.postgres.start()
        settings = {"events__timer_grace_ms": 100, "events__timer_poll_ms": 20, "events__poll_ms": 50, "store__reconnect_ms": 100,
                    "store__statement_timeout_ms": 5000, "modules__order__deadline_ms": 4000,
                    "modules__inventory__reservation_ms": 3000, "modules__payment__retry_ms": 20}
        for module in MODULES:
            settings |= {f"storage__{module}__kind": "postgres", f"storage__{module}__url": self.postgres.url}
        self.server = self.shop(**settings).start()

    def rows(self, module, sql):
        """The lines that a query of a module's tables gives."""
        text = self.postgres.query(f"SET search_path TO seamline_{module}; {sql}")
        return [line for line in text.split("\n") if line and line != "SET"]

    def open_shop(self):
        users = [self.server.add_user(f"customer{number}@example.org", f"Customer {number}") for number in range(4)]
        products = [self.server.add_product(f"p{number}", price=100 + number, stock=STOCK) for number in range(8)]
        return Customers(self.server, 1, CUSTOMERS, users, products).start()

    def wait_until_quiet(self):
        poll_until(lambda: self.server.counts()["placed"] == 0, 60, "every order has ended")
        poll_until(lambda: self.rows("payment", "SELECT 1 FROM provider_work") == [], 60, "no payment is under way")

        def all_heard():
            for hearer, publisher in (("payment", "order"), ("inventory", "order"), ("inventory", "payment"), ("order", "payment"),
                                      ("order", "inventory"), ("payment", "inventory")):
                head = self.rows(publisher, "SELECT coalesce(max(seq), 0) FROM event_log")
                if self.rows(hearer, f"SELECT seq FROM cursors WHERE publisher = '{publisher}'") != head:
                    return False
            return True
        poll_until(all_heard, 60, "every event is heard", every_s=0.5)

    def check_books(self, customers):
        self.assertEqual(customers.finish(), [])
        self.wait_until_quiet()
        orders = dict(line.split("|") for line in self.rows("order", "SELECT order_id, status FROM orders"))
        ends = Counter(orders.values())
        print(f"{len(orders)} orders {dict(ends)}; {customers.asked_again} questions were asked again")
        acknowledged = set(customers.acknowledged.values())
        self.assertEqual(len(acknowledged), len(customers.acknowledged), "two keys got the same order")
        self.assertEqual(acknowledged, set(orders), "the orders that are there are those that were acknowledged")
        self.assertTrue(ends["confirmed"] > 20, "the load was no test")
        placed = set(self.rows("order", "SELECT subject FROM event_log WHERE type LIKE '%OrderCreated%'"))
        payments = dict(line.split("|") for line in self.rows("payment", "SELECT order_id, status FROM payments"))
        stock = dict(line.split("|") for line in self.rows("inventory", "SELECT order_id, stock FROM reservations"))
        for order, status in orders.items():
            if status == "confirmed":
                self.assertEqual((payments[order], stock[order]), ("captured", "committed"), order)
            elif order in placed:
                self.assertIn(payments[order], ("failed", "refunded"), order)
                self.assertNotIn(stock.get(order), ("reserved", "committed"), order)
        self.assertEqual(self.rows("payment", "SELECT transaction_id FROM ledger_entries GROUP BY 1 HAVING sum(amount_minor) <> 0"), [])
        self.assertEqual(self.rows("payment", "SELECT count(*) FROM invoices"), [str(ends["confirmed"])])
        self.assertEqual(self.rows("inventory", "SELECT sum(reserved) FROM products"), ["0"])
        self.assertEqual(self.rows("inventory", "SELECT product_id FROM products p WHERE on_hand <> (SELECT sum(CASE kind WHEN 'added' "
                                   "THEN quantity WHEN 'restocked' THEN quantity WHEN 'committed' THEN -quantity ELSE 0 END) "
                                   "FROM stock_movements m WHERE m.product_id = p.product_id)"), [])
        for module in MODULES:
            self.assertEqual(self.rows(module, "SELECT count(*) FROM dead_letters"), ["0"])
            self.assertEqual(self.rows(module, "SELECT count(*) = coalesce(max(seq), 0) FROM event_log"), ["t"])
            self.assertEqual(self.rows(module, "SELECT subject, type FROM event_log GROUP BY 1, 2 HAVING count(*) > 1"), [])

    def test_kills_of_the_shop_lose_and_double_nothing(self):
        customers = self.open_shop()
        for _ in range(ROUNDS):
            time.sleep(0.5)
            self.server.kill()
            self.server.start()
        time.sleep(0.5)
        self.check_books(customers)
        self.assertEqual([str(path) for path in self.server.data_dir.rglob("0.db*")], [])

    def test_kills_of_the_server_lose_and_double_nothing(self):
        customers = self.open_shop()
        for _ in range(ROUNDS):
            time.sleep(1)
            self.postgres.kill()
            self.postgres.start()
        time.sleep(1)
        self.check_books(customers)
        self.assertEqual(self.server.starts, 1)
        self.assertIsNone(self.server.process.poll(), "the shop has stopped:\n" + self.server.log()[-4000:])

    def test_a_second_shop_on_the_same_schemas_is_refused(self):
        flags = [word for name, value in {**self.server.settings, "store.lock_timeout_ms": 200}.items()
                 for word in ("--set", f"{name}={value}")]
        second = run("serve", "--set", f"data_dir={self.folder / 'second'}", *flags)
        self.assertEqual(second.returncode, 1, second)
        self.assertIn("store.locked", second.stderr)

    def test_a_password_is_refused_and_not_shown(self):
        url = self.postgres.url.replace("@", ":hunter2@")
        shown = run("config", "show", "--set", "storage.user.kind=postgres", "--set", f"storage.user.url={url}")
        self.assertEqual(shown.returncode, 2)
        self.assertIn("PGPASSWORD", shown.stderr)
        self.assertNotIn("hunter2", shown.stdout + shown.stderr)


if __name__ == "__main__":
    unittest.main()
