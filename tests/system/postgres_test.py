"""All four modules on a PostgreSQL server: the shop and the server are killed while orders flow, and nothing is lost or doubled."""
import sys
import time
import unittest
from collections import Counter
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "support"))

from auditing import Records, audit, wait_until_quiet  # noqa: E402
from customers import Customers  # noqa: E402
from postgres_server import PostgresServer  # noqa: E402
from shop import ShopTest, clean_environment, run, set_flags  # noqa: E402

MODULES = ("user", "inventory", "payment", "order")
CUSTOMERS = 8
ROUNDS = 5
STOCK = 3000


class PostgresTest(ShopTest):
    def setUp(self):
        # Before the shop's folder: when the test ends, its stores are looked at while there is a server.
        self.postgres = PostgresServer()
        self.addCleanup(self.postgres.close)
        self.postgres.start()
        super().setUp()
        settings = {"events__timer_grace_ms": 100, "events__timer_poll_ms": 20, "events__poll_ms": 50, "store__reconnect_ms": 100,
                    "store__statement_timeout_ms": 5000, "modules__order__deadline_ms": 4000,
                    "modules__inventory__reservation_ms": 3000, "modules__payment__retry_ms": 20}
        for module in MODULES:
            settings |= {f"storage__{module}__kind": "postgres", f"storage__{module}__url": self.postgres.url}
        self.server = self.shop(**settings).start()

    def open_shop(self):
        users = [self.server.add_user(f"customer{number}@example.org", f"Customer {number}") for number in range(4)]
        products = [self.server.add_product(f"p{number}", price=100 + number, stock=STOCK) for number in range(8)]
        return Customers(self.server, 1, CUSTOMERS, users, products).start()

    def finish_and_audit(self, customers):
        self.assertEqual(customers.finish(), [])
        wait_until_quiet(self.server.data_dir, 60, config=self.server.settings)
        with Records(self.server.data_dir, self.server.settings) as records:
            orders = {order_id: row["status"] for order_id, row in records.orders.items()}
        ends = Counter(orders.values())
        print(f"{len(orders)} orders {dict(ends)}; {customers.asked_again} questions were asked again")
        self.assertEqual(set(customers.acknowledged.values()), set(orders), "the orders that are there are those that were acknowledged")
        self.assertTrue(ends["confirmed"] > 20, "the load was no test")
        history = customers.history.write(self.folder / "history")
        # Receipts are still sent while the two look.
        self.assertEqual(audit(self.server.data_dir, history=history, at_rest=False, config=self.server.settings), [])

    def test_kills_of_the_shop_lose_and_double_nothing(self):
        customers = self.open_shop()
        for _ in range(ROUNDS):
            time.sleep(0.5)
            self.server.kill()
            self.server.start()
        time.sleep(0.5)
        self.finish_and_audit(customers)
        self.assertEqual([str(path) for path in self.server.data_dir.rglob("0.db*")], [])

    def test_kills_of_the_server_lose_and_double_nothing(self):
        customers = self.open_shop()
        for _ in range(ROUNDS):
            time.sleep(1)
            self.postgres.kill()
            self.postgres.start()
        time.sleep(1)
        self.finish_and_audit(customers)
        self.assertEqual(self.server.starts, 1)
        self.assertIsNone(self.server.process.poll(), "the shop has stopped:\n" + self.server.log()[-4000:])

    def test_a_second_shop_on_the_same_schemas_is_refused(self):
        flags = set_flags({**self.server.settings, "store.lock_timeout_ms": 200})
        second = run("serve", "--set", f"data_dir={self.folder / 'second'}", *flags)
        self.assertEqual(second.returncode, 1, second)
        self.assertIn("store.locked", second.stderr)

    def test_a_password_is_refused_and_not_shown(self):
        url = self.postgres.url.replace("@", ":hunter2@")
        for command in (("config", "show"), ("audit",)):
            shown = run(*command, "--set", "storage.user.kind=postgres", "--set", f"storage.user.url={url}")
            self.assertEqual(shown.returncode, 2)
            self.assertIn("PGPASSWORD", shown.stderr)
            self.assertNotIn("hunter2", shown.stdout + shown.stderr)

    def test_an_audit_that_cannot_reach_the_server_says_so_and_shows_no_password(self):
        self.server.stop()
        self.leave_unaudited("the server has gone")
        self.postgres.stop()
        flags = set_flags(self.server.settings)
        said = run("audit", "--data-dir", str(self.server.data_dir), *flags, environment=clean_environment(PGPASSWORD="hunter2"))
        self.assertEqual((said.returncode, said.stdout), (1, ""), said)
        self.assertIn("The store of inventory cannot be read", said.stderr)
        self.assertNotIn("hunter2", said.stderr)


if __name__ == "__main__":
    unittest.main()
