"""The promise, with the orders in documents: whoever is killed, the shop or the server, nothing is lost, and nothing happens twice."""
import sys
import time
import unittest
from contextlib import suppress
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
        # Before the shop's folder: when the test ends, its stores are looked at while there is a server.
        self.ferret = Ferret()
        self.addCleanup(self.ferret.close)
        super().setUp()
        self.open_shop(self.shop(storage__order__kind="mongodb", storage__order__url=self.ferret.details["url"] + "/orders", **self.SETTINGS))

    def assert_none(self, violations):
        # FerretDB takes too few orders for the figures by which the other kill tests know that there was a load.
        super().assert_none([violation for violation in violations if not violation.endswith("the load was no test")])

    def finish_and_audit(self, customers):
        super().finish_and_audit(customers)
        self.assertGreater(len(customers.acknowledged), 20)

    def wait_for_an_order(self, customers):
        """No customer gives up as long as one of them gets on."""
        before = len(customers.acknowledged)
        poll_until(lambda: len(customers.acknowledged) > before or self.server.process.poll() is not None, 60, "an order is placed")

    def test_kills_of_the_shop_under_load_lose_and_double_nothing(self):
        customers = self.start_customers()
        for _ in range(ROUNDS):
            time.sleep(self.random.uniform(0.2, 0.8))
            self.server.kill()
            self.server.start()
        self.finish_and_audit(customers)

    def test_a_death_at_each_point_of_a_batch_loses_and_doubles_nothing(self):
        own = [point.name for point in scan() if point.file.startswith("src/store/document") and point.name != LOST]
        # A few, and patient ones: the shop is hardly up before it dies again.
        customers = self.start_customers(4, give_up_s=300)
        for name in (*own, *POINTS_OF_A_BATCH):
            self.wait_for_an_order(customers)
            self.server.stop()
            self.server.environment["SEAMLINE_CRASH_AT"] = f"order/{name}:{self.random.randint(1, 3) if name not in own else 1}"
            # It may be ready, and takes orders, before it dies.
            with suppress(AssertionError):
                self.server.start()
            poll_until(lambda: self.server.process.poll() is not None, 60, f"the shop dies at {name}")
            self.server.process = None
            del self.server.environment["SEAMLINE_CRASH_AT"]
            self.server.start()
        self.finish_and_audit(customers)

    def test_a_death_while_it_is_unknown_what_was_kept_loses_and_doubles_nothing(self):
        # The server is hardly up before it is killed again, until the shop dies too: one of many may be unlucky for long.
        customers = self.start_customers(give_up_s=300)
        for _ in range(2):
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
