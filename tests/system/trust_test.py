"""With SEAMLINE_SERVICE_SECRET set, services believe only services that prove themselves, and of these only what users prove."""
import sqlite3
import unittest
from contextlib import closing

from shop import Client, poll_until
from split import MODULES, SplitTest

SECRET = "a long and random text that every process of the shop knows"


class TrustTest(SplitTest):
    def setUp(self):
        super().setUp()
        self.server = self.split(MODULES, auth="on", modules__user__password_memory_kib=7168, modules__user__password_passes=1)
        for process in self.server.processes().values():
            process.environment["SEAMLINE_SERVICE_SECRET"] = SECRET
        self.server.start()
        self.admin = {"Authorization": f"Bearer {self.server.login()}"}
        self.user_id = self.server.add_user()
        self.user = {"Authorization": "Bearer " + self.server.login("ada@example.org", "a-long-password")}
        self.server.add_product(**self.admin)

    def ask(self, module, method, path, body=None, **headers):
        """One request to a module's own listener."""
        host, port = self.server.urls[module].removeprefix("http://").split(":")
        client = Client(lambda: (host, int(port)))
        try:
            return client.request(method, path, body, **headers)
        finally:
            client.close()

    def service_token(self, audience, name="gateway", secret=SECRET):
        from urllib.parse import urlencode
        return self.server.post("/oauth/token", urlencode({"grant_type": "client_credentials", "client_id": name,
                                                           "client_secret": secret, "audience": audience}),
                                Content_Type="application/x-www-form-urlencoded")

    def test_orders_flow_between_services_that_prove_themselves(self):
        order = {"items": [{"product_id": "p1", "quantity": 1}]}
        reply = self.server.post("/orders", order, Prefer="wait=10", **self.user)
        self.assertEqual((reply.status, reply.json()["status"]), (201, "confirmed"), reply)
        order_id = reply.json()["order_id"]
        self.assertEqual(self.server.get(f"/orders/{order_id}", **self.user).status, 200)
        self.assertEqual(self.server.get(f"/orders/{order_id}").status, 401)
        self.assertEqual(self.server.get(f"/orders/{order_id}", **self.admin).status, 200)
        poll_until(lambda: self.server.get(f"/invoices/{order_id}", **self.user).status == 200, 10, "the invoice")

    def test_customers_use_a_module_at_its_own_listener_as_at_the_gateway(self):
        self.assertEqual(self.ask("user", "GET", f"/users/{self.user_id}", **self.user).json()["name"], "Ada")
        self.assertEqual(self.ask("user", "GET", f"/users/{self.user_id}").status, 401)
        self.assertEqual(self.ask("inventory", "GET", "/products/p1").status, 200)

    def test_strangers_read_no_log_and_use_no_internal_operation(self):
        profile = ("user", "POST", "/internal/user/get_profile", {"id": self.user_id})
        for headers in ({}, self.user, self.admin, {"Authorization": "Bearer " + self.service_token("payment").json()["access_token"]}):
            with self.subTest(headers=headers):
                self.assertIn(self.ask("order", "GET", "/events/order?after=0&limit=10", **headers).status, (401, 403))
                self.assertIn(self.ask(*profile, **headers).status, (401, 403))
                self.assertEqual(self.ask(*profile, Seamline_Caller_Role="admin", **headers).status, 401)
        token = {"Authorization": "Bearer " + self.service_token("order").json()["access_token"]}
        self.assertEqual(self.ask("order", "GET", "/events/order?after=0&limit=10", **token).status, 200)

    def test_a_service_may_not_speak_for_a_user_who_has_not_asked_it(self):
        token = {"Authorization": "Bearer " + self.service_token("user").json()["access_token"]}
        read = ("user", "GET", f"/users/{self.user_id}")
        claim = {"Seamline_Caller_Role": "user", "Seamline_Caller": self.user_id}
        self.assertEqual(self.ask(*read, **token, **claim).status, 401)
        proof = {"Seamline_Caller_Token": self.user["Authorization"].removeprefix("Bearer ")}
        self.assertEqual(self.ask(*read, **token, **claim, **proof).status, 200)
        self.assertEqual(self.ask(*read, **token, **proof, Seamline_Caller_Role="admin", Seamline_Caller=self.user_id).status, 401)
        self.assertEqual(self.ask(*read, **claim, **proof).status, 401)

    def test_a_customer_cannot_pretend_at_the_gateway_to_be_a_service(self):
        for role in ("admin", "service", "user"):
            reply = self.server.get("/orders/counts", Seamline_Caller_Role=role, Seamline_Caller=self.user_id)
            self.assertEqual(reply.status, 401, reply)
        self.assertEqual(self.server.get("/events/order?after=0&limit=10", **self.admin).status, 404)
        self.assertEqual(self.server.post("/internal/user/get_profile", {"id": self.user_id}, **self.admin).status, 404)

    def test_only_the_secret_gives_a_service_token(self):
        self.assertEqual(self.service_token("order").status, 200)
        self.assertEqual(self.service_token("order", secret="wrong").json()["error"], "invalid_client")
        self.assertEqual(self.service_token("order", name="stranger").json()["error"], "invalid_client")


class ReceiptsTest(SplitTest):
    def test_each_module_of_a_process_signs_receipts_in_its_own_name(self):
        shop = self.split(["payment"], auth="on", events__receipt_ms=50, modules__user__password_memory_kib=7168,
                          modules__user__password_passes=1)
        for process in shop.processes().values():
            process.environment["SEAMLINE_SERVICE_SECRET"] = SECRET
        shop.start()
        shop.add_product(Authorization=f"Bearer {shop.login()}")
        shop.add_user()
        user = {"Authorization": "Bearer " + shop.login("ada@example.org", "a-long-password")}
        reply = shop.post("/orders", {"items": [{"product_id": "p1", "quantity": 1}]}, Prefer="wait=10", **user)
        self.assertEqual(reply.json()["status"], "confirmed", reply)

        def subscribers():
            with closing(sqlite3.connect(f"file:{shop.data_dir / 'payment' / '0.db'}?mode=ro", uri=True)) as store:
                return {name for name, seq in store.execute("SELECT subscriber, seq FROM receipts") if seq > 0}
        poll_until(lambda: subscribers() == {"order", "inventory"}, 10, lambda: f"receipts of {subscribers()}")


if __name__ == "__main__":
    unittest.main()
