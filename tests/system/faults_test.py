"""A module elsewhere fails in every way that a process or a network can: customers hear so in time and in plain terms, nothing
happens twice, everything else goes on, and when the fault is gone every saga ends."""
import signal
import threading
import time
import unittest
from collections import Counter

from auditing import audit, connect, wait_until_quiet
from proxy import Proxy
from shop import Unreachable, poll_until
from split import MODULES, SplitTest, free_ports

TIMEOUT_MS = 600
# What a busy machine may add to a time limit.
SLACK_S = 1.5
FROZEN_S = 5
SETTINGS = {"calls__timeout_ms": TIMEOUT_MS, "calls__retry__max_attempts": 2, "calls__retry__first_backoff_ms": 5,
            "calls__breaker__minimum_calls": 6, "calls__breaker__window_calls": 20, "calls__breaker__window_ms": 3000,
            "calls__breaker__slow_call_ms": 400, "calls__breaker__open_ms": 200, "http__deadline_ms": 2000,
            "events__poll_ms": 50, "events__receipt_ms": 50, "modules__payment__retry_ms": 20}
# Where a module's effects can be counted: one row each.
EFFECTS = {"user": "SELECT count(*) FROM users", "order": "SELECT count(*) FROM orders",
           "inventory": "SELECT count(*) FROM stock_movements WHERE kind = 'restocked'"}


def answer(status="200 OK", content_type="application/json", body=b"{}", length=None, more=""):
    """An HTTP answer, perhaps a wrong one."""
    return (f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {len(body) if length is None else length}\r\n"
            f"{more}\r\n").encode() + body


# Of these only the caller sees that they are wrong: what stands at the wire, with the circuit, takes them for answers.
WRONG_REPLIES = {
    "another document": answer(body=b'{"hello":"world"}'),
    "no JSON": answer(body=b"{{{{"),
}
WRONG_ANSWERS = {
    "another content type": answer(content_type="text/html", body=b"<h1>It works!</h1>"),
    "10 MB": answer(body=b'"' + b"x" * 10_000_000 + b'"'),
    "a redirect": answer("302 Found", more="Location: http://127.0.0.1:1/elsewhere\r\n", body=b""),
    "cut short": answer(body=b'{"id":"', length=5000),
    "an error without a problem": answer("500 Internal Server Error", "text/plain", b"oops"),
    "a bad gateway": answer("502 Bad Gateway", "text/html", b"<html>"),
    "garbage": bytes(range(256)) * 8,
    "another protocol": b"SSH-2.0-OpenSSH_9.2\r\n",
    "nothing": b"",
}


