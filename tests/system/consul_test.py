"""The services of a shop find each other by a real Consul agent: whoever dies is out of rotation, whoever comes back is in."""
import json
import sys
import time
import unittest
import urllib.request
from pathlib import Path

from shop import poll_until
from split import MODULES, SplitTest

sys.path.append(str(Path(__file__).resolve().parents[1] / "support"))
sys.path.append(str(Path(__file__).resolve().parents[1] / "servers"))
from ports import free_ports  # noqa: E402
from servers import Consul  # noqa: E402

TIMEOUT_S = 60
# A check runs every second; what an agent could not write at once, on a busy machine, it tries again after 15 s.
CHECK_S = 30


class ConsulTest(SplitTest):
    def setUp(self):
        super().setUp()
        self.consul = Consul()
        self.addCleanup(self.consul.close)

    def shop_by_consul(self):
        """A shop with a service for each module. At their first start they find each other where the configuration says: nobody is
        ready, and so nobody is passed on by the registry, before all others have answered."""
        return self.split(MODULES, registry__kind="consul", registry__url=self.consul.details["url"], registry__check_interval_ms=1000,
                          registry__announce_interval_ms=200, registry__wait_ms=500)

    def move(self, shop, module):
        """The next start of a service is on another port, which nobody else has in its configuration."""
        shop.services[module].settings[f"modules.{module}.url"] = f"http://127.0.0.1:{free_ports(1)[0]}"

    def test_every_service_registers_and_is_found(self):
        shop = self.shop_by_consul().start()
        for module in MODULES:
            found = poll_until(lambda: self.passing(f"{module}-service"), TIMEOUT_S, f"{module} is found")
            self.assertEqual(found, [int(shop.urls[module].rsplit(":", 1)[1])])
        found = poll_until(lambda: self.passing("gateway"), TIMEOUT_S, "the gateway is found")
        self.assertEqual(found, [int(shop.url.rsplit(":", 1)[1])])
        self.sell(shop, "first")

    def test_every_service_that_dies_leaves_the_rotation_and_comes_back_elsewhere(self):
        shop = self.shop_by_consul().start()
        user = self.sell(shop, "first")
        for module in MODULES:
            with self.subTest(module):
                service = shop.services[module]
                before = poll_until(lambda: self.passing(f"{module}-service"), TIMEOUT_S, f"{module} is found")
                service.kill()
                gone_s = self.seconds_until(lambda: not self.passing(f"{module}-service"), f"{module} is out of rotation")
                self.assert_fails_clearly(shop, module, user)
                self.move(shop, module)
                service.start()
                back_s = self.seconds_until(lambda: self.passing(f"{module}-service"), f"{module} is back")
                self.assertNotEqual(self.passing(f"{module}-service"), before)
                begun = time.monotonic()
                self.sell(shop, module)
                print(f"{module}: out of rotation {gone_s:.1f} s after its death, in again {back_s:.1f} s after it was ready, "
                      f"the next order confirmed after {time.monotonic() - begun:.1f} s")

    def test_orders_placed_while_payment_is_dead_are_confirmed_when_it_is_back(self):
        shop = self.shop_by_consul().start()
        user = self.sell(shop, "first")
        shop.services["payment"].kill()
        order = self.place(shop, user, "second")
        self.assertEqual(shop.get(f"/orders/{order}").json()["status"], "placed")
        self.move(shop, "payment")
        shop.services["payment"].start()
        poll_until(lambda: shop.counts()["confirmed"] == 2, TIMEOUT_S, "the order is confirmed")

    def test_the_shop_goes_on_while_the_agent_is_dead_and_registers_with_one_that_forgot_it(self):
        shop = self.shop_by_consul().start()
        self.sell(shop, "first")
        self.consul.kill()
        self.sell(shop, "second")
        self.consul.wipe()
        self.consul.start()
        for service in ("gateway", *(f"{module}-service" for module in MODULES)):
            poll_until(lambda: self.passing(service), TIMEOUT_S, f"{service} has registered again")
        self.sell(shop, "third")

    def test_who_stops_leaves_at_once(self):
        shop = self.shop_by_consul().start()
        poll_until(lambda: self.passing("payment-service"), TIMEOUT_S, "payment is found")
        shop.services["payment"].stop()
        self.assertEqual(self.passing("payment-service"), [])

    def assert_fails_clearly(self, shop, module, user):
        """Whoever asks for what the module has is told that it cannot be had now; nobody waits longer than a call may take."""
        path = {"user": f"/users/{user}", "order": "/orders/counts", "payment": "/payments?order_id=none",
                "inventory": "/products/p1"}[module]
        reply = shop.get(path)
        self.assertEqual(reply.status, 503, reply)
        self.assertTrue(reply.json()["code"].startswith("call."), reply)
        self.assertTrue(reply.json()["retryable"], reply)

    def seconds_until(self, condition, what):
        begun = time.monotonic()
        poll_until(condition, CHECK_S, what)
        return time.monotonic() - begun

    def sell(self, shop, name):
        """A new customer buys something, as soon as everybody has heard where the others are. Returns who."""
        self.eventually(lambda: shop.add_product(Idempotency_Key="p1"))
        user = self.eventually(lambda: shop.add_user(f"{name}@example.org", Idempotency_Key=name))
        order = self.eventually(lambda: self.place(shop, user, name))
        poll_until(lambda: shop.get(f"/orders/{order}").json().get("status") == "confirmed", TIMEOUT_S, f"{name}'s order is confirmed")
        return user

    def place(self, shop, user, key):
        reply = shop.post("/orders", {"items": [{"product_id": "p1", "quantity": 1}], "user_id": user}, Idempotency_Key=key)
        self.assertEqual(reply.status, 201, reply)
        return reply.json()["order_id"]

    def eventually(self, action):
        """What the action returns once it does not fail any more."""
        def attempt():
            try:
                return action()
            except AssertionError as problem:
                attempt.problem = problem
                return None
        return poll_until(attempt, TIMEOUT_S, lambda: attempt.problem, every_s=0.1)

    def passing(self, service):
        """The ports of the instances whose checks pass."""
        with urllib.request.urlopen(f"{self.consul.details['url']}/v1/health/service/{service}?passing=1", timeout=TIMEOUT_S) as reply:
            return [entry["Service"]["Port"] for entry in json.loads(reply.read())]


if __name__ == "__main__":
    unittest.main()
