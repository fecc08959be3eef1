"""Shops to be audited: one that is empty, one that is quiet after some traffic, and one that was killed with sagas under way."""
import shutil
import sqlite3
import sys
import time
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "system"))

from client_history import MAKES_AN_ORDER, History, now_ms  # noqa: E402
from shop import Shop, poll_until  # noqa: E402
from split import SplitShop  # noqa: E402
from quiet import wait_until_quiet  # noqa: E402

# A charge that was not answered is repeated after this time.
RETRY_MS = 1500
QUICK = {"events__poll_ms": 20, "events__receipt_ms": 20, "modules__payment__retry_ms": RETRY_MS, "events__timer_grace_ms": 100}
# (payment token, product, quantity): an order each, of every end.
ORDERS = (("tok_ok", "p1", 2), ("tok_ok", "p1", 3), ("tok_declined", "p1", 1), ("tok_timeout", "p2", 1), ("tok_ok", "scarce", 2))


class Client:
    """A client that makes orders, and keeps the history that the page describes."""

    def __init__(self, shop):
        self._shop = shop
        self.history = History()

    def post(self, path, body, key):
        start_ms = now_ms()
        reply = self._shop.post(path, body, Idempotency_Key=key)
        self.history.add(MAKES_AN_ORDER[path], key, start_ms, reply)
        return self.history.entries[-1].get("order_id")

    def place(self, user, token, product, quantity, key):
        return self.post("/orders", {"user_id": user, "payment_token": token,
                                     "items": [{"product_id": product, "quantity": quantity}]}, key)


def query(data_dir, module, statement, *parameters):
    connection = sqlite3.connect(data_dir / module / "0.db")
    try:
        return connection.execute(statement, parameters).fetchall()
    finally:
        connection.close()


class Shops:
    """Makes the three, in a folder. `empty`, `quiet` and `under_way` are their data folders, `lines` the history of the quiet one."""

    def __init__(self, folder):
        self.empty = folder / "empty"
        shop = Shop(self.empty)
        self._served(shop, lambda: shop.stop())
        self._shop = SplitShop(folder / "data", ["order", "payment"], **QUICK)
        self._served(self._shop, self._quiet_then_under_way)
        self.quiet, self.under_way = folder / "quiet", folder / "data"

    def _served(self, shop, work):
        try:
            shop.start()
            work()
        finally:
            shop.close()

    def _quiet_then_under_way(self):
        shop = self._shop
        self._user = shop.add_user()
        for product_id, stock in (("p1", 100), ("p2", 50), ("scarce", 1)):
            shop.add_product(product_id, stock=stock)
        assert shop.post("/products/p1/restock", {"quantity": 5}).status == 200
        client = Client(shop)
        for number, order in enumerate(ORDERS):
            client.place(self._user, *order, f"key-{number}")
        client.place(self._user, *ORDERS[0], "key-0")
        client.place(self._user, "tok_ok", "unheard-of", 1, "refused")
        draft = client.post("/orders/drafts", {"user_id": self._user}, "draft")
        shop.post(f"/orders/{draft}/items", {"product_id": "p1", "quantity": 1})
        abandoned = client.post("/orders/drafts", {"user_id": self._user}, "abandoned")
        shop.post(f"/orders/{abandoned}/cancel")
        wait_until_quiet(shop.data_dir, 20)
        receipts = "SELECT count(*) FROM receipts WHERE seq = (SELECT max(seq) FROM event_log)"
        poll_until(lambda: query(shop.data_dir, "order", receipts) == [(2,)], 20, "order has the receipts of both")
        shop.stop()
        shutil.copytree(shop.data_dir, shop.data_dir.with_name("quiet"))
        self.lines = client.history.entries
        shop.start()
        self._leave_sagas_under_way()

    def _leave_sagas_under_way(self):
        """One order has its stock reserved and has not heard so; another one's charge has not been answered."""
        shop = self._shop
        client = Client(shop)
        begun = time.monotonic()
        reserved = client.place(self._user, "tok_timeout", "p1", 4, "reserved")
        poll_until(lambda: time.monotonic() > begun + RETRY_MS / 2000, 5, "half of the time to the repeat is over")
        pending = client.place(self._user, "tok_timeout", "p1", 1, "pending")
        status = "SELECT status FROM payments WHERE order_id = $1"
        poll_until(lambda: query(shop.data_dir, "payment", status, pending) == [("pending",)], 10, "the second charge was asked for")
        lines = "SELECT stock FROM reservations WHERE order_id = $1"
        poll_until(lambda: query(shop.data_dir, "inventory", lines, reserved), 10, "inventory has heard of the first order")
        shop.services["order"].kill()
        poll_until(lambda: query(shop.data_dir, "inventory", lines, reserved) == [("reserved",)], 10, "the stock is reserved")
        shop.services["payment"].kill()
        assert query(shop.data_dir, "payment", status, pending) == [("pending",)], "the second charge was to be open still"