class Faults:
    """What is asked of each module elsewhere. A subclass names the module."""
    module = None

    def start(self, proxied=True, remote=None, **more):
        """A shop whose modules reach each other through proxies, and `module` in a process of its own."""
        settings = {**SETTINGS, **more}
        self.proxies = {}
        if proxied:
            for module, port in zip(MODULES, free_ports(len(MODULES))):
                self.proxies[module] = Proxy(("127.0.0.1", port))
                self.addCleanup(self.proxies[module].close)
                settings[f"modules__{module}__url"] = self.proxies[module].url
                settings[f"modules__{module}__listen"] = f"127.0.0.1:{port}"
        self.server = self.split(remote or (self.module,), **settings).start()
        self.service = self.server.services[self.module]
        self.proxy = self.proxies.get(self.module)
        self.user, self.product = self.server.add_user(), self.server.add_product()
        self.keys = 0
        self.order = self.place("first")["order_id"]
        self.wait_settled()

    # -- what is asked -----------------------------------------------------------------------------------------------
    def read(self, module):
        """A question to one module."""
        path = {"user": f"/users/{self.user}", "order": f"/orders/{self.order}", "payment": f"/payments?order_id={self.order}",
                "inventory": f"/products/{self.product}"}[module]
        return self.timed("GET", path)

    def effect(self, key, with_key):
        """A request that `module` must obey once: for payment, which takes none from customers, an order, which it is charged for."""
        path, body = {
            "user": ("/users", {"email": f"{key}@example.org", "password": "a-long-password", "name": key}),
            "inventory": (f"/products/{self.product}/restock", {"quantity": 1}),
        }.get(self.module, ("/orders", self.order_body()))
        return self.timed("POST", path, body, **({"Idempotency_Key": key} if with_key else {}))

    def order_body(self):
        return {"user_id": self.user, "items": [{"product_id": self.product, "quantity": 1}]}

    def place(self, key):
        reply = self.server.post("/orders", self.order_body(), Idempotency_Key=key)
        self.assertEqual(reply.status, 201, reply)
        return reply.json()

    def timed(self, method, path, body=None, **headers):
        """An answer in time, and in the form that errors have."""
        started = time.monotonic()
        reply = self.server.request(method, path, body, **headers)
        took_s = time.monotonic() - started
        self.assertLess(took_s, TIMEOUT_MS / 1000 + SLACK_S, reply)
        if reply.status >= 400:
            self.assertEqual(reply.headers["content-type"], "application/problem+json", reply)
            self.assertIs(type(reply.json()["retryable"]), bool, reply)
        return reply

    def assert_refused(self, reply, is_safe):
        """A typed error of the way to the module, which says what to do about it."""
        problem = reply.json()
        self.assertIn(reply.status, (503, 504), reply)
        self.assertTrue(problem["code"].startswith("call."), reply)
        self.assertEqual(problem["status"], reply.status, reply)
        self.assertNotIn("errors", problem, "what is wrong with an answer is no fault of the customer's request")
        if is_safe:
            self.assertTrue(problem["retryable"], reply)
            self.assertNotIn("may_have_run", problem)

    # -- how it goes on ----------------------------------------------------------------------------------------------
    def breaker(self, module=None):
        """The state of the main process's circuit to a module."""
        client = self.server.client()
        client._address = lambda: ("127.0.0.1", int(self.server.admin_url.rsplit(":", 1)[1]))
        modules = client.request("GET", "/modules").json()["modules"]
        client.close()
        return next(entry["breaker"] for entry in modules if entry["module"] == (module or self.module))

    def read_until_open(self):
        """Many ask at once, until nobody is sent there any more. Each is refused as it should be."""
        problems, refusals, is_open = [], [], threading.Event()

        def ask():
            give_up = time.monotonic() + 10
            try:
                while not is_open.is_set() and time.monotonic() < give_up:
                    reply = self.read(self.module)
                    self.assert_refused(reply, is_safe=True)
                    refusals.append(reply.json()["code"])
                    if refusals[-1] == "call.circuit_open":
                        is_open.set()
            except Exception as problem:  # the test's own thread tells
                problems.append(problem)
                is_open.set()
        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if problems:
            raise problems[0]
        self.assertTrue(is_open.is_set(), f"the circuit never opened: {refusals}")
        self.assertIn(self.breaker(), ("open", "half_open"))
        return set(refusals)

    def assert_others_work(self):
        for module in MODULES:
            if module != self.module:
                self.assertEqual(self.read(module).status, 200, f"{module} with {self.module} out of order")
        self.assertEqual(self.server.get("/readyz").status, 200)

    def assert_health_warns(self):
        def warned():
            reply = self.server.get("/health")
            self.assertEqual(reply.status, 200, reply)
            return reply.json()["status"] == "warn" and reply.json()["checks"][self.module][0]["status"] == "warn"
        poll_until(warned, 10, "the main process warns", every_s=0.1)
        self.assertEqual(self.server.get("/readyz").status, 200)

    def wait_well(self):
        """The fault is gone: the circuit closes, and questions are answered again."""
        def is_well():
            try:
                return self.read(self.module).status == 200 and self.breaker() == "closed"
            except Unreachable:
                return False
        poll_until(is_well, 10, lambda: f"{self.module} answers again: {self.read(self.module)!r}", every_s=0.05)

    def wait_settled(self):
        wait_until_quiet(self.server.data_dir, 20)

    def finish(self, keys=()):
        """Each of these keys has its effect, and once; every saga ends; and the audits say so."""
        self.wait_well()
        again = {key: self.effect(key, with_key=True) for key in keys}
        for key, reply in again.items():
            self.assertIn(reply.status, (200, 201), reply)
        orders = [self.place(f"last-{number}")["order_id"] for number in range(3)]
        self.wait_settled()
        for order_id in orders:
            self.assertEqual(self.server.get(f"/orders/{order_id}").json()["status"], "confirmed")
        self.assertEqual(self.server.counts()["placed"], 0)
        self.server.stop()
        self.assertEqual(audit(self.server.data_dir), [])
        return again

    def count(self, module=None):
        connection = connect(self.server.data_dir, module or self.module)
        try:
            return connection.execute(EFFECTS[module or self.module]).fetchone()[0]
        finally:
            connection.close()

    def effect_module(self):
        """Who counts what effect() does."""
        return "order" if self.module == "payment" else self.module

    # -- the faults --------------------------------------------------------------------------------------------------
    def test_killed_and_back(self):
        self.start(proxied=False)
        self.service.kill()
        self.read_until_open()
        self.assert_others_work()
        refused = self.effect("while-dead", with_key=True)
        if self.module != "payment":
            self.assert_refused(refused, is_safe=False)
            self.assertNotIn("may_have_run", refused.json(), "what nobody has taken has not run")
            self.assertTrue(refused.json()["retryable"])
        self.assert_health_warns()
        self.service.start()
        self.finish(["while-dead"])

    def test_frozen_for_a_while(self):
        self.start()
        before = self.count(self.effect_module())
        self.service.process.send_signal(signal.SIGSTOP)
        thaw_at = time.monotonic() + FROZEN_S
        try:
            refused = self.effect("frozen", with_key=True)
            if self.module != "payment":
                self.assert_refused(refused, is_safe=False)
                self.assertTrue(refused.json()["may_have_run"], "it may run when the service thaws")
                self.assertTrue(refused.json()["retryable"], "the key makes a repeat harmless")
            codes = self.read_until_open()
            self.assertIn("call.deadline_exceeded", codes)
            self.assert_others_work()
            self.assert_health_warns()
            time.sleep(max(0, thaw_at - time.monotonic()))
        finally:
            self.service.process.send_signal(signal.SIGCONT)
        self.finish(["frozen"])
        extra = 4 if self.effect_module() == "order" else 1  # finish() places three
        self.assertEqual(self.count(self.effect_module()) - before, extra)

    def test_slow_as_one_byte_a_second(self):
        self.start()
        self.proxy.drip(1)
        codes = self.read_until_open()
        self.assertIn("call.deadline_exceeded", codes)
        self.assert_others_work()
        self.proxy.pass_on()
        self.finish()

    def test_a_network_that_swallows_everything(self):
        self.start()
        self.proxy.black_hole()
        codes = self.read_until_open()
        self.assertIn("call.deadline_exceeded", codes)
        self.assert_others_work()
        self.proxy.pass_on()
        self.finish()

    def test_every_answer_is_lost_behind_the_commit(self):
        """Nobody can tell whether it ran: the error says so, and a key makes the repeat harmless."""
        self.start(calls__breaker__minimum_calls=20)  # the circuit stays closed: it is the repeats that are looked at
        if self.module == "payment":
            return self.lose_answers_of_the_payment_service()
        before = self.count()
        self.proxy.reset_after_answer(only=b"POST ")
        without = self.effect("without", with_key=False)
        self.assert_refused(without, is_safe=False)
        self.assertTrue(without.json()["may_have_run"])
        self.assertFalse(without.json()["retryable"], "without a key a repeat might do it twice")
        self.assertEqual(self.count() - before, 1, "it ran once, and was not repeated")
        keyed = self.effect("with-key", with_key=True)
        self.assert_refused(keyed, is_safe=False)
        self.assertTrue(keyed.json()["may_have_run"])
        self.assertTrue(keyed.json()["retryable"])
        self.assertEqual(self.count() - before, 2)
        self.assertEqual(self.proxy.answers_lost, 3, "with the key the call was repeated, once")
        self.proxy.reset_after_answer(only=b"POST ", times=1)
        # One lost answer is made good by the repeat.
        at_once = self.effect("repeated", with_key=True)
        self.assertIn(at_once.status, (200, 201), at_once)
        self.assertEqual(self.count() - before, 3)
        self.proxy.pass_on()
        again = self.finish(["with-key", "repeated"])
        self.assertEqual(again["repeated"].json(), at_once.json(), "the same key, the same answer")
        self.assertEqual(self.count() - before, 3 + (3 if self.module == "order" else 0))
        return None

    def lose_answers_of_the_payment_service(self):
        """Its log is read, and the reader does not get it: it reads again."""
        self.proxy.reset_after_answer(only=b"GET /events/")
        orders = [self.place(f"lost-{number}")["order_id"] for number in range(5)]
        poll_until(lambda: self.proxy.answers_lost >= 3, 10, "answers are lost")
        self.proxy.pass_on()
        self.wait_settled()
        for order_id in orders:
            self.assertEqual(self.server.get(f"/orders/{order_id}").json()["status"], "confirmed")
        self.finish()

    def test_answers_that_are_none(self):
        """Something else listens in its place."""
        self.start()
        for name, reply in WRONG_REPLIES.items():
            with self.subTest(answer=name):
                self.proxy.answer(reply)
                refused = self.read(self.module)
                self.assert_refused(refused, is_safe=True)
                self.assertEqual(refused.json()["code"], "call.bad_reply")
        for name, reply in WRONG_ANSWERS.items():
            with self.subTest(answer=name):
                self.proxy.answer(reply)
                codes = self.read_until_open()
                self.assertTrue(codes <= {"call.bad_reply", "call.unavailable", "call.circuit_open"}, codes)
                self.assert_others_work()
                self.proxy.pass_on()
                self.wait_well()
        self.proxy.answer(WRONG_ANSWERS["another content type"])
        refused = self.effect("wrong", with_key=False)
        if self.module != "payment":
            self.assert_refused(refused, is_safe=False)
            self.assertTrue(refused.json()["may_have_run"])
            self.assertFalse(refused.json()["retryable"])
        self.proxy.pass_on()
        self.finish()

    def test_events_flow_through_bad_connections(self):
        """Order, payment and inventory hear each other over connections that drip, hang, and break at any moment."""
        self.start()
        client = self.server.client()
        placed = {}

        def place(key):
            reply = client.request("POST", "/orders", self.order_body(), Idempotency_Key=key)
            if reply.status != 201:
                self.assert_refused(reply, is_safe=False)
            placed[key] = reply.status
        for round_number in range(3):
            for name, fault in (("cut", Proxy.cut), ("drip", lambda proxy: proxy.drip(200)), ("hole", Proxy.black_hole)):
                for proxy in self.proxies.values():
                    fault(proxy)
                place(f"{name}-{round_number}-a")
                for proxy in self.proxies.values():
                    proxy.pass_on()
                place(f"{name}-{round_number}-b")
        client.close()
        self.wait_well()
        ids = {}
        for key in placed:
            reply = poll_until(lambda key=key: (one := self.server.post("/orders", self.order_body(), Idempotency_Key=key)).status == 201
                               and one, 10, "the order is taken")
            ids[key] = reply.json()["order_id"]
        self.assertEqual(len(set(ids.values())), len(ids))
        self.wait_settled()
        self.assertEqual(self.server.counts(), {"pending": 0, "placed": 0, "confirmed": len(ids) + 1, "cancelled": 0})
        self.finish()


