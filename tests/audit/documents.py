"""A store of documents as the rows that the migrations declare. One find() over a collection is no snapshot of it; how a moment is made of
several is told on the page (app/audit/README.md, "Orders in documents")."""
import json
from collections import Counter

from mongodb import Collection
from places import CannotRead
from tables import Copy

SUBJECT = "subject/"
ENTRY = {"seq": int, "epoch": int, "type": str, "at_ms": int, "trace": str, "payload": str, "hash": bytes}
CURSOR = {"log_id": str, "epoch": int, "seq": int, "hash": bytes}
ANSWER = {"key": str, "operation": str, "caller": str, "fingerprint": bytes, "reply": str, "at_ms": int}
EVENT = {"version": int, "type": str, "at_ms": int, "data": str}
ITEM = {"product_id": str, "quantity": int}
ORDER = {"status": str, "version": int, "created_at_ms": int}
MAY_BE_MISSING = {"user_id": str, "user_name": str, "total_minor": int, "currency": str, "reason": str}
MOST_ROUNDS = 1000


class Malformed(Exception):
    """A document is not of the form that the page describes."""


def members(document, wanted, optional=()):
    """Those members that are wanted, all of their types."""
    if not isinstance(document, dict):
        raise Malformed(f"{document!r} is no document")
    for name, kind in {**wanted, **dict(optional)}.items():
        value = document.get(name)
        if (value is not None or name in wanted) and (not isinstance(value, kind) or isinstance(value, bool)):
            raise Malformed(f"{name} is {value!r}")
    return {name: document.get(name) for name in {**wanted, **dict(optional)}}


def listed(document, name, wanted):
    """The members of each document of a list; none where there is no list."""
    elements = document.get(name, [])
    if not isinstance(elements, list):
        raise Malformed(f"{name} is no list")
    return [members(element, wanted) for element in elements]


def items_of(body):
    items = []
    for item in body.get("items", []):
        item = members(item, ITEM, {"unit_price_minor": int})
        items.append({"product_id": item["product_id"], "quantity": item["quantity"], "unit_price": item["unit_price_minor"]})
    return json.dumps(items)


def rows_of_subject(document, subject):
    """What a document says of one order, by the names of tables."""
    rows = {"event_log": [entry | {"subject": subject} for entry in listed(document, "log", ENTRY)],
            "timers": [timer | {"subject": subject} for timer in listed(document, "timers", {"kind": str, "due_at_ms": int})],
            "idempotency": listed(document, "answers", ANSWER),
            "dead_letters": [letter | {"subject": subject} for letter in
                             listed(document, "dead_letters", {**ENTRY, "publisher": str, "state": str, "reason": str})],
            "applied": listed(document, "applied", {"publisher": str, "seq": int}), "orders": [], "order_events": []}
    if body := document.get("body"):
        order = members(body, ORDER, MAY_BE_MISSING)
        rows["orders"] = [order | {"order_id": subject, "items": items_of(body)}]
        rows["order_events"] = [event | {"order_id": subject} for event in listed(body, "events", EVENT)]
    return rows


def row_of_the_kernel(document):
    """The table and the row of a record that is about no order; None for one that no invariant is about."""
    name, body = document["_id"], document.get("body")
    if name == "ownership":
        return "ownership", members(body, {"log_id": str, "epoch": int}) | {"id": 1}
    if name.startswith("cursor/"):
        return "cursors", members(body, CURSOR) | {"publisher": name.removeprefix("cursor/"), "partition": 0}
    if name.startswith("receipt/"):
        return "receipts", members(body, {"seq": int, "at_ms": int}) | {"subscriber": name.removeprefix("receipt/")}
    return None


class DocumentStore:
    """A store in a collection. To be closed."""

    def __init__(self, place):
        self.copy = Copy(place.module)
        self.connection = self.copy.connection
        self._collection = Collection(place.url, place.module)
        # Of each document the last revision that was read, and its rows.
        self._held = {}
        self._malformed = {}
        self._lost = set()

    def begin(self):
        """Reads what has changed since the last time, up to a moment at which all of it was so."""
        kernel = {"ownership": [], "cursors": [], "receipts": []}
        for document in self._collection.find({"_id": {"$lt": SUBJECT}}):
            self._read(document, lambda: self._take_kernel(kernel, document))
        wanted = {"last_seq": {"$gt": self._head()}} if self._held else {"_id": {"$gte": SUBJECT}}
        for _ in range(MOST_ROUNDS):
            missing = self._missing()
            for document in self._collection.find(wanted):
                self._read(document, lambda: self._take(document))
            # What was missing before this round began, and is missing still, nobody will write any more.
            self._lost |= missing & self._missing()
            if not (missing := self._missing()):
                break
            wanted = {"last_seq": {"$gte": min(missing)}}
        else:
            raise CannotRead("the orders' documents change faster than they can be read")
        self._fill(kernel)

    def _read(self, document, take):
        try:
            take()
            self._malformed.pop(document["_id"], None)
        except Malformed as problem:
            self._malformed[document["_id"]] = str(problem)

    @staticmethod
    def _take_kernel(kernel, document):
        if found := row_of_the_kernel(document):
            kernel[found[0]].append(found[1])

    def _take(self, document):
        name = document["_id"]
        if not name.startswith(SUBJECT):
            raise Malformed("it is none of ours")
        revision = members(document, {"revision": int})["revision"]
        if name not in self._held or self._held[name][0] < revision:
            self._held[name] = revision, rows_of_subject(document, name.removeprefix(SUBJECT))

    def _numbers(self):
        return {entry["seq"] for _, rows in self._held.values() for entry in rows["event_log"]}

    def _head(self):
        return max(self._numbers(), default=0)

    def _missing(self):
        """The numbers of the log's entries that are not there, though later ones are. In a gap that is too large to be one of a race
        only its first one counts."""
        missing, before = set(), 0
        for seq in sorted(self._numbers()):
            missing.update(range(before + 1, min(seq, before + 1000)))
            before = seq
        return missing - self._lost

    def _fill(self, kernel):
        tables = {**kernel, **{name: [] for name in ("event_log", "timers", "idempotency", "dead_letters", "orders", "order_events")}}
        for _, rows in self._held.values():
            for name in tables.keys() - kernel.keys():
                tables[name] += rows[name]
        for number, answer in enumerate(tables["idempotency"]):
            answer["id"] = number
        for name, rows in tables.items():
            self.copy.fill(name, rows)

    def applied(self):
        """The last entry of each publisher that took effect in any document."""
        reached = Counter()
        for _, rows in self._held.values():
            for entry in rows["applied"]:
                reached[entry["publisher"]] = max(reached[entry["publisher"]], entry["seq"])
        return reached

    def complete(self):
        """All is copied."""
        self._collection.close()

    def problems(self):
        """Why it is not sound."""
        return [f"the document {name}: {problem}" for name, problem in self._malformed.items()]

    def close(self):
        self._collection.close()
        self.copy.close()
