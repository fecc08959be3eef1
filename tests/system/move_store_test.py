"""A stopped module's store moves to a PostgreSQL server and back; the shop goes on where it was, and the audit is clean each time."""
import json
import sys
import unittest
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "support"))

from auditing import audit, wait_until_quiet  # noqa: E402
from postgres_server import PostgresServer  # noqa: E402
from shop import ShopTest, run, set_flags  # noqa: E402

ORDERS = 5


class MoveStoreTest(ShopTest):
    def setUp(self):
        self.postgres = PostgresServer()
        self.addCleanup(self.postgres.close)
        self.postgres.start()
        super().setUp()
        self.server = self.shop().start()
        self.user = self.server.add_user()
        self.product = self.server.add_product(stock=1000)

    def sell(self):
        """Orders that are confirmed, and then a shop that has stopped, with sound books."""
        order = {"user_id": self.user, "items": [{"product_id": self.product, "quantity": 2}]}
        for _ in range(ORDERS):
            self.assertEqual(self.server.post("/orders", order, Prefer="wait=10").json()["status"], "confirmed")
        wait_until_quiet(self.server.data_dir, 30, config=self.server.settings)
        self.server.stop()
        self.assertEqual(audit(self.server.data_dir, config=self.server.settings), [])

    def copy(self, module, target):
        return run("db", "copy", module, "--to", target, "--json", "--set", f"data_dir={self.server.data_dir}",
                   *set_flags(self.server.settings))

    def rows(self, copied):
        self.assertEqual(copied.returncode, 0, copied)
        return {table["table"]: (table["rows"], table["digest"]) for table in json.loads(copied.stdout)["tables"]}

    def test_a_store_goes_to_a_server_and_comes_back(self):
        self.sell()
        there = self.rows(self.copy("payment", self.postgres.url))
        self.assertEqual(there["payments"][0], ORDERS)
        self.server.settings |= {"storage.payment.kind": "postgres", "storage.payment.url": self.postgres.url}
        # What is left behind is no store of the shop any more, and no second copy is written over it.
        self.server.start()
        self.sell()
        refused = self.copy("payment", "sqlite")
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("store.not_empty", refused.stderr)
        for file in (self.server.data_dir / "payment").glob("0.db*"):
            file.rename(file.with_name("left-" + file.name))
        back = self.rows(self.copy("payment", "sqlite"))
        self.assertEqual(back["payments"][0], 2 * ORDERS)
        self.server.settings |= {"storage.payment.kind": "sqlite"}
        del self.server.settings["storage.payment.url"]
        self.server.start()
        self.sell()

    def test_what_cannot_be_copied_is_refused_with_a_reason(self):
        running = self.copy("payment", self.postgres.url)
        self.assertNotEqual(running.returncode, 0)
        self.assertIn("store.locked", running.stderr)
        self.sell()
        for module, target, reason in (("payment", "mongodb://127.0.0.1/shop", "has documents"),
                                       ("payment", "mysql://127.0.0.1/shop", "postgres"),
                                       ("payment", "sqlite", "there already"),
                                       ("shipping", "sqlite", "no module shipping")):
            refused = self.copy(module, target)
            self.assertNotEqual(refused.returncode, 0, target)
            self.assertIn(reason, refused.stderr)


if __name__ == "__main__":
    unittest.main()