class UserFaultsTest(Faults, SplitTest):
    module = "user"


class OrderFaultsTest(Faults, SplitTest):
    module = "order"

    def test_what_a_callee_cannot_reach_is_not_held_against_it(self):
        """Order needs user, and user is out of order: placing fails, and all else that order does goes on."""
        self.start(remote=("order", "user"))
        user = self.proxies["user"]
        faults = {"cut": user.cut, **{name: lambda reply=reply: user.answer(reply) for name, reply in
                                      [*WRONG_REPLIES.items(), ("a redirect", WRONG_ANSWERS["a redirect"])]}}
        for fault, begin in faults.items():
            with self.subTest(fault=fault):
                begin()
                name = fault.replace(" ", "-")
                for number in range(12):
                    refused = self.effect(f"{name}-{number}", with_key=True)
                    self.assert_refused(refused, is_safe=False)
                    self.assertTrue(refused.json()["retryable"], refused)
                    self.assertEqual(self.breaker("order"), "closed", refused)
                    self.assertEqual(self.read("order").status, 200)
                user.pass_on()
                poll_until(lambda: self.read("user").status == 200, 10, "user answers again")
                # Order's own circuit to user closes behind three orders.
                for number in range(3):
                    poll_until(lambda: self.effect(f"{name}-over-{number}", with_key=True).status == 201, 10, "orders are taken again")
        self.finish(["cut-0", "no-JSON-0"])


