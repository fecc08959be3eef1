"""The guide's API gateway in front of our user and order services, all at the guide's ports."""
import functools
import subprocess
import sys
import unittest
from pathlib import Path

import apart
import go_programs

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "system"))
from shop import Client, Unreachable, poll_until  # noqa: E402
from split import SplitTest  # noqa: E402

GATEWAY = ("127.0.0.1", 8080)
URLS = {"modules__user__url": "http://127.0.0.1:8001", "modules__order__url": "http://127.0.0.1:8002"}


class GatewayTest(SplitTest):
    def start_gateway(self):
        with open(self.folder / "gateway.log", "wb") as log:
            gateway = subprocess.Popen([go_programs.path_of("gateway")], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.addCleanup(gateway.wait, 10)
        self.addCleanup(gateway.kill)
        self.gateway = Client(lambda: GATEWAY)
        self.addCleanup(self.gateway.close)

        def answers():
            try:
                return self.gateway.request("GET", "/nothing")
            except Unreachable:
                return None
        poll_until(answers, 20, "the gateway answers")

    def test_what_has_an_authorization_reaches_our_services(self):
        shop = self.split(["user", "order"], **URLS).start()
        self.start_gateway()
        ask = functools.partial(self.gateway.request, Authorization="Bearer anything")

        user = ask("POST", "/users", {"email": "ada@example.org", "password": "a-long-password", "name": "Ada"}).json()
        self.assertEqual(ask("GET", f"/users/{user['id']}").json()["name"], "Ada")
        shop.add_product("p1", price=250)
        placed = ask("POST", "/orders", {"user_id": user["id"], "items": [{"product_id": "p1", "quantity": 2}]}, Prefer="wait=20")
        self.assertEqual((placed.status, placed.json()["status"], placed.json()["total"]), (201, "confirmed", 500), placed)
        self.assertEqual(ask("GET", f"/orders/{placed.json()['order_id']}").json()["status"], "confirmed")
        # Our own gateway has the same order.
        self.assertEqual(shop.get(f"/orders/{placed.json()['order_id']}").json()["user_name"], "Ada")
        self.assertEqual(ask("GET", "/orders/none").json()["code"], "order.not_found")
        elsewhere = ask("GET", "/payments/none")
        self.assertEqual((elsewhere.status, elsewhere.body), (404, b"Service not found\n"))

        shop.services["order"].stop()
        self.assertEqual(ask("GET", "/orders/counts").status, 502)
        self.assertEqual(ask("GET", f"/users/{user['id']}").status, 200)

    def test_what_has_none_is_refused_before_any_service_hears_of_it(self):
        self.split(["user", "order"], **URLS).start()
        self.start_gateway()
        for path in ("/users/none", "/orders/none", "/payments/none"):
            refused = self.gateway.request("GET", path)
            self.assertEqual((refused.status, refused.body), (401, b"Unauthorized\n"))

    def test_the_token_that_it_hands_on_is_ours_to_check(self):
        shop = self.split(["user", "order"], auth="on", **URLS).start()
        self.start_gateway()
        user = shop.add_user()
        token = shop.login("ada@example.org", "a-long-password")
        mine = self.gateway.request("GET", f"/users/{user}", Authorization=f"Bearer {token}")
        self.assertEqual((mine.status, mine.json()["name"]), (200, "Ada"))
        forged = self.gateway.request("GET", f"/users/{user}", Authorization="Bearer anything")
        self.assertEqual((forged.status, forged.json()["code"]), (401, "request.invalid_token"))


if __name__ == "__main__":
    apart.enter(prepare=lambda: go_programs.build("gateway"))
    unittest.main()
