"""The driver itself: it finds the points of the sources, and notices what it must notice."""
import os
import shutil
import sqlite3
import sys
import tempfile
import unittest
from pathlib import Path

sys.path += [str(Path(__file__).resolve().parents[1] / folder) for folder in ("system", "audit", "support")]

import audits  # noqa: E402
import points  # noqa: E402
from client_history import History, now_ms  # noqa: E402
from crash_case import NOT_REACHED, Arm, Case, run_case  # noqa: E402
from recording import make_template  # noqa: E402
from shop import Reply  # noqa: E402


class PointsTest(unittest.TestCase):
    def test_every_place_has_a_name_of_its_own_and_there_are_sixty_at_least(self):
        names = points.all_names()
        self.assertEqual(len(names), len(set(names)))
        self.assertGreaterEqual(len(points.scan()), 60)
        self.assertIn("order/before-commit", names)
        self.assertIn("mid-reply", names)

    def test_no_scope_is_listed_for_a_point_that_is_gone(self):
        self.assertEqual(set(), set(points.SCOPES) - {point.name for point in points.scan() if point.scope is None})


class DriverTest(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="seamline-test-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.template = make_template(self.folder / "template")
        self.data_dir = self.template / "data"
        self.history = History.load(self.template / "history.jsonl")

    def run_at(self, *names, nth=1):
        return run_case(Case("monolith", "main", "patient", tuple(Arm(name, nth) for name in names)), self.folder / "case",
                        self.template)

    def test_a_kill_is_survived_and_a_second_one_too(self):
        outcome = self.run_at("order/before-commit", "payment/module-created")
        self.assertEqual(([], 2), (outcome.violations, outcome.kills))

    def test_a_point_that_is_not_reached_is_a_failure(self):
        self.assertEqual([NOT_REACHED], self.run_at("order/no-such-point").violations)

    def test_a_second_point_that_is_not_reached_is_a_failure(self):
        self.assertIn("the start did not pass order/no-such-point", self.run_at("order/before-commit", "order/no-such-point").violations)

    def test_an_event_that_is_published_after_the_commit_is_found_to_be_lost(self):
        os.environ["SEAMLINE_TEST_MISTAKES"] = "publish-after-commit"
        self.addCleanup(os.environ.pop, "SEAMLINE_TEST_MISTAKES")
        # Not every batch of order has published something. Between the two commits the shop looks quiet, so that an audit may come early.
        outcomes = (self.run_at("order/after-commit", nth=nth) for nth in range(3, 15))
        self.assertTrue(any(violation.startswith("O4: ") for outcome in outcomes for violation in outcome.violations))

    def test_an_acknowledged_order_that_is_gone_is_found(self):
        self.assertEqual([], audits.audit(self.data_dir, self.history, []))
        connection = sqlite3.connect(self.data_dir / "order" / "0.db", isolation_level=None)
        order_id, = connection.execute("SELECT order_id FROM orders ORDER BY order_id").fetchone()
        for table in ("orders", "order_events"):
            connection.execute(f"DELETE FROM {table} WHERE order_id = ?", (order_id,))
        connection.close()
        self.assertIn(f"order {order_id} was acknowledged, and is gone", audits.audit(self.data_dir, self.history, []))

    def test_an_order_that_nobody_was_told_of_is_found(self):
        silent = History(entry for entry in self.history.entries if entry["key"] != "before-0-0")
        order_id, = self.history.acknowledged()["before-0-0"]
        self.assertIn(f"order {order_id} was never acknowledged", audits.audit(self.data_dir, silent, []))

    def test_two_orders_under_one_key_are_found(self):
        self.history.add("order.place_order", "before-0-0", now_ms(), Reply(201, [], b'{"order_id":"another"}'))
        self.assertIn("the key before-0-0 was told of 2 orders",
                      audits.orders_are_those_that_were_acknowledged(self.data_dir, self.history))


if __name__ == "__main__":
    unittest.main()
