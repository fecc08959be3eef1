"""Input that no well-meaning client sends: each is refused with a 4xx that says what is wrong and where, and nothing is written."""
import json
import unittest

from auditing import MODULES, connect, wait_until_quiet
from shop import ShopTest


def deep(levels):
    return "[" * levels + "]" * levels


class InputTest(ShopTest):
    def setUp(self):
        super().setUp()
        self.server = self.shop(events__poll_ms=20).start()
        self.user = self.server.add_user()
        self.server.add_product("p1", stock=1000)
        wait_until_quiet(self.server.data_dir, 10)
        self.before = self.everything()

    def tearDown(self):
        self.assertEqual(self.everything(), self.before, "something was written")
        self.assertEqual(self.server.get("/livez").status, 200)
        place = self.server.post("/orders", self.order(), Prefer="wait=20")
        self.assertEqual((place.status, place.json()["status"]), (201, "confirmed"), place)

    def everything(self):
        """Every row of every table of every store, but for receipts: a subscriber elsewhere sends them whenever there is time."""
        content = {}
        for module in MODULES:
            connection = connect(self.server.data_dir, module)
            for (table,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'receipts'").fetchall():
                content[module, table] = connection.execute(f"SELECT * FROM {table}").fetchall()
            connection.close()
        return content

    def order(self, **replaced):
        return {"user_id": self.user, "items": [{"product_id": "p1", "quantity": 1}]} | replaced

    def line(self, **replaced):
        return self.order(items=[{"product_id": "p1", "quantity": 1} | replaced])

    def quantity(self, text):
        """An order whose quantity is this very text."""
        return json.dumps(self.line(quantity="HERE")).replace('"HERE"', text)

    def assert_refused(self, reply, statuses, pointer=None, code=None):
        self.assertIn(reply.status, statuses, reply)
        self.assertEqual(reply.headers["content-type"], "application/problem+json", reply)
        problem = reply.json()
        self.assertEqual(problem["status"], reply.status, reply)
        self.assertTrue(problem["code"] and problem["detail"], reply)
        if code is not None:
            self.assertEqual(problem["code"], code, reply)
        if pointer is not None:
            self.assertIn(pointer, [error["pointer"] for error in problem.get("errors", [])], reply)
            self.assertTrue(all(error["detail"] for error in problem["errors"]), reply)

    def each(self, path, cases):
        for name, body, statuses, pointer in cases:
            with self.subTest(case=name, path=path):
                self.assert_refused(self.server.post(path, body, Idempotency_Key="bad"), statuses, pointer)

    def test_text_that_is_no_json_is_refused(self):
        good = json.dumps(self.order())
        self.each("/orders", [
            ("cut", good[:-1], {400}, None), ("trailing", good + "x", {400}, None), ("two values", good + good, {400}, None),
            ("trailing comma", good[:-1] + ",}", {400}, None), ("single quotes", good.replace('"', "'"), {400}, None),
            ("comment", "/* no */" + good, {400}, None), ("a bare word", "yes", {400}, None), ("NaN", self.quantity("NaN"), {400}, None),
            ("leading zero", self.quantity("01"), {400}, None), ("plus", self.quantity("+1"), {400}, None), ("hex", self.quantity("0x1"), {400}, None),
            ("unpaired surrogate", json.dumps(self.order(payment_token="HERE")).replace("HERE", "\\ud800"), {400}, None),
            ("control character", json.dumps(self.order(payment_token="HERE")).replace("HERE", "\x01"), {400}, None),
            ("invalid UTF-8", json.dumps(self.order(payment_token="HERE")).encode().replace(b"HERE", b"\xff\xfe"), {400}, None),
            ("overlong UTF-8", json.dumps(self.order(payment_token="HERE")).encode().replace(b"HERE", b"\xc0\xaf"), {400}, None),
            ("UTF-16", good.encode("utf-16"), {400}, None), ("only blanks", "   ", {400}, None), ("a NUL", "\0", {400}, None),
            ("depth 40", json.dumps(self.order(items="HERE")).replace('"HERE"', deep(40)), {400}, None),
            ("depth 100000", deep(100_000), {400}, None), ("unclosed depth", "[" * 500_000, {400}, None),
            ("many members", json.dumps({f"m{number}": 1 for number in range(100_000)})[:1_000_000], {400}, None),
        ])

    def test_members_that_are_unknown_or_stand_twice_are_named(self):
        self.each("/orders", [
            ("unknown", self.order(coupon="x"), {400}, "#/coupon"), ("unknown in a line", self.line(price=1), {400}, "#/items/0/price"),
            ("unknown to be escaped", self.order(**{"a/b~c": 1}), {400}, "#/a~1b~0c"), ("case matters", self.order(Items=[]), {400}, "#/Items"),
            ("status from outside", self.order(status="confirmed"), {400}, "#/status"),
        ])
        twice = '{"user_id":"%s","items":[{"product_id":"p1","quantity":1,"quantity":2}]}' % self.user
        reply = self.server.post("/orders", twice)
        self.assert_refused(reply, {400})
        self.assertIn("quantity", reply.json()["detail"])

    def test_missing_members_are_named(self):
        self.each("/orders", [
            ("no items", {"user_id": self.user}, {400}, "#/items"), ("an empty object", {}, {400}, "#/items"),
            ("no product", self.order(items=[{"quantity": 1}]), {400}, "#/items/0/product_id"),
            ("no quantity", self.order(items=[{"product_id": "p1"}]), {400}, "#/items/0/quantity"),
        ])
        self.each("/users", [("nothing", {}, {400}, "#/email"), ("no name", {"email": "a@b.c", "password": "long-enough"}, {400}, "#/name")])
        self.assert_refused(self.server.post("/orders"), {400}, "#/items")
        self.assert_refused(self.server.post("/orders", b""), {400}, "#/items")

    def test_values_of_a_wrong_type_are_named(self):
        for name, value in [("null", None), ("a text", "x"), ("a number", 1), ("a boolean", True), ("an array", [])]:
            with self.subTest(body=name):
                self.assert_refused(self.server.post("/orders", json.dumps(value)), {400})
        self.each("/orders", [
            ("items an object", self.order(items={}), {400}, "#/items"), ("items null", self.order(items=None), {400}, "#/items"),
            ("a line a text", self.order(items=["p1"]), {400}, "#/items/0"), ("a product a number", self.line(product_id=1), {400}, "#/items/0/product_id"),
            ("a user a number", self.order(user_id=1), {400}, "#/user_id"), ("a token an object", self.order(payment_token={}), {400}, "#/payment_token"),
            ("the second line", self.order(items=[{"product_id": "p1", "quantity": 1}, {"product_id": "p1", "quantity": None}]), {400},
             "#/items/1/quantity"),
        ])

    def test_a_quantity_is_an_integer_within_its_range(self):
        self.each("/orders", [(text, self.quantity(text), {400}, "#/items/0/quantity") for text in (
            '"1"', "1.0", "1.5", "1e3", "1E0", "-0.0", "true", "null", "[1]", "{}", '""', str(2**63), str(2**64))])
        self.each("/orders", [(text, self.quantity(text), {422}, "#/items/0/quantity") for text in (
            "0", "-1", "1001", str(2**31), str(2**63 - 1), str(-2**63))])
        self.each("/orders", [("-0", self.quantity("-0"), {400, 422}, "#/items/0/quantity"),
                              (str(-2**63 - 1), self.quantity(str(-2**63 - 1)), {400}, "#/items/0/quantity")])
        # What no number of any kind can hold is refused by the parser, which knows the place and not yet the member.
        self.each("/orders", [(text[:9], self.quantity(text), {400}, None) for text in ("1" + "0" * 400, "1e999")])
        over = self.order(items=[{"product_id": "p1", "quantity": 600}, {"product_id": "p1", "quantity": 600}])
        self.assert_refused(self.server.post("/orders", over), {422}, code="order.quantity_too_large")

    def test_lengths_have_limits(self):
        self.each("/orders", [
            ("no lines", self.order(items=[]), {422}, "#/items"),
            ("101 lines", self.order(items=[{"product_id": f"p{number}", "quantity": 1} for number in range(101)]), {422}, "#/items"),
            ("an empty product", self.line(product_id=""), {422}, "#/items/0/product_id"),
            ("a long product", self.line(product_id="p" * 129), {422}, "#/items/0/product_id"),
            ("an empty token", self.order(payment_token=""), {422}, "#/payment_token"),
            ("a long token", self.order(payment_token="t" * 201), {422}, "#/payment_token"),
        ])
        good = {"email": "a@b.cd", "password": "long-enough", "name": "A"}
        self.each("/users", [
            ("a short password", good | {"password": "short"}, {422}, "#/password"), ("a long password", good | {"password": "p" * 129}, {422}, "#/password"),
            ("no name", good | {"name": ""}, {422}, "#/name"), ("a long name", good | {"name": "n" * 201}, {422}, "#/name"),
            ("a long e-mail", good | {"email": "a" * 250 + "@b.cd"}, {422}, "#/email"),
        ])
        good = {"product_id": "new", "name": "New", "price": 1, "currency": "EUR", "stock": 1}
        self.each("/products", [
            ("a negative price", good | {"price": -1}, {422}, "#/price"), ("a high price", good | {"price": 10**12 + 1}, {422}, "#/price"),
            ("a negative stock", good | {"stock": -1}, {422}, "#/stock"), ("a long currency", good | {"currency": "EURO"}, {422}, "#/currency"),
            ("a price in text", good | {"price": "1"}, {400}, "#/price"), ("a price of 1.0", json.dumps(good | {"price": 1.0}), {400}, "#/price"),
        ])
        self.each("/products/p1/restock", [("none", {"quantity": 0}, {422}, "#/quantity"), ("too many", {"quantity": 10**9 + 1}, {422}, "#/quantity"),
                                           ("the id in the body", {"quantity": 1, "id": "p1"}, {400}, "#/id")])

    def test_a_body_of_two_mebibytes_is_refused(self):
        for name, body in [("a text", json.dumps(self.order(payment_token="t" * 2**21))), ("blanks", " " * 2**21),
                           ("lines", json.dumps(self.order(items=[{"product_id": "p1", "quantity": 1}] * 50_000)))]:
            with self.subTest(case=name):
                raw = f"POST /orders HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}"
                answer = self.server.raw(raw.encode())
                self.assertTrue(answer.startswith(b"HTTP/1.1 413 ") and b"application/problem+json" in answer, answer[:500])

    def test_parameters_are_read_strictly(self):
        for query, statuses, pointer in [("limit=0", {422}, "#/limit"), ("limit=101", {422}, "#/limit"), ("limit=x", {400}, "#/limit"),
                                         ("limit=1.0", {400}, "#/limit"), ("limit=1e1", {400}, "#/limit"), ("limit=", {400}, "#/limit"),
                                         ("limit=+1", {400}, "#/limit"), (f"limit={2**63}", {400}, "#/limit"), ("status=done", {422}, "#/status"),
                                         ("status=", {422}, "#/status"), ("colour=red", {400}, "#/colour"), ("limit=1&limit=2", {400}, None),
                                         ("user_id=%ff", {400}, None), ("user_id=%00", {400}, None), ("user_id=%zz", {400}, None),
                                         ("user_id=%", {400}, None), ("cursor=" + "c" * 401, {422}, "#/cursor")]:
            with self.subTest(query=query):
                self.assert_refused(self.server.get(f"/orders?{query}"), statuses, pointer)
        self.assert_refused(self.server.get("/payments"), {400}, "#/order_id")
        for path in ("/orders/%ff", "/orders/%00", "/orders/%zz", "/orders/" + "x" * 129):
            with self.subTest(path=path):
                self.assert_refused(self.server.get(path), {400, 404, 422})

    def test_a_wrong_content_type_is_refused(self):
        for content_type in ("text/plain", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
                             "application/jsonp", ""):
            with self.subTest(content_type=content_type):
                reply = self.server.post("/orders", json.dumps(self.order()), Content_Type=content_type)
                self.assert_refused(reply, {415}, code="request.wrong_content_type")
        raw = json.dumps(self.order())
        answer = self.server.raw(f"POST /orders HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: {len(raw)}\r\n\r\n{raw}".encode())
        self.assertTrue(answer.startswith(b"HTTP/1.1 415 "), answer[:300])
        reply = self.server.request("GET", "/orders", json.dumps({}))
        self.assert_refused(reply, {400}, code="request.body_not_expected")

    def test_bodies_that_differ_from_their_length_are_refused(self):
        body = json.dumps(self.order()).encode()

        def ask(length, sent=body):
            return self.server.raw(b"POST /orders HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: %s\r\n\r\n" % length +
                                   sent, half_close=True)
        for name, length, sent, status in [
                ("cut short", b"%d" % (len(body) + 10), body, b"400"), ("cut to nothing", b"%d" % len(body), b"", b"400"),
                ("cut in half", b"%d" % len(body), body[:20], b"400"), ("longer than said", b"%d" % (len(body) - 5), body, b"400"),
                ("a whole JSON and more", b"%d" % len(body), body + b"{}", b"400"), ("a negative length", b"-1", body, b"400"),
                ("a length in words", b"ten", body, b"400"), ("two lengths", b"5\r\nContent-Length: 6", body, b"400"),
                ("a signed length", b"+%d" % len(body), body, b"400"), ("a length beyond all", b"9" * 30, body, b"400"),
                ("both framings", b"0\r\nTransfer-Encoding: chunked", b"0\r\n\r\n", b"4")]:
            with self.subTest(case=name):
                answer = ask(length, sent)
                self.assertTrue(answer.startswith(b"HTTP/1.1 " + status), answer[:300])
                self.assertIn(b"application/problem+json", answer)
        answer = self.server.raw(b"POST /orders HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n\r\n" + body, half_close=True)
        self.assertTrue(answer.startswith(b"HTTP/1.1 411 "), answer[:300])

    def test_heads_that_break_the_protocol_are_refused(self):
        good = b"GET /products HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
        self.assertTrue(self.server.raw(good + b"\r\n").startswith(b"HTTP/1.1 200 "))
        for name, sent, statuses in [
                ("no host", b"GET /products HTTP/1.1\r\n\r\n", (400,)), ("two hosts", good + b"Host: b\r\n\r\n", (400,)),
                ("no path", b"GET products HTTP/1.1\r\nHost: a\r\n\r\n", (400,)), ("a long target", b"GET /" + b"x" * 9000 + good[4:] + b"\r\n", (400, 414)),
                ("many headers", good + b"".join(b"X-%d: y\r\n" % number for number in range(200)) + b"\r\n", (431,)),
                ("a blank in a name", good + b"X Y: z\r\n\r\n", (400,)), ("no colon", good + b"nonsense\r\n\r\n", (400,)),
                ("an unknown method", b"BREW /products" + good[13:] + b"\r\n", (405, 501)), ("no HTTP", b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", (400,))]:
            with self.subTest(case=name):
                answer = self.server.raw(sent, half_close=True)
                status = int(answer[9:12]) if answer.startswith(b"HTTP/1.1 ") else answer[:100]
                self.assertIn(status, statuses, answer[:300])


if __name__ == "__main__":
    unittest.main()
