"""Customers who never give up: each asks again, with the same key, until the shop has acknowledged what they want."""
import json
import random
import threading
import time

from auditing import MAKES_AN_ORDER, History, now_ms
from shop import Unreachable

TOKENS = ("tok_ok",) * 11 + ("tok_declined",) * 3 + ("tok_timeout",) * 4 + ("tok_insufficient_funds",)
# Codes of a refusal that says "not now": the customer asks again.
TRY_AGAIN = {409: ("idempotency.in_progress",), 503: None, 504: None}


def is_answer(reply):
    """Whether a reply says more than "not now"."""
    codes = TRY_AGAIN.get(reply.status, ())
    return codes is not None and (not codes or reply.json().get("code") not in codes)


class Customers:
    """A crowd of threads that place, compose and cancel orders, restock, and repeat what was acknowledged long ago."""

    def __init__(self, shop, seed, count, user_ids, product_ids, give_up_s=60):
        self.shop = shop
        self.user_ids = user_ids
        self.product_ids = product_ids
        self.give_up_s = give_up_s
        self.history = History()
        self.acknowledged = {}  # key -> order id
        self.restocked = {}  # product id -> quantity
        self.restock_lock = threading.Lock()
        self.asked_again = 0
        self.replayed = 0
        self.violations = []
        self._closing = threading.Event()
        self._threads = [threading.Thread(target=self._live, args=(number, random.Random(f"{seed}/{number}")), daemon=True)
                         for number in range(count)]

    def start(self):
        for thread in self._threads:
            thread.start()
        return self

    def finish(self):
        """Lets each have what they asked for last, and goes home. Returns what the shop did wrong."""
        self._closing.set()
        for thread in self._threads:
            thread.join(self.give_up_s + 10)
            if thread.is_alive():
                self.violations.append(f"{thread.name} still waits")
        return self.violations

    def _live(self, number, random_source):
        client = self.shop.client(timeout_s=10)
        done = 0
        try:
            while not self._closing.is_set():
                done += 1
                self._visit(client, random_source, f"c{number}-{done}")
        except Exception as problem:  # a thread must not die unheard
            self.violations.append(f"customer {number}: {problem!r}")
        finally:
            client.close()

    def _visit(self, client, random_source, key):
        chance = random_source.random()
        if chance < 0.04:
            self._restock(client, random_source, key)
        elif chance < 0.10:
            self._compose(client, random_source, key)
        else:
            self._order(client, random_source, key)

    def _until_answered(self, client, path, body, key):
        """Posts until there is an answer that is more than "not now"."""
        give_up = time.monotonic() + self.give_up_s
        last = None
        while time.monotonic() < give_up:
            start_ms, reply = now_ms(), None
            try:
                reply = client.request("POST", path, body, Idempotency_Key=key)
            except Unreachable as problem:
                last = problem
            if path in MAKES_AN_ORDER:
                self.history.add(MAKES_AN_ORDER[path], key, start_ms, reply)
            if reply:
                if is_answer(reply):
                    return reply
                last = reply
            self.asked_again += 1
            time.sleep(0.004)
        raise AssertionError(f"{path} {key} was not answered in {self.give_up_s} s: {last!r}")

    def _items(self, random_source):
        if random_source.random() < 0.08:
            return [{"product_id": self.product_ids[-1], "quantity": random_source.randint(5, 1000)}]
        return [{"product_id": product_id, "quantity": random_source.randint(1, 4)}
                for product_id in random_source.sample(self.product_ids, random_source.randint(1, 3))]

    def _order(self, client, random_source, key):
        body = {"user_id": random_source.choice(self.user_ids), "items": self._items(random_source),
                "payment_token": random_source.choice(TOKENS)}
        order_id = self._acknowledge(self._until_answered(client, "/orders", body, key), 201, key)
        chance = random_source.random()
        if order_id and chance < 0.15:
            self._cancel(client, order_id, key)
        if order_id and chance > 0.85:
            # The same wish again, perhaps from before a kill.
            again = self._until_answered(client, "/orders", body, key)
            self.replayed += 1
            if again.status != 201 or again.json()["order_id"] != order_id:
                self.violations.append(f"the key {key} made {order_id}, and then {again!r}")

    def _compose(self, client, random_source, key):
        draft = self._until_answered(client, "/orders/drafts", {"user_id": random_source.choice(self.user_ids)}, key)
        order_id = self._acknowledge(draft, 201, key)
        if not order_id:
            return
        quantity = 0
        for line in range(random_source.randint(1, 3)):
            added = self._until_answered(client, f"/orders/{order_id}/items", {"product_id": self.product_ids[0], "quantity": 1},
                                         f"{key}-line{line}")
            quantity += 1
            if added.status != 200 or added.json()["items"] != [
                    {"product_id": self.product_ids[0], "quantity": quantity, "unit_price": None}]:
                self.violations.append(f"{quantity} lines were added to {order_id}: {added!r}")
        placed = self._until_answered(client, f"/orders/{order_id}/place", {"payment_token": random_source.choice(TOKENS)}, f"{key}-place")
        if placed.status != 200:
            self.violations.append(f"placing the draft {order_id}: {placed!r}")

    def _cancel(self, client, order_id, key):
        reply = self._until_answered(client, f"/orders/{order_id}/cancel", None, f"{key}-cancel")
        if reply.status == 200 and reply.json()["status"] == "cancelled":
            return
        if reply.status != 409 or reply.json()["code"] != "order.already_confirmed":
            self.violations.append(f"cancelling {order_id}: {reply!r}")

    def _restock(self, client, random_source, key):
        product_id, quantity = random_source.choice(self.product_ids), random_source.randint(1, 5)
        reply = self._until_answered(client, f"/products/{product_id}/restock", {"quantity": quantity}, key)
        if reply.status != 200:
            self.violations.append(f"restocking {product_id}: {reply!r}")
            return
        with self.restock_lock:
            self.restocked[product_id] = self.restocked.get(product_id, 0) + quantity

    def _acknowledge(self, reply, status, key):
        if reply.status != status:
            self.violations.append(f"{key}: {json.dumps(status)} was due, and came {reply!r}")
            return None
        order_id = self.acknowledged[key] = reply.json()["order_id"]
        return order_id