class PaymentFaultsTest(Faults, SplitTest):
    module = "payment"


class InventoryFaultsTest(Faults, SplitTest):
    module = "inventory"


class LimitsTest(SplitTest):
    """The limits of calls are those of the configuration, and there are no others behind them."""

    def start(self, module="user", **settings):
        port = free_ports(1)[0]
        self.proxy = Proxy(("127.0.0.1", port))
        self.addCleanup(self.proxy.close)
        self.server = self.split((module,), **{f"modules__{module}__url": self.proxy.url,
                                               f"modules__{module}__listen": f"127.0.0.1:{port}"}, **settings).start()
        self.path = "/users/" + self.server.add_user()

    def test_a_call_has_the_time_that_is_configured(self):
        self.start(calls__timeout_ms=20_000, http__deadline_ms=20_000, calls__breaker__slow_call_ms=20_000,
                   http__read_timeout_ms=20_000, http__keep_alive_ms=20_000)
        self.proxy.delay(5.3)  # each way: longer than any time limit by default
        self.assertEqual(self.server.get(self.path).status, 200)

    def test_as_many_calls_are_under_way_as_are_configured(self):
        self.start(calls__bulkhead__max_in_flight=170, calls__bulkhead__max_waiting=0, calls__breaker__slow_call_ms=20_000)
        self.proxy.delay(1)
        replies = []
        threads = [threading.Thread(target=lambda: replies.append(self.server.get(self.path).status)) for _ in range(160)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(Counter(replies), {200: 160})

    def test_a_subscriber_waits_for_an_event_as_long_as_is_configured(self):
        self.start("payment", events__wait_ms=100)
        before = self.proxy.requests
        poll_until(lambda: self.proxy.requests - before >= 12, 5, "order and inventory ask anew")

    def test_a_subscriber_tells_what_it_has_applied_as_soon_as_is_configured(self):
        self.start("payment", events__receipt_ms=20, events__poll_ms=20)
        self.server.add_product()
        body = {"user_id": self.path.split("/")[-1], "items": [{"product_id": "p1", "quantity": 1}]}
        self.assertEqual(self.server.post("/orders", body).status, 201)
        # What it need not act on moves its cursor no later than it tells of it.
        wait_until_quiet(self.server.data_dir, 0.8)


if __name__ == "__main__":
    unittest.main()
