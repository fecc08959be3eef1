"""What the customers of a shop under test wish for: each wish has keys, and is repeated until the shop has answered it."""
import contextlib
import sqlite3
import threading
import time
import zlib
from urllib.parse import urlencode

from client_history import MAKES_AN_ORDER, now_ms
from customers import is_answer
from shop import Unreachable

GIVE_UP_S = 30
PASSWORD = "a-long-password"
STOCK = 100_000
SCARCE_STOCK = 3


class Broken(Exception):
    """An answer that the shop must not give."""


class Crowd:
    """Customers on a few connections. What they were told is kept; a wish that has no answer yet is asked again, with its key, at
    whatever address the shop has by then."""

    def __init__(self, shop, history, wave_name, users, products):
        self.shop = shop
        self.history = history
        self.prefix = wave_name
        self.users = users
        self.products = products
        self.restocked = {}
        self.added = set()  # product ids
        self.registered = {}  # address -> user id
        self.problems = []
        self.is_over = False
        self._threads = []
        self._lock = threading.Lock()

    # -- threads -----------------------------------------------------------------------------------------------------
    def start(self, wishes, connections):
        """Lets the wishes, functions of (crowd, client, key), be asked for on that many connections."""
        numbered = list(enumerate(wishes))
        self._threads = [threading.Thread(target=self._ask, args=(numbered[first::connections],), daemon=True)
                         for first in range(min(connections, len(numbered)))]
        for thread in self._threads:
            thread.start()

    def is_done(self):
        return not any(thread.is_alive() for thread in self._threads)

    def _ask(self, numbered):
        client = self.shop.client(timeout_s=10)
        try:
            for number, wish in numbered:
                wish(self, client, f"{self.prefix}-{number}")
        except Exception as problem:  # a thread must not die unheard
            if not self.is_over:
                self.problems.append(f"{self.prefix}: {type(problem).__name__} {problem}")
        finally:
            client.close()

    # -- asking ------------------------------------------------------------------------------------------------------
    def until_answered(self, client, path, body, key, **headers):
        give_up = time.monotonic() + GIVE_UP_S
        last = None
        while time.monotonic() < give_up and not self.is_over:
            start_ms = now_ms()
            try:
                last = reply = client.request("POST", path, body, Idempotency_Key=key, **headers)
                # Python takes the end of a connection within the head for the end of the head.
                if reply.headers.get("content-length") != str(len(reply.body)):
                    raise Unreachable(f"{path}: the head of the answer is cut short")
            except Unreachable as problem:
                last = problem
                self._note(path, key, start_ms)
            else:
                self._note(path, key, start_ms, reply)
                if is_answer(reply):
                    return reply
            time.sleep(0.004)
        raise Broken(f"{path} {key} was not answered: {last!r}")

    def _note(self, path, key, start_ms, reply=None):
        if path in MAKES_AN_ORDER:
            self.history.add(MAKES_AN_ORDER[path], key, start_ms, reply)

    @staticmethod
    def expect(reply, *statuses):
        if reply.status not in statuses:
            raise Broken(f"{statuses} was due, and came {reply!r}")
        return reply.json()

    def place(self, client, key, token="tok_ok", lines=((0, 1),), **headers):
        body = {"user_id": self.users[zlib.crc32(key.encode()) % len(self.users)], "payment_token": token,
                "items": [{"product_id": self.products[product], "quantity": quantity} for product, quantity in lines]}
        reply = self.until_answered(client, "/orders", body, key, **headers)
        order_id = self.expect(reply, 201)["order_id"]
        again = self.until_answered(client, "/orders", body, key)
        if self.expect(again, 201)["order_id"] != order_id:
            raise Broken(f"{key} made {order_id}, and then {again!r}")
        return order_id

    def cancel(self, client, order_id, key):
        reply = self.until_answered(client, f"/orders/{order_id}/cancel", None, f"{key}-cancel")
        self.expect(reply, 200, 409)

    def draft(self, client, key):
        reply = self.until_answered(client, "/orders/drafts", {"user_id": self.users[0]}, key)
        return self.expect(reply, 201)["order_id"]

    @contextlib.contextmanager
    def store_held(self, module):
        """Nobody writes to the module's store meanwhile; it must not be for more than a moment."""
        connection = sqlite3.connect(self.shop.data_dir / module / "0.db", timeout=2, isolation_level=None)
        try:
            connection.execute("BEGIN IMMEDIATE")
            yield
        finally:
            connection.close()

    def is_reserved(self, order_id):
        connection = sqlite3.connect(f"file:{self.shop.data_dir / 'inventory' / '0.db'}?mode=ro", uri=True, timeout=2)
        try:
            return connection.execute("SELECT count(*) FROM reservations WHERE order_id = ? AND stock = 'reserved'",
                                      (order_id,)).fetchone()[0] > 0
        finally:
            connection.close()

    def remember(self, table, name, value):
        with self._lock:
            table[name] = table.get(name, 0) + value


# -- wishes ----------------------------------------------------------------------------------------------------------
def order(token="tok_ok", lines=((0, 1),), **headers):
    def wish(crowd, client, key):
        crowd.place(client, key, token, lines, **headers)
    return wish


def order_and_cancel(token="tok_ok"):
    def wish(crowd, client, key):
        crowd.cancel(client, crowd.place(client, key, token), key)
    return wish


