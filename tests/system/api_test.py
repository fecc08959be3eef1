"""The journeys of the API, as a customer and a shopkeeper walk them."""
import threading
import unittest
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from shop import ShopTest, poll_until


class ApiTest(ShopTest):
    def setUp(self):
        super().setUp()
        self.server = self.shop(modules__payment__retry_ms=20).start()
        self.user = self.server.add_user()
        self.server.add_product("p1", price=250, stock=1000)

    def order_body(self, quantity=2, product_id="p1", **more):
        return {"user_id": self.user, "items": [{"product_id": product_id, "quantity": quantity}], **more}

    def place(self, body=None, **headers):
        reply = self.server.post("/orders", body or self.order_body(), **headers)
        self.assertEqual(reply.status, 201, reply)
        return reply

    def place_and_wait(self, body=None, status="confirmed"):
        reply = self.place(body, Prefer="wait=20")
        self.assertEqual(reply.json()["status"], status, reply)
        return reply.json()

    def assert_problem(self, reply, status, code, detail=None):
        self.assertEqual(reply.status, status, reply)
        self.assertEqual(reply.headers["content-type"], "application/problem+json", reply)
        problem = reply.json()
        self.assertEqual((problem["status"], problem["code"], problem["type"]), (status, code, f"/problems/{code}"), reply)
        self.assertTrue(problem["title"] and problem["detail"], reply)
        if detail is not None:
            self.assertEqual(problem["detail"], detail)


