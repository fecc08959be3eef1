"""The guide's Order, and an order of ours that goes through the same steps over HTTP: the same states, and the same message."""
import sys
import unittest
from pathlib import Path
from typing import NamedTuple

from snippets import run_python

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "system"))
from shop import ShopTest, poll_until  # noqa: E402


class OrderItem(NamedTuple):
    product_id: str
    quantity: int


class GuidesOrder:
    """An order of the guide."""

    def __init__(self):
        self.order = run_python("07_order_aggregate.python", {"OrderItem": OrderItem})["Order"]("o-1")

    def add_item(self, product_id, quantity):
        self.order.add_item(product_id, quantity)

    def place_order(self):
        """Empty where it was placed; else why not."""
        try:
            self.order.place_order()
        except ValueError as refusal:
            return str(refusal)
        return ""

    def state(self):
        return self.order.status, [tuple(item) for item in self.order.items]


class OurOrder:
    """An order of the shop, by the same steps."""

    def __init__(self, shop):
        self.shop = shop
        started = shop.post("/orders/drafts", {"user_id": shop.add_user()})
        assert started.status == 201, started
        self.last = started.json()
        self.path = f"/orders/{self.last['order_id']}"

    def add_item(self, product_id, quantity):
        added = self.shop.post(f"{self.path}/items", {"product_id": product_id, "quantity": quantity})
        assert added.status == 200, added
        self.last = added.json()

    def place_order(self):
        placed = self.shop.post(f"{self.path}/place")
        if placed.status != 200:
            assert placed.status == 409, placed
            return placed.json()["detail"]
        self.last = placed.json()
        return ""

    def state(self):
        return self.last["status"], [(item["product_id"], item["quantity"]) for item in self.last["items"]]


class AggregateTest(ShopTest):
    def test_an_order_goes_through_the_same_states_with_the_same_message(self):
        shop = self.shop().start()
        shop.add_product("p1", price=250)
        shop.add_product("p2", price=100)
        theirs, ours = GuidesOrder(), OurOrder(shop)

        def same(expected):
            self.assertEqual(theirs.state(), expected)
            self.assertEqual(ours.state(), expected)

        same(("pending", []))
        self.assertEqual((theirs.place_order(), ours.place_order()), ("Cannot place empty order",) * 2)
        same(("pending", []))
        for order in (theirs, ours):
            order.add_item("p1", 2)
            order.add_item("p2", 1)
        same(("pending", [("p1", 2), ("p2", 1)]))
        self.assertEqual((theirs.place_order(), ours.place_order()), ("", ""))
        same(("placed", [("p1", 2), ("p2", 1)]))

        # "Publish OrderPlaced event": ours has, and the saga goes on from there.
        events = [event["type"] for event in shop.get(f"{ours.path}/events").json()["items"]]
        self.assertEqual(events[:4], ["OrderStarted", "ItemAdded", "ItemAdded", "OrderPlaced"])
        poll_until(lambda: shop.get(ours.path).json()["status"] == "confirmed", 20, "the order is confirmed")


if __name__ == "__main__":
    unittest.main()