def order_and_cancel_when_reserved(crowd, client, key):
    """The order's store is held until inventory has reserved, so that the cancel is applied first, and payment's store is held until
    the cancel is on its way."""
    body = {"user_id": crowd.users[0], "items": [{"product_id": crowd.products[0], "quantity": 2},
                                                 {"product_id": crowd.products[1], "quantity": 1}]}
    order_id = None

    def cancel(_crowd, other, _key):
        crowd.cancel(other, order_id, key)
    canceller = threading.Thread(target=crowd._ask, args=([(key, cancel)],), daemon=True)
    with contextlib.suppress(sqlite3.Error), contextlib.ExitStack() as order_held:  # an error: the shop is just being started
        with crowd.store_held("payment"):
            order_id = crowd.expect(crowd.until_answered(client, "/orders", body, key), 201)["order_id"]
            order_held.enter_context(crowd.store_held("order"))
            canceller.start()
            time.sleep(0.02)
        give_up = time.monotonic() + 2
        while not crowd.is_reserved(order_id) and time.monotonic() < give_up:
            time.sleep(0.002)
    if order_id is None:
        order_id = crowd.expect(crowd.until_answered(client, "/orders", body, key), 201)["order_id"]
    if canceller.ident is None:
        canceller.start()
    canceller.join()


def compose(crowd, client, key):
    order_id = crowd.draft(client, key)
    for line in range(2):
        crowd.expect(crowd.until_answered(client, f"/orders/{order_id}/items", {"product_id": crowd.products[line], "quantity": 1},
                                          f"{key}-line{line}"), 200)
    crowd.expect(crowd.until_answered(client, f"/orders/{order_id}/place", {}, f"{key}-place"), 200)


def draft_and_cancel(crowd, client, key):
    crowd.cancel(client, crowd.draft(client, key), key)


def draft_and_leave(crowd, client, key):
    crowd.draft(client, key)


def restock(crowd, client, key):
    product_id = crowd.products[1]
    crowd.expect(crowd.until_answered(client, f"/products/{product_id}/restock", {"quantity": 3}, key), 200)
    crowd.remember(crowd.restocked, product_id, 3)


def try_to_log_in(crowd, client, key):
    """While its table is gone the answer is an error, and any answer will do."""
    form = urlencode({"grant_type": "password", "username": "customer0@example.org", "password": PASSWORD})
    crowd.until_answered(client, "/oauth/token", form, key, Content_Type="application/x-www-form-urlencoded")


def add_product(crowd, client, key):
    body = {"product_id": f"new-{key}", "name": "New", "price": 7, "currency": "EUR", "stock": 5}
    crowd.expect(crowd.until_answered(client, "/products", body, key), 201)
    crowd.added.add(body["product_id"])


def register(crowd, client, key):
    body = {"email": f"{key}@example.org", "password": PASSWORD, "name": "New"}
    crowd.registered[body["email"]] = crowd.expect(crowd.until_answered(client, "/users", body, key), 201)["id"]


def log_in(crowd, client, key):
    """Logs in, refreshes, and uses the first refresh token again, which ends the session. A login is not repeated under a key: after
    a lost answer it starts anew."""
    def tokens(**form):
        return crowd.until_answered(client, "/oauth/token", urlencode(form), key, Content_Type="application/x-www-form-urlencoded")
    first = crowd.expect(tokens(grant_type="password", username="customer0@example.org", password=PASSWORD), 200)
    second = tokens(grant_type="refresh_token", refresh_token=first["refresh_token"])
    # After a crash its answer may have been lost: then the session has ended by the repeat.
    crowd.expect(second, 200, 400)
    crowd.expect(tokens(grant_type="refresh_token", refresh_token=first["refresh_token"]), 400)


def look(crowd, client, key):
    for path in ("/orders?limit=5", "/products?limit=5", "/orders/counts", "/health"):
        with contextlib.suppress(Unreachable):
            client.request("GET", path)
    with contextlib.suppress(Unreachable):
        client.request("GET", f"/payments?order_id={crowd.users[0]}")


PATIENT = (order(), order("tok_timeout"), order(lines=((0, 2), (1, 1))), compose, order("tok_declined"), order_and_cancel(),
           order(lines=((2, 50),)), restock, order(Prefer="wait=2"), order_and_cancel("tok_timeout"), register, look, add_product,
           order("tok_insufficient_funds"), draft_and_cancel, log_in, order(), order("tok_timeout"))
HASTY = (order("tok_timeout"), draft_and_leave, order(), order(), order(lines=((0, 1), (1, 1))), order("tok_timeout"), order(), order(),
         restock)
LATE = (order_and_cancel_when_reserved, order(), order_and_cancel_when_reserved, restock, order_and_cancel_when_reserved)
BROKEN = (order(), try_to_log_in, order(), restock, order())


def settle_in(crowd, customers):
    """The customers and products that a new shop needs, under keys of their own."""
    client = crowd.shop.client(timeout_s=10)
    try:
        for number in range(customers):
            body = {"email": f"customer{number}@example.org", "password": PASSWORD, "name": f"Customer {number}"}
            crowd.users.append(crowd.expect(crowd.until_answered(client, "/users", body, f"user-{number}"), 201)["id"])
        for name, stock in (("p0", STOCK), ("p1", STOCK), ("scarce", SCARCE_STOCK)):
            body = {"product_id": name, "name": f"Product {name}", "price": 100, "currency": "EUR", "stock": stock}
            crowd.expect(crowd.until_answered(client, "/products", body, f"product-{name}"), 201)
            crowd.products.append(name)
    finally:
        client.close()