class JourneysTest(ApiTest):
    def test_a_user_registers_and_is_read(self):
        reply = self.server.post("/users", {"email": " Grace@Example.ORG", "password": "long-enough", "name": "Grace"})
        self.assertEqual(reply.status, 201, reply)
        user = reply.json()
        self.assertEqual(user, {"id": user["id"], "email": "grace@example.org", "name": "Grace", "role": "user"})
        self.assertEqual(reply.headers["location"], f"/users/{user['id']}")
        self.assertEqual(self.server.get(f"/users/{user['id']}").json(), user)
        again = self.server.post("/users", {"email": "grace@example.org", "password": "long-enough", "name": "Other"})
        self.assert_problem(again, 409, "user.email_taken")
        no_email = self.server.post("/users", {"email": "nobody", "password": "long-enough", "name": "N"})
        self.assert_problem(no_email, 422, "user.email_invalid")

    def test_products_are_added_listed_and_restocked(self):
        self.server.add_product("p3", price=0, stock=0)
        self.server.add_product("p2", price=10**12, stock=5, currency="USD")
        reply = self.server.post("/products/p2/restock", {"quantity": 3})
        self.assertEqual((reply.status, reply.json()["on_hand"], reply.json()["available"]), (200, 8, 8))
        self.assertEqual(self.server.get("/products/p2").json(), {"product_id": "p2", "name": "Product p2", "price": 10**12,
                                                                  "currency": "USD", "on_hand": 8, "reserved": 0, "available": 8})
        first = self.server.get("/products?limit=2").json()
        rest = self.server.get(f"/products?limit=2&cursor={first['next_cursor']}").json()
        self.assertEqual([row["product_id"] for row in first["items"] + rest["items"]], ["p1", "p2", "p3"])
        self.assertIsNone(rest["next_cursor"])
        twice = self.server.post("/products", {"product_id": "p1", "name": "Again", "price": 1, "currency": "EUR", "stock": 1})
        self.assert_problem(twice, 409, "inventory.product_exists")
        self.assert_problem(self.server.post("/products/p1/restock", {"quantity": 10**9}), 422, "inventory.stock_too_large")

    def test_an_order_is_placed_paid_reserved_and_confirmed(self):
        reply = self.place(Prefer="wait=20")
        order = reply.json()
        self.assertEqual(reply.headers["location"], f"/orders/{order['order_id']}")
        self.assertEqual(reply.headers["preference-applied"].split("=")[0], "wait")
        self.assertEqual((order["status"], order["user_id"], order["user_name"], order["total"], order["currency"]),
                         ("confirmed", self.user, "Ada", 500, "EUR"))
        self.assertEqual(order["items"], [{"product_id": "p1", "quantity": 2, "unit_price": 250}])
        self.assertRegex(order["created_at"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        read = self.server.get(f"/orders/{order['order_id']}")
        self.assertEqual((read.status, read.json()), (200, order))
        self.assertEqual(read.headers["etag"], reply.headers["etag"])

        payments = self.server.get(f"/payments?order_id={order['order_id']}").json()["items"]
        self.assertEqual([(row["status"], row["amount"], row["currency"]) for row in payments], [("captured", 500, "EUR")])
        self.assertEqual(self.server.get(f"/payments/{payments[0]['payment_id']}").json(), payments[0])
        invoice = poll_until(lambda: self.invoice_of(order), 10, "the invoice follows")
        self.assertEqual((invoice["order_id"], invoice["payment_id"], invoice["amount"]),
                         (order["order_id"], payments[0]["payment_id"], 500))
        poll_until(lambda: self.server.get("/products/p1").json()["on_hand"] == 998, 10, "the stock was taken")
        self.assertEqual(self.server.get("/products/p1").json()["reserved"], 0)

    def invoice_of(self, order):
        reply = self.server.get(f"/invoices/{order['order_id']}")
        return reply.json() if reply.status == 200 else None

    def test_without_a_preference_the_order_is_acknowledged_as_placed(self):
        reply = self.place()
        self.assertEqual(reply.json()["status"], "placed")
        self.assertNotIn("preference-applied", reply.headers)

    def test_an_order_that_cannot_be_paid_or_filled_is_cancelled_and_costs_nothing(self):
        for token, reason in [("tok_declined", "payment_declined"), ("tok_insufficient_funds", "payment_insufficient_funds")]:
            order = self.place_and_wait(self.order_body(payment_token=token), "cancelled")
            self.assertEqual(order["reason"], reason)
            self.assertEqual(self.payment_statuses(order), ["failed"])
        self.place_and_wait(self.order_body(quantity=1000))
        order = self.place_and_wait(self.order_body(quantity=1), "cancelled")
        self.assertEqual(order["reason"], "out_of_stock")
        self.assertEqual(self.payment_statuses(order), ["refunded"])
        self.assert_problem(self.server.get(f"/invoices/{order['order_id']}"), 404, "payment.no_invoice")

    def payment_statuses(self, order):
        return [row["status"] for row in self.server.get(f"/payments?order_id={order['order_id']}").json()["items"]]

    def test_an_unanswered_charge_is_repeated_until_it_is_known(self):
        order = self.place_and_wait(self.order_body(payment_token="tok_timeout"))
        self.assertEqual(self.payment_statuses(order), ["captured"])

    def test_a_client_that_has_the_version_is_told_so(self):
        order = self.place_and_wait()
        path = f"/orders/{order['order_id']}"
        tag = self.server.get(path).headers["etag"]
        reply = self.server.get(path, If_None_Match=tag)
        self.assertEqual((reply.status, reply.body), (304, b""))
        self.assertEqual(self.server.get(path, If_None_Match='"0"').status, 200)
        head = self.server.request("HEAD", path)
        self.assertEqual((head.status, head.body, head.headers["etag"]), (200, b"", tag))

    def test_the_timeline_tells_an_orders_own_events(self):
        order = self.place_and_wait()
        events = self.server.get(f"/orders/{order['order_id']}/events").json()["items"]
        self.assertEqual([(event["version"], event["type"]) for event in events],
                         [(1, "OrderStarted"), (2, "ItemAdded"), (3, "OrderPlaced"), (4, "OrderConfirmed")])
        self.assertEqual(events[2]["data"], {"items": order["items"], "total": 500, "currency": "EUR"})

    def test_counts_add_up(self):
        self.place_and_wait()
        self.place_and_wait(self.order_body(payment_token="tok_declined"), "cancelled")
        self.server.post("/orders/drafts", {"user_id": self.user})
        self.assertEqual(self.server.counts(), {"pending": 1, "placed": 0, "confirmed": 1, "cancelled": 1})

    def test_a_cancel_wins_before_the_confirmation_and_is_refused_after_it(self):
        confirmed = self.place_and_wait()
        self.assert_problem(self.server.post(f"/orders/{confirmed['order_id']}/cancel"), 409, "order.already_confirmed")
        draft = self.server.post("/orders/drafts", {"user_id": self.user}).json()
        cancelled = self.server.post(f"/orders/{draft['order_id']}/cancel")
        self.assertEqual((cancelled.status, cancelled.json()["status"], cancelled.json()["reason"]),
                         (200, "cancelled", "cancelled_by_customer"))
        again = self.server.post(f"/orders/{draft['order_id']}/cancel")
        self.assertEqual((again.status, again.json()), (200, cancelled.json()))

    def test_a_cancel_while_the_charge_is_unknown_takes_nothing(self):
        slow = self.shop("slow", modules__payment__retry_ms=1500).start()
        user = slow.add_user()
        slow.add_product("p1", stock=10)
        order = slow.post("/orders", {"user_id": user, "items": [{"product_id": "p1", "quantity": 1}], "payment_token": "tok_timeout"}).json()
        cancelled = slow.post(f"/orders/{order['order_id']}/cancel")
        self.assertEqual((cancelled.status, cancelled.json()["status"]), (200, "cancelled"))

        def payment():
            rows = slow.get(f"/payments?order_id={order['order_id']}").json()["items"]
            return rows and rows[0]["status"] in ("refunded", "failed") and rows[0]
        poll_until(payment, 10, "what was taken goes back")
        self.assertEqual(slow.get("/products/p1").json()["available"], 10)

    def test_an_order_is_composed_step_by_step(self):
        reply = self.server.post("/orders/drafts", {"user_id": self.user})
        self.assertEqual((reply.status, reply.json()["status"], reply.json()["version"]), (201, "pending", 1))
        path = reply.headers["location"]
        self.assert_problem(self.server.post(f"{path}/place", {}), 409, "order.empty", "Cannot place empty order")
        for quantity in (1, 2):
            added = self.server.post(f"{path}/items", {"product_id": "p1", "quantity": quantity})
            self.assertEqual(added.status, 200, added)
        self.assertEqual(added.json()["items"], [{"product_id": "p1", "quantity": 3, "unit_price": None}])
        self.assertIsNone(added.json()["total"])
        placed = self.server.post(f"{path}/place", {}, Prefer="wait=20")
        self.assertEqual((placed.status, placed.json()["status"], placed.json()["total"]), (200, "confirmed", 750))
        self.assert_problem(self.server.post(f"{path}/items", {"product_id": "p1", "quantity": 1}), 409, "order.not_pending")
        self.assert_problem(self.server.post(f"{path}/place"), 409, "order.not_pending")

    def test_a_repeated_product_is_added_up(self):
        order = self.place_and_wait({"user_id": self.user, "items": [{"product_id": "p1", "quantity": 1}, {"product_id": "p1", "quantity": 4}]})
        self.assertEqual(order["items"], [{"product_id": "p1", "quantity": 5, "unit_price": 250}])

    def test_an_order_that_makes_no_sense_is_refused(self):
        self.server.add_product("dollar", price=1, currency="USD")
        both = {"user_id": self.user, "items": [{"product_id": "p1", "quantity": 1}, {"product_id": "dollar", "quantity": 1}]}
        self.assert_problem(self.server.post("/orders", both), 422, "order.currency_mixed")
        self.assert_problem(self.server.post("/orders", self.order_body(product_id="nothing")), 422, "order.product_unknown")
        self.assert_problem(self.server.post("/orders", self.order_body() | {"user_id": "nobody"}), 422, "order.user_unknown")
        self.assert_problem(self.server.post("/orders", {"items": [{"product_id": "p1", "quantity": 1}]}), 400, "order.user_required")
        self.server.add_product("gold", price=10**12)
        self.assert_problem(self.server.post("/orders", self.order_body(product_id="gold")), 422, "order.total_too_large")
        self.assertEqual(sum(self.server.counts().values()), 0)

    def test_what_is_not_there_is_not_found(self):
        for path, code in [("/orders/x", "order.not_found"), ("/orders/x/events", "order.not_found"), ("/payments/x", "payment.not_found"),
                           ("/invoices/x", "payment.no_invoice"), ("/users/x", "user.not_found"), ("/products/x", "inventory.not_found"),
                           ("/nothing", "request.no_such_route"), ("/orders/x/y/z", "request.no_such_route"),
                           ("/internal/inventory/quote", "request.no_such_route"), ("/events/order", "request.no_such_route")]:
            with self.subTest(path=path):
                self.assert_problem(self.server.get(path), 404, code)
        for path, body in [("/orders/x/cancel", None), ("/orders/x/place", {}), ("/orders/x/items", {"product_id": "p1", "quantity": 1})]:
            with self.subTest(path=path):
                self.assert_problem(self.server.post(path, body), 404, "order.not_found")
        self.assert_problem(self.server.post("/products/x/restock", {"quantity": 1}), 404, "inventory.not_found")
        self.assertEqual(self.server.get("/payments?order_id=x").json()["items"], [])

    def test_health_documents_answer(self):
        for path in ("/health", "/livez", "/readyz"):
            self.assertEqual(self.server.get(path).status, 200, path)
        # A module elsewhere that has just said that it is there may still be getting ready.
        poll_until(lambda: self.server.get("/health").json()["status"] == "pass", 5, lambda: self.server.get("/health"))

    def test_a_route_says_which_methods_it_answers(self):
        for method, path, allowed in [("DELETE", "/orders", {"GET", "HEAD", "POST"}), ("GET", "/orders/x/cancel", {"POST"}),
                                      ("PUT", "/users", {"POST"}), ("POST", "/health", {"GET", "HEAD"})]:
            with self.subTest(method=method, path=path):
                reply = self.server.request(method, path, Content_Length="0")
                self.assert_problem(reply, 405, "request.method_not_allowed")
                self.assertEqual(set(reply.headers["allow"].split(", ")), allowed)


class ListsTest(ApiTest):
    def walk(self, query, limit):
        """The ids of all pages."""
        ids, cursor = [], None
        while True:
            reply = self.server.get(f"/orders?limit={limit}{query}" + (f"&cursor={cursor}" if cursor else ""))
            self.assertEqual(reply.status, 200, reply)
            page = reply.json()
            self.assertLessEqual(len(page["items"]), limit)
            ids += [order["order_id"] for order in page["items"]]
            cursor = page["next_cursor"]
            if cursor is None:
                return ids

    def test_pages_give_each_order_once_while_others_are_placed(self):
        placed = [self.place().json()["order_id"] for _ in range(60)]
        closing, more = threading.Event(), []

        def go_on():
            while not closing.is_set():
                more.append(self.place(self.order_body(1)).json()["order_id"])
        customer = threading.Thread(target=go_on)
        customer.start()
        try:
            for limit in (1, 7, 100):
                ids = self.walk("", limit)
                self.assertEqual([name for name, count in Counter(ids).items() if count > 1], [])
                self.assertEqual(set(placed) - set(ids), set())
                self.assertEqual(ids, sorted(ids, reverse=True), "newest first")
        finally:
            closing.set()
            customer.join()
        self.assertEqual(sorted(self.walk("", 13)), sorted(placed + more))

    def test_filters_select(self):
        other = self.server.add_user("other@example.org", "Other")
        mine = {self.place_and_wait()["order_id"] for _ in range(3)}
        declined = {self.place_and_wait(self.order_body(payment_token="tok_declined"), "cancelled")["order_id"] for _ in range(2)}
        others = {self.place_and_wait(self.order_body() | {"user_id": other})["order_id"] for _ in range(3)}
        for query, wanted in [(f"&user_id={self.user}", mine | declined), (f"&user_id={other}", others), ("&status=cancelled", declined),
                              ("&status=confirmed", mine | others), (f"&user_id={self.user}&status=confirmed", mine),
                              (f"&user_id={other}&status=cancelled", set()), ("&user_id=nobody", set())]:
            for limit in (1, 2, 50):
                with self.subTest(query=query, limit=limit):
                    self.assertEqual(sorted(self.walk(query, limit)), sorted(wanted))


class IdempotencyTest(ApiTest):
    def test_the_same_key_and_body_give_the_first_answer_again(self):
        first = self.place(Idempotency_Key="k1")
        again = self.place(Idempotency_Key="k1")
        self.assertNotIn("idempotent-replayed", first.headers)
        self.assertEqual(again.headers["idempotent-replayed"], "true")
        self.assertEqual((again.json()["order_id"], again.headers["location"]), (first.json()["order_id"], first.headers["location"]))
        spaced = self.server.post("/orders", ' { "items": [{"quantity":2, "product_id":"p1"}], "user_id": "%s" } ' % self.user,
                                  Idempotency_Key="k1")
        self.assertEqual((spaced.status, spaced.json()["order_id"]), (201, first.json()["order_id"]), "the body counts as what it means")
        self.assertEqual(sum(self.server.counts().values()), 1)

    def test_a_key_with_another_body_is_refused_and_writes_nothing(self):
        self.place(Idempotency_Key="k1")
        self.assert_problem(self.server.post("/orders", self.order_body(3), Idempotency_Key="k1"), 422, "idempotency.key_reused")
        self.assertEqual(sum(self.server.counts().values()), 1)

    def test_another_password_is_another_body(self):
        body = {"email": "k@example.org", "password": "password-one", "name": "K"}
        first = self.server.post("/users", body, Idempotency_Key="k1")
        again = self.server.post("/users", body, Idempotency_Key="k1")
        self.assertEqual((first.status, again.status, again.json()["id"]), (201, 201, first.json()["id"]))
        self.assert_problem(self.server.post("/users", body | {"password": "password-two"}, Idempotency_Key="k1"), 422, "idempotency.key_reused")

    def test_a_refusal_is_not_remembered(self):
        body = self.order_body(product_id="late")
        self.assert_problem(self.server.post("/orders", body, Idempotency_Key="k1"), 422, "order.product_unknown")
        self.server.add_product("late")
        self.place(body, Idempotency_Key="k1")

    def test_a_key_belongs_to_one_operation(self):
        self.place(Idempotency_Key="k1")
        draft = self.server.post("/orders/drafts", {"user_id": self.user}, Idempotency_Key="k1")
        self.assertEqual(draft.status, 201, draft)
        restocked = [self.server.post("/products/p1/restock", {"quantity": 1}, Idempotency_Key="k1") for _ in range(2)]
        self.assertEqual([reply.status for reply in restocked], [200, 200])
        self.assertEqual(restocked[0].json()["on_hand"], restocked[1].json()["on_hand"], "once")

    def test_a_key_is_remembered_over_a_restart(self):
        first = self.place(Idempotency_Key="k1").json()["order_id"]
        self.server.kill()
        self.server.start()
        again = self.place(Idempotency_Key="k1")
        self.assertEqual((again.json()["order_id"], again.headers["idempotent-replayed"]), (first, "true"))

    def test_sixteen_requests_at_once_with_one_key_make_one_order(self):
        for attempt in range(10):
            body, key = self.order_body(1), f"race-{attempt}"
            gate = threading.Barrier(16)

            def race(_):
                gate.wait()
                return self.server.post("/orders", body, Idempotency_Key=key)
            with ThreadPoolExecutor(16) as pool:
                replies = list(pool.map(race, range(16)))
            for reply in replies:
                if reply.status != 201:
                    self.assert_problem(reply, 409, "idempotency.in_progress")
            self.assertEqual(len({reply.json()["order_id"] for reply in replies if reply.status == 201}), 1)
            self.assertEqual(sum(self.server.counts().values()), attempt + 1)

    def test_a_key_that_is_none_is_refused(self):
        for key in ("", "a b", "a" * 129, "\u00e4"):
            with self.subTest(key=key):
                self.assert_problem(self.server.post("/orders", self.order_body(), Idempotency_Key=key.encode("latin-1")), 400,
                                    "idempotency.bad_key")
        self.assertEqual(sum(self.server.counts().values()), 0)


if __name__ == "__main__":
    unittest.main()
