"""Processes find each other: by the embedded registry, and several gateways stand side by side."""
import http.client
import json
import unittest

from shop import Shop, poll_until
from split import MODULES, SplitTest, free_ports


class DiscoveryTest(SplitTest):
    def test_services_register_with_the_embedded_registry_and_leave_it_when_they_die(self):
        port, = free_ports(1)
        shop = self.split(["payment"], registry__kind="embedded", registry__listen=f"127.0.0.1:{port}",
                          registry__url=f"http://127.0.0.1:{port}", registry__check_interval_ms=1000,
                          registry__announce_interval_ms=200, registry__wait_ms=500).start()
        passing = lambda: self.instances(port, "payment-service")
        self.assertEqual(poll_until(passing, 10, "payment is found"), [int(shop.urls["payment"].rsplit(":", 1)[1])])
        self.assertEqual(len(poll_until(lambda: self.instances(port, "gateway"), 10, "the gateway is found")), 1)
        self.assert_sells(shop)
        shop.services["payment"].kill()
        poll_until(lambda: not passing(), 10, "payment is out of rotation")
        shop.services["payment"].start()
        poll_until(passing, 10, "payment is back without a manual step")
        self.assert_sells(shop, again=True)
        shop.services["payment"].stop()
        poll_until(lambda: not passing(), 5, "who stops leaves at once")

    def test_several_gateways_stand_side_by_side(self):
        shop = self.split(MODULES).start()
        other = Shop(self.folder / "data", **{name.replace(".", "__"): value for name, value in shop.settings.items()
                                              if name not in ("listen", "admin", "security.auth")})
        other.log_path = self.folder / "other-gateway.log"
        self.shops.append(other)
        other.start()
        user = shop.add_user()
        other.add_product()
        for gateway in (shop, other, shop, other):
            reply = gateway.post("/orders", {"items": [{"product_id": "p1", "quantity": 1}], "user_id": user}, Prefer="wait=10")
            self.assertEqual((reply.status, reply.json()["status"]), (201, "confirmed"), reply)
        self.assertEqual(shop.counts(), other.counts())
        key = {"items": [{"product_id": "p1", "quantity": 1}], "user_id": user}
        replies = [gateway.post("/orders", key, Idempotency_Key="one").json()["order_id"] for gateway in (shop, other)]
        self.assertEqual(replies[0], replies[1], "a repeat through the other gateway is the same order")
        shop.kill()
        self.assert_sells(other, again=True)

    def assert_sells(self, shop, again=False):
        user = shop.add_user("again@example.org" if again else "ada@example.org")
        if not again:
            shop.add_product()
        reply = shop.post("/orders", {"items": [{"product_id": "p1", "quantity": 1}], "user_id": user}, Prefer="wait=10")
        self.assertEqual((reply.status, reply.json()["status"]), (201, "confirmed"), reply)

    def instances(self, port, service):
        """The ports of the instances that pass, as the registry tells them in Consul's form."""
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request("GET", f"/v1/health/service/{service}?passing=1")
            return [entry["Service"]["Port"] for entry in json.loads(connection.getresponse().read())]
        finally:
            connection.close()


if __name__ == "__main__":
    unittest.main()
