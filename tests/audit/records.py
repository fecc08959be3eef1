"""All that a shop's stores say, read from a consistent cut when it is first asked for."""
import json
from collections import Counter, defaultdict
from functools import cached_property
from typing import NamedTuple

from cut import MODULES, close, consistent_cut

ENDS = ("confirmed", "cancelled")
# What was set aside at some time, whatever became of it.
WAS_RESERVED = ("reserved", "released", "committed")
# The account that receives, and the one that gives.
TRANSFERS = {"capture": ("provider", "settlement"), "refund": ("settlement", "provider"), "earn": ("settlement", "revenue")}


def decoded(text):
    """The members of a JSON object; none where the text is no such thing."""
    try:
        value = json.loads(text)
    except (TypeError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def name_of(entry):
    """An event's name: the third part of its type."""
    parts = entry["type"].split(".")
    return parts[2] if len(parts) == 4 else entry["type"]


def quantities(items):
    """How many of each product; a product that stands in several lines is added up."""
    sums = Counter()
    for item in items:
        sums[item["product_id"]] += item["quantity"]
    return dict(sums)


class Money(NamedTuple):
    """What a ledger transaction moved."""
    amount: int
    currency: str


def is_integer(value):
    return isinstance(value, int) and not isinstance(value, bool)


def read_items(items):
    """Items that can be read as such; None where they cannot."""
    if not isinstance(items, list):
        return None
    for item in items:
        if not isinstance(item, dict) or not isinstance(item.get("product_id"), str) or not is_integer(item.get("quantity")):
            return None
    return items


def read_priced_order(text):
    """What an order or an announcement says of items and their price; None where it does not."""
    said = decoded(text)
    if read_items(said.get("items")) is None or not is_integer(said.get("total")) or not isinstance(said.get("currency"), str):
        return None
    return said


def read_lines(row):
    """The lines of a reservation; None where they cannot be read."""
    try:
        lines = json.loads(row["lines"])
    except ValueError:
        return None
    return lines if isinstance(lines, dict) and all(map(is_integer, lines.values())) else None


class Records:
    """To be closed, or used in a `with`; what was asked for before stays."""

    def __init__(self, data_dir):
        self.stores = consistent_cut(data_dir)

    def close(self):
        close(self.stores)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def table(self, module, name, order_by="1"):
        return self.stores[module].rows(f"SELECT * FROM {name} ORDER BY {order_by}")

    # -- every store ---------------------------------------------------------------------------------------------------
    @cached_property
    def ownership(self):
        return {module: self.table(module, "ownership") for module in MODULES}

    @cached_property
    def logs(self):
        return {module: self.table(module, "event_log", "seq") for module in MODULES}

    @cached_property
    def dead_letters(self):
        return {module: self.table(module, "dead_letters") for module in MODULES}

    @cached_property
    def answers(self):
        return {module: self.table(module, "idempotency") for module in MODULES}

    @cached_property
    def orders_under_keys(self):
        """What order remembers to have made: (caller, operation, key, order id)."""
        return [(row["caller"], row["operation"], row["key"], order_id) for row in self.answers["order"]
                if row["operation"] in ("order.place_order", "order.start_draft") and (order_id := decoded(row["reply"]).get("order_id"))]

    def timers(self, module):
        return self.table(module, "timers")

    @cached_property
    def told(self):
        """How often each module announced an event: by module and subject, a Counter of names."""
        told = {}
        for module, log in self.logs.items():
            told[module] = defaultdict(Counter)
            for entry in log:
                told[module][entry["subject"]][name_of(entry)] += 1
        return told

    def has_told(self, module, subject, name):
        return self.told[module][subject][name] > 0 if subject in self.told[module] else False

    @cached_property
    def created(self):
        """What order announced as OrderCreated, first and so that it can be read, by order id."""
        created = {}
        for entry in self.logs["order"]:
            if name_of(entry) == "OrderCreated" and (said := read_priced_order(entry["payload"])):
                created.setdefault(entry["subject"], said)
        return created

    def is_ours(self, order_id):
        return order_id in self.orders or order_id in self.created

    # -- order ---------------------------------------------------------------------------------------------------------
    @cached_property
    def orders(self):
        return {row["order_id"]: row for row in self.table("order", "orders")}

    @cached_property
    def order_events(self):
        events = defaultdict(list)
        for row in self.table("order", "order_events", "order_id, version"):
            events[row["order_id"]].append(row)
        return events

    @cached_property
    def placed(self):
        """The orders that were placed at some time."""
        return {order_id for order_id, events in self.order_events.items() if any(row["type"] == "OrderPlaced" for row in events)}

    def orders_that(self, *statuses):
        return {order_id: row for order_id, row in self.orders.items() if row["status"] in statuses}

    @cached_property
    def ended_and_placed(self):
        return {order_id: row for order_id, row in self.orders_that(*ENDS).items() if order_id in self.placed}

    # -- payment -------------------------------------------------------------------------------------------------------
    @cached_property
    def payments(self):
        return {row["order_id"]: row for row in self.table("payment", "payments")}

    @cached_property
    def ledger(self):
        return self.table("payment", "ledger_entries", "transaction_id, account")

    @cached_property
    def transactions(self):
        """The entries of each ledger transaction, by its id."""
        transactions = defaultdict(list)
        for entry in self.ledger:
            transactions[entry["transaction_id"]].append(entry)
        return transactions

    def _transfers(self, kind):
        """What the transactions of a kind moved, by the order that their entries name."""
        moved = {}
        for entry in self.ledger:
            if entry["transaction_id"].startswith(f"{kind}:"):
                transaction = (entry["order_id"], entry["transaction_id"])
                money = Money(entry["amount_minor"], entry["currency"])
                moved[transaction] = max(moved.get(transaction, money), money, key=lambda one: one.amount)
        found = defaultdict(list)
        # Those that are named after their order come first.
        for order_id, name in sorted(moved, key=lambda one: (one[1] != f"{kind}:{one[0]}", one)):
            found[order_id].append(moved[order_id, name])
        return dict(found)

    @cached_property
    def captures(self):
        return self._transfers("capture")

    @cached_property
    def refunds(self):
        return self._transfers("refund")

    @cached_property
    def earnings(self):
        return self._transfers("earn")

    @cached_property
    def invoices(self):
        return {row["order_id"]: row for row in self.table("payment", "invoices")}

    @cached_property
    def provider_work(self):
        return self.table("payment", "provider_work")

    @cached_property
    def unpriced(self):
        """The orders whose payment waits for what they cost."""
        return {row["order_id"] for row in self.table("payment", "unpriced_orders")}

    # -- inventory -----------------------------------------------------------------------------------------------------
    @cached_property
    def products(self):
        return {row["product_id"]: row for row in self.table("inventory", "products")}

    @cached_property
    def movements(self):
        return self.table("inventory", "stock_movements", "id")

    @cached_property
    def movements_of_orders(self):
        """By order id."""
        found = defaultdict(list)
        for movement in self.movements:
            if movement["order_id"] is not None:
                found[movement["order_id"]].append(movement)
        return found

    def moved(self, order_id, kind):
        """How many of each product were moved so for an order; empty where none were."""
        return quantities(row for row in self.movements_of_orders.get(order_id, ()) if row["kind"] == kind)

    @cached_property
    def reservations(self):
        return {row["order_id"]: row for row in self.table("inventory", "reservations")}

    # -- user ----------------------------------------------------------------------------------------------------------
    @cached_property
    def users(self):
        return {row["user_id"]: row for row in self.table("user", "users")}
