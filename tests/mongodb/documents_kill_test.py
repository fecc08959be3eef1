"""The promise, with the orders in documents: whoever is killed, the shop or the server, nothing is lost, and nothing happens twice."""
import os
import subprocess
import sys
import time
import unittest
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path += [str(TESTS / folder) for folder in ("system", "servers", "crash")]

from kill_test import KillCase  # noqa: E402
from points import scan  # noqa: E402
from servers import Ferret  # noqa: E402
from shop import poll_until  # noqa: E402

ROUNDS = 8
# Where the writer of the orders can die in a batch, beside the points of the document store itself.
POINTS_OF_A_BATCH = ("batch-begin", "after-command", "after-publish", "before-commit", "after-commit", "before-answer", "after-answer",
                     "effect-applied", "cursor-moved")
# Is passed only when the server is killed.
LOST = "outcome-unknown"


class MongodbKillTest(KillCase):
    # FerretDB commits by itself each document that it writes: a saga takes its time.
    SETTINGS = {**KillCase.SETTINGS, "modules__order__deadline_ms": 20_000, "modules__inventory__reservation_ms": 15_000}

    def setUp(self):
        super().setUp()
        self.ferret = Ferret()
        self.addCleanup(self.ferret.close)
        self.url = self.ferret.details["url"] + "/orders"
        self.open_shop(self.shop(storage__order__kind="mongodb", storage__order__url=self.url, **self.SETTINGS))

    def finish_and_audit(self, customers):
        time.sleep(0.3)
        self.assert_none(customers.finish())
        poll_until(lambda: self.server.counts()["placed"] == 0, 60, "every order ends")
        violations = self.violations_over_the_api(customers)
        self.export()
        poll_until(self.is_quiet, 60, "all is applied")
        self.server.stop()
        self.export()
        history = customers.history.write(self.folder / "history")
        violations += self.audit(history) + self.violations_in_the_books(customers)
        # FerretDB takes too few orders for the figures by which the other kill tests know that there was a load.
        self.assert_none([violation for violation in violations if not violation.endswith("the load was no test")])
        self.assertGreater(len(customers.acknowledged), 20)

    def wait_for_an_order(self, customers):
        """No customer gives up as long as one of them gets on."""
        before = len(customers.acknowledged)
        poll_until(lambda: len(customers.acknowledged) > before or self.server.process.poll() is not None, 60, "an order is placed")

    def reasons(self):
        self.export()
        return super().reasons()

    def export(self):
        """The audits read rows."""
        exported = subprocess.run([os.environ["SEAMLINE_EXPORT_ROWS"], self.url, self.server.data_dir / "order" / "0.db"], check=False,
                                  capture_output=True, text=True)
        self.assertEqual(exported.returncode, 0, exported.stderr)

    def is_quiet(self):
        from quiet import unsettled
        self.export()
        return not unsettled(self.server.data_dir)

    def audit(self, history):
        from auditing import audit
        return audit(self.server.data_dir, history=history)

    def test_kills_of_the_shop_under_load_lose_and_double_nothing(self):
        customers = self.start_customers()
        for _ in range(ROUNDS):
            time.sleep(self.random.uniform(0.2, 0.8))
            self.server.kill()
            self.server.start()
        self.finish_and_audit(customers)

    def test_a_death_at_each_point_of_a_batch_loses_and_doubles_nothing(self):
        own = [point.name for point in scan() if point.file.startswith("src/store/document") and point.name != LOST]
        customers = self.start_customers()
        for name in (*own, *POINTS_OF_A_BATCH):
            self.wait_for_an_order(customers)
            self.server.stop()
            self.server.environment["SEAMLINE_CRASH_AT"] = f"order/{name}:{self.random.randint(1, 3) if name not in own else 1}"
            self.server.launch()
            poll_until(lambda: self.server.process.poll() is not None, 60, f"the shop dies at {name}")
            self.server.process = None
            del self.server.environment["SEAMLINE_CRASH_AT"]
            self.server.start()
        self.finish_and_audit(customers)

    def test_a_death_while_it_is_unknown_what_was_kept_loses_and_doubles_nothing(self):
        customers = self.start_customers()
        for _ in range(3):
            self.server.stop()
            self.server.environment["SEAMLINE_CRASH_AT"] = f"order/{LOST}"
            self.server.start()
            while self.server.process.poll() is None:
                self.wait_for_an_order(customers)
                time.sleep(self.random.uniform(0, 0.2))
                self.ferret.kill()
                time.sleep(0.1)
                self.ferret.start()
            self.server.process = None
            del self.server.environment["SEAMLINE_CRASH_AT"]
            self.server.start()
        self.finish_and_audit(customers)

    def test_kills_of_the_server_under_load_lose_and_double_nothing(self):
        customers = self.start_customers()
        for round_number in range(ROUNDS):
            time.sleep(self.random.uniform(0.3, 1))
            self.ferret.kill()
            if round_number % 2:
                self.server.kill()
            time.sleep(self.random.uniform(0, 0.5))
            self.ferret.start()
            if round_number % 2:
                self.server.start()
        self.finish_and_audit(customers)

    def test_pauses_of_the_server_are_waited_for(self):
        customers = self.start_customers()
        for _ in range(3):
            time.sleep(self.random.uniform(0.3, 1))
            self.ferret.pause()
            time.sleep(2)
            self.ferret.resume()
        self.finish_and_audit(customers)


if __name__ == "__main__":
    unittest.main()
