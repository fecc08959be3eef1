"""seamline advise: what a running shop's measured traffic says for and against a service of its own."""
import json
import unittest

from module_test import MODULES, place_orders
from shop import ShopTest, run

OK, USAGE = 0, 2


class AdviseTest(ShopTest):
    def setUp(self):
        super().setUp()
        self.running = self.shop().start()

    def advise(self, *arguments):
        result = run("advise", "--admin", self.running.admin_url, *arguments)
        self.assertEqual((result.returncode, result.stderr), (OK, ""), result)
        return result.stdout

    def advice(self, *arguments):
        return json.loads(self.advise("--json", *arguments))

    def test_without_orders_it_says_that_nothing_is_measured(self):
        self.assertIn("nothing is measured yet", self.advise())
        advice = self.advice()
        self.assertEqual((advice["orders"], advice["modules"], advice["next"]), (0, [], None))

    def test_what_it_says_is_what_was_measured(self):
        place_orders(self.running, 50)
        advice = self.advice()
        modules = {module["module"]: module for module in advice["modules"]}
        self.assertEqual((advice["orders"], sorted(modules)), (50, MODULES))
        self.assertEqual(modules["user"]["calls_per_order"], (50 + 1) / 50, "each order asks for its customer, who was registered once")
        self.assertEqual(modules["payment"]["calls_per_order"], 0, "payment is reached by events alone")
        self.assertGreaterEqual(modules["payment"]["events_per_order"], 2)
        self.assertEqual(modules["payment"]["added_ms_per_order"], 0)
        self.assertLessEqual(abs(sum(module["cpu_share"] for module in modules.values()) - 1), 0.001)
        for module in modules.values():
            self.assertEqual([reason["criterion"] for reason in module["reasons"]], ["traffic", "scaling", "write rate", "cost"])
            self.assertTrue(all(reason["measured"] and reason["threshold"] for reason in module["reasons"]))

    def test_a_small_team_keeps_all_and_a_large_one_with_much_traffic_extracts_payment_first(self):
        place_orders(self.running, 50)
        small = self.advice("--team", "5", "--rate", "10")
        self.assertEqual({module["verdict"] for module in small["modules"]}, {"keep"})
        self.assertIsNone(small["next"])
        large = self.advice("--team", "25", "--rate", "20000")
        self.assertEqual(large["next"], "payment", large)
        self.assertAlmostEqual(large["requests_per_s"], large["requests_per_order"] * 20000, delta=1)
        text = self.advise("--team", "25", "--rate", "20000")
        self.assertIn("payment: extract", text)
        self.assertIn("25 developers", text)
        self.assertIn("seamline module set payment remote", text)

    def test_flags_out_of_range_are_refused(self):
        for arguments in (("--team", "0"), ("--team", "many"), ("--rate", "-1"), ("--rate", "0")):
            with self.subTest(arguments=arguments):
                self.assertEqual(run("advise", "--admin", self.running.admin_url, *arguments).returncode, USAGE)


if __name__ == "__main__":
    unittest.main()
