"""Who may do what, with authentication on: over the socket, from the login to the last refusal."""
import base64
import json
import unittest
from urllib.parse import urlencode

from shop import ADMIN_EMAIL, ADMIN_PASSWORD, ShopTest, poll_until

FORM = "application/x-www-form-urlencoded"


class AuthenticationTest(ShopTest):
    def setUp(self):
        super().setUp()
        self.server = self.shop(auth="on", modules__payment__retry_ms=20).start()
        self.admin = self.bearer(ADMIN_EMAIL, ADMIN_PASSWORD)
        self.ada_id = self.server.add_user("ada@example.org", "Ada", "orchids-at-noon-1")
        self.bob_id = self.server.add_user("bob@example.org", "Bob", "orchids-at-noon-2")
        self.ada = self.bearer("ada@example.org", "orchids-at-noon-1")
        self.bob = self.bearer("bob@example.org", "orchids-at-noon-2")
        self.server.add_product("p1", stock=100, **self.admin)

    def bearer(self, username, password):
        return {"Authorization": "Bearer " + self.server.login(username, password)}

    def token(self, **form):
        return self.server.post("/oauth/token", urlencode(form), Content_Type=FORM)

    def order(self, caller, status=201, **more):
        reply = self.server.post("/orders", {"items": [{"product_id": "p1", "quantity": 1}]} | more, Prefer="wait=20", **caller)
        self.assertEqual(reply.status, status, reply)
        return reply.json()

    def assert_problem(self, reply, status, code=None):
        self.assertEqual((reply.status, reply.headers["content-type"]), (status, "application/problem+json"), reply)
        if code is not None:
            self.assertEqual(reply.json()["code"], code)

    def test_without_a_token_only_open_doors_open(self):
        for path in ("/health", "/livez", "/readyz", "/products", "/products/p1", "/.well-known/jwks.json"):
            self.assertEqual(self.server.get(path).status, 200, path)
        for method, path, body in [("GET", "/orders", None), ("GET", "/orders/counts", None), ("GET", f"/users/{self.ada_id}", None),
                                   ("GET", "/payments?order_id=x", None), ("GET", "/invoices/x", None), ("POST", "/orders", {}),
                                   ("POST", "/orders/drafts", {}), ("POST", "/orders/x/cancel", None), ("POST", "/products", {})]:
            with self.subTest(path=path):
                reply = self.server.request(method, path, body)
                self.assert_problem(reply, 401)
                self.assertTrue(reply.headers["www-authenticate"].startswith("Bearer"), reply)

    def test_tokens_that_are_none_are_refused(self):
        token = self.ada["Authorization"].removeprefix("Bearer ")
        head, claims, signature = token.split(".")
        decoded = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))

        def encode(value):
            return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")
        forged = {
            "another subject": f"{head}.{encode(decoded | {'sub': self.bob_id})}.{signature}",
            "a role": f"{head}.{encode(decoded | {'role': 'admin'})}.{signature}",
            "no signature": f"{head}.{claims}.", "algorithm none": f"{encode({'alg': 'none', 'typ': 'at+jwt'})}.{claims}.",
            "HMAC": f"{encode({'alg': 'HS256', 'typ': 'at+jwt'})}.{claims}.{signature}",
            "a changed signature": token[:-10] + ("A" if token[-10] != "A" else "B") + token[-9:], "no dots": "x", "empty": "", "long": "x" * 7000,
        }
        for name, text in forged.items():
            with self.subTest(case=name):
                self.assert_problem(self.server.get("/orders", Authorization=f"Bearer {text}"), 401)
        self.assert_problem(self.server.get("/orders", Authorization=f"Basic {token}"), 401)
        self.assertEqual(self.server.get("/orders", Authorization=f"bearer {token}").status, 200, "the scheme's case does not matter")

    def test_a_login_follows_rfc_6749(self):
        good = self.token(grant_type="password", username="ADA@example.org", password="orchids-at-noon-1")
        self.assertEqual((good.status, good.headers["cache-control"]), (200, "no-store"), good)
        answer = good.json()
        self.assertEqual(answer["token_type"].lower(), "bearer")
        self.assertGreater(answer["expires_in"], 0)
        for form, error in [(dict(grant_type="password", username="ada@example.org", password="wrong"), "invalid_grant"),
                            (dict(grant_type="password", username="nobody@example.org", password="wrong"), "invalid_grant"),
                            (dict(grant_type="password", username="ada@example.org"), "invalid_request"), (dict(), "invalid_request"),
                            (dict(grant_type="implicit"), "unsupported_grant_type"),
                            (dict(grant_type="refresh_token", refresh_token="x"), "invalid_grant")]:
            with self.subTest(form=form):
                reply = self.token(**form)
                self.assertEqual((reply.status, reply.json()["error"]), (400, error), reply)
        unknown = self.token(grant_type="password", username="nobody@example.org", password="wrong").json()
        wrong = self.token(grant_type="password", username="ada@example.org", password="wrong").json()
        self.assertEqual({**unknown, "request_id": ""}, {**wrong, "request_id": ""}, "an answer must not say who has an account")

    def test_a_refresh_token_works_once(self):
        first = self.token(grant_type="password", username="ada@example.org", password="orchids-at-noon-1").json()
        second = self.token(grant_type="refresh_token", refresh_token=first["refresh_token"])
        self.assertEqual(second.status, 200, second)
        self.assertEqual(self.server.get("/orders", Authorization="Bearer " + second.json()["access_token"]).status, 200)
        self.assertEqual(self.token(grant_type="refresh_token", refresh_token=first["refresh_token"]).status, 400)
        self.assertEqual(self.token(grant_type="refresh_token", refresh_token=second.json()["refresh_token"]).status, 400,
                         "the second use ends the session: one of the two was a thief")

    def test_a_user_orders_for_themself_alone(self):
        order = self.order(self.ada)
        self.assertEqual((order["user_id"], order["user_name"], order["status"]), (self.ada_id, "Ada", "confirmed"))
        self.assertEqual(self.order(self.ada, user_id=self.ada_id)["user_id"], self.ada_id)
        self.assert_problem(self.server.post("/orders", {"items": [{"product_id": "p1", "quantity": 1}], "user_id": self.bob_id}, **self.ada), 403,
                            "order.not_your_user")
        self.assertEqual(self.order(self.admin, user_id=self.bob_id)["user_id"], self.bob_id)

    def test_what_belongs_to_another_is_not_found(self):
        order = self.order(self.ada)
        path = f"/orders/{order['order_id']}"
        invoice = f"/invoices/{order['order_id']}"
        poll_until(lambda: self.server.get(invoice, **self.ada).status == 200, 10, "the invoice follows")
        payment = self.server.get(f"/payments?order_id={order['order_id']}", **self.ada).json()["items"][0]
        draft = self.server.post("/orders/drafts", {}, **self.ada).json()["order_id"]
        for owned in (path, f"{path}/events", invoice, f"/payments/{payment['payment_id']}", f"/users/{self.ada_id}"):
            with self.subTest(path=owned):
                self.assertEqual(self.server.get(owned, **self.ada).status, 200)
                self.assertEqual(self.server.get(owned, **self.admin).status, 200)
                self.assert_problem(self.server.get(owned, **self.bob), 404)
        for owned, body in [(f"{path}/cancel", None), (f"/orders/{draft}/items", {"product_id": "p1", "quantity": 1}), (f"/orders/{draft}/place", {}),
                            (f"/orders/{draft}/cancel", None)]:
            with self.subTest(path=owned):
                self.assert_problem(self.server.post(owned, body, **self.bob), 404, "order.not_found")
        self.assertEqual(self.server.get(f"/payments?order_id={order['order_id']}", **self.bob).json()["items"], [])
        self.assertEqual(self.server.get("/orders", **self.bob).json()["items"], [])
        self.assertEqual(self.server.get(f"/orders?user_id={self.ada_id}", **self.bob).json()["items"], [])
        self.assertEqual(len(self.server.get("/orders", **self.ada).json()["items"]), 2)
        self.assertEqual(self.server.get(f"/orders/{draft}", **self.ada).json()["status"], "pending", "nobody else touched it")

    def test_a_key_belongs_to_its_caller(self):
        body = {"items": [{"product_id": "p1", "quantity": 1}]}
        hers = self.server.post("/orders", body, Idempotency_Key="k1", **self.ada)
        his = self.server.post("/orders", body, Idempotency_Key="k1", **self.bob)
        self.assertEqual((hers.status, his.status), (201, 201))
        self.assertNotEqual(hers.json()["order_id"], his.json()["order_id"])

    def test_what_admins_do_is_forbidden_to_users(self):
        product = {"product_id": "p2", "name": "P2", "price": 1, "currency": "EUR", "stock": 1}
        for method, path, body in [("POST", "/products", product), ("POST", "/products/p1/restock", {"quantity": 1}), ("GET", "/orders/counts", None)]:
            with self.subTest(path=path):
                self.assert_problem(self.server.request(method, path, body, **self.ada), 403)
                self.assertIn(self.server.request(method, path, body, **self.admin).status, (200, 201))
        self.assertEqual(self.server.post("/users", {"email": "eve@example.org", "password": "orchids-at-noon-3", "name": "Eve"}).json()["role"], "user")
        self.assert_problem(self.server.post("/users", {"email": "e@example.org", "password": "orchids-at-noon-3", "name": "E", "role": "admin"}), 400)

    def test_tokens_outlive_a_restart(self):
        self.server.kill()
        self.server.start()
        self.assertEqual(self.server.get("/orders", **self.ada).status, 200)
        self.assertEqual(self.bearer(ADMIN_EMAIL, ADMIN_PASSWORD).keys(), {"Authorization"})

    def test_no_secret_is_logged_or_stored_in_the_clear(self):
        self.order(self.ada)
        self.server.stop()
        secrets = [ADMIN_PASSWORD, "orchids-at-noon-1", self.ada["Authorization"].split(".")[2]]
        for path in [self.server.log_path, *(path for path in self.server.data_dir.rglob("*") if path.is_file())]:
            content = path.read_bytes()
            for secret in secrets:
                self.assertNotIn(secret.encode(), content, path)


if __name__ == "__main__":
    unittest.main()
