"""What a storm does to a shop's surroundings is felt by the shop: a fault that nobody feels would prove nothing."""
import time
import unittest
from contextlib import ExitStack, closing
from datetime import datetime

from chaos_test import ChaosCase

from ground import Ground
from outside import Needs
from shop import Unreachable, poll_until


class SurroundingsTest(ChaosCase):
    def setUp(self):
        super().setUp()
        self.ground = Ground(self.folder, "monolith", lambda line: None, "order", True, {}, Needs())
        self.addCleanup(self.ground.close)
        self.ground.start()
        self.shop = self.ground.shop
        self.user, self.product = self.shop.add_user(), self.shop.add_product()

    def place(self):
        """Returns when that was, by the shop's calendar, against this process's; in seconds."""
        reply = self.shop.post("/orders", {"user_id": self.user, "items": [{"product_id": self.product, "quantity": 1}]})
        self.assertEqual(reply.status, 201, reply)
        return datetime.fromisoformat(reply.json()["created_at"]).timestamp() - time.time()

    def test_a_calendar_that_is_set_while_the_shop_runs_is_the_one_it_goes_by(self):
        for wrong_by_s in (0, 3600, -3600, 0):
            with self.subTest(wrong_by_s=wrong_by_s):
                self.ground.clocks["main"].set(wrong_by_s * 1000)
                self.assertAlmostEqual(self.place(), wrong_by_s, delta=5)

    def test_a_full_disk_stops_the_shop_with_its_reason_and_it_starts_again_when_there_is_room(self):
        self.ground.disk.fill()
        with self.assertRaises(Unreachable):
            for _ in range(100):
                self.place()
        poll_until(lambda: self.ground.supervise() or self.ground.counts["stops"], 20, "it stops")
        if self.ground.disk.kind == "tmpfs":
            self.assertRegex(self.shop.log(), "seamline stops: .* full.* free space, then start again")
        self.ground.disk.free()
        self.ground.calm()
        self.assertEqual(self.ground.violations, [])
        self.place()

    def test_a_process_that_dies_while_the_disk_is_full_starts_again_when_it_is_not(self):
        self.ground.disk.fill()
        self.ground.kill("main")
        self.ground.launch("main")
        self.ground.supervise()
        self.assertFalse(self.ground.runs("main"))
        self.ground.disk.free()
        self.ground.supervise()
        self.assertTrue(self.ground.runs("main"))

    def test_a_shop_that_may_open_no_more_files_goes_on_when_it_may(self):
        self.ground.limit_files("main", 0)
        refused = 0
        with ExitStack() as clients:
            for client in [clients.enter_context(closing(self.shop.client(timeout_s=1))) for _ in range(10)]:
                try:
                    client.request("GET", "/products/p1")
                except Unreachable:
                    refused += 1
        self.assertGreater(refused, 0)
        self.ground.unlimit_files("main")
        self.place()
        self.ground.supervise()
        self.assertEqual((self.ground.violations, self.ground.counts["stops"]), ([], 0))


if __name__ == "__main__":
    unittest.main()
