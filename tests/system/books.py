"""An audit of a shop's stores that shares no code with the shop: plain SQL over the four files, and the rules of the business.

Each check takes Books and returns a list of violations, empty where all is well. The shop is quiet or stopped meanwhile."""
import hashlib
import json
import sqlite3
from collections import Counter, defaultdict
from pathlib import Path

MODULES = ("user", "inventory", "payment", "order")
# Who follows whose log: the graph of modules/README.md.
HEARS = {"order": {"inventory": ("InventoryReserved", "InventoryExpired"), "payment": ("PaymentFailed", "PaymentRefunded")},
         "payment": {"inventory": ("InventoryFailed",), "order": ("OrderCreated", "OrderConfirmed", "OrderCancelled")},
         "inventory": {"order": ("OrderCreated", "OrderConfirmed", "OrderCancelled"), "payment": ("PaymentSuccess",)}}
NO_HASH = bytes(32)


def connect(data_dir, module):
    """A connection that can only read."""
    return sqlite3.connect(f"file:{Path(data_dir) / module / '0.db'}?mode=ro", uri=True, timeout=10)


def rows(connection, statement):
    connection.row_factory = sqlite3.Row
    return [dict(row) for row in connection.execute(statement)]


class Books:
    """All that the stores say, read into memory."""

    def __init__(self, data_dir):
        self.integrity, self.logs, self.ownership, self.cursors, self.dead_letters, self.timers = {}, {}, {}, {}, {}, {}
        for module in MODULES:
            connection = connect(data_dir, module)
            try:
                self.integrity[module] = [row[0] for row in connection.execute("PRAGMA integrity_check")]
                self.logs[module] = rows(connection, "SELECT * FROM event_log ORDER BY seq")
                self.ownership[module] = rows(connection, "SELECT * FROM ownership")[0]
                self.cursors[module] = {row["publisher"]: row for row in rows(connection, "SELECT * FROM cursors")}
                self.dead_letters[module] = rows(connection, "SELECT * FROM dead_letters")
                self.timers[module] = rows(connection, "SELECT * FROM timers")
                getattr(self, f"_read_{module}")(connection)
            finally:
                connection.close()

    def _read_user(self, connection):
        self.users = rows(connection, "SELECT user_id, email FROM users")

    def _read_order(self, connection):
        self.orders = {row["order_id"]: row for row in rows(connection, "SELECT * FROM orders")}
        self.order_events = defaultdict(list)
        for row in rows(connection, "SELECT * FROM order_events ORDER BY order_id, version"):
            self.order_events[row["order_id"]].append(row)
        self.answers = rows(connection, "SELECT caller, operation, key, reply FROM idempotency")

    def _read_payment(self, connection):
        self.payments = {row["order_id"]: row for row in rows(connection, "SELECT * FROM payments")}
        self.ledger = rows(connection, "SELECT * FROM ledger_entries")
        self.invoices = {row["order_id"]: row for row in rows(connection, "SELECT * FROM invoices")}
        self.provider_work = rows(connection, "SELECT * FROM provider_work")

    def _read_inventory(self, connection):
        self.products = {row["product_id"]: row for row in rows(connection, "SELECT * FROM products")}
        self.movements = rows(connection, "SELECT * FROM stock_movements ORDER BY id")
        self.reservations = {row["order_id"]: row for row in rows(connection, "SELECT * FROM reservations")}

    def was_placed(self, order_id):
        return any(event["type"] == "OrderPlaced" for event in self.order_events[order_id])


def stores_are_sound(books):
    return [f"{module}: {line}" for module, lines in books.integrity.items() for line in lines if line != "ok"]


def versions_have_no_gap(books):
    """An order's events are numbered 1, 2, … n, and its row says n."""
    found = []
    for order_id in books.orders.keys() | books.order_events.keys():
        versions = [event["version"] for event in books.order_events[order_id]]
        if versions != list(range(1, len(versions) + 1)):
            found.append(f"order {order_id} has the versions {versions}")
        row = books.orders.get(order_id)
        if row is None or row["version"] != len(versions):
            found.append(f"order {order_id} has {len(versions)} events, and its row says {row and row['version']}")
    return found


def fold(events):
    """The row that an order's events amount to."""
    state = {"status": None, "items": [], "total_minor": None, "currency": None, "reason": None}
    for event in events:
        data = json.loads(event["data"])
        match event["type"]:
            case "OrderStarted":
                state["status"], state["user_id"] = "pending", data["user_id"]
            case "ItemAdded":
                same = [item for item in state["items"] if item["product_id"] == data["product_id"]]
                if same:
                    same[0]["quantity"] += data["quantity"]
                else:
                    state["items"].append({"product_id": data["product_id"], "quantity": data["quantity"], "unit_price": None})
            case "OrderPlaced":
                state.update(status="placed", items=data["items"], total_minor=data["total"], currency=data["currency"])
            case "OrderConfirmed":
                state["status"] = "confirmed"
            case "OrderCancelled":
                state.update(status="cancelled", reason=data["reason"])
    return state


def orders_equal_their_events(books):
    """The read model is the fold of the events, and an order ends at most once."""
    found = []
    for order_id, row in books.orders.items():
        events = books.order_events[order_id]
        for name, value in fold(events).items():
            have = json.loads(row[name]) if name == "items" else row[name]
            if have != value:
                found.append(f"order {order_id}: {name} is {have!r}, and its events say {value!r}")
        endings = [event["type"] for event in events if event["type"] in ("OrderConfirmed", "OrderCancelled")]
        if len(endings) > 1:
            found.append(f"order {order_id} ended {len(endings)} times: {endings}")
        if row["total_minor"] is not None:
            total = sum(item["quantity"] * item["unit_price"] for item in json.loads(row["items"]))
            if total != row["total_minor"]:
                found.append(f"order {order_id}: the lines cost {total}, and the total is {row['total_minor']}")
    return found


def placed_orders_have_ended(books):
    return [f"order {order_id} is still placed" for order_id, row in books.orders.items() if row["status"] == "placed"]


def money_follows_orders(books):
    """A confirmed order is captured, earned and invoiced once and never refunded; what a cancelled one was charged went back, once."""
    found = []
    moves = defaultdict(Counter)
    for entry in books.ledger:
        if entry["amount_minor"] >= 0:
            name = entry["transaction_id"].split(":")[0]
            moves[entry["order_id"]][name] += 1
            total = books.orders.get(entry["order_id"], {}).get("total_minor")
            if entry["amount_minor"] != total:
                found.append(f"{entry['transaction_id']} moves {entry['amount_minor']}, and the order costs {total}")
    for order_id, row in books.orders.items():
        payment = books.payments.get(order_id)
        status = payment["status"] if payment else "none"
        have = dict(moves[order_id])
        if row["status"] == "confirmed":
            wanted = [("captured", {"capture": 1, "earn": 1})]
        elif row["status"] == "cancelled":
            wanted = [("none", {}), ("failed", {}), ("refunded", {"capture": 1, "refund": 1})]
        else:
            wanted = [("none", {})]
        free = row["total_minor"] == 0  # its entries are both zero: counted twice above
        if (status, have) not in wanted and not free:
            found.append(f"the {row['status']} order {order_id} has a {status} payment and the ledger {have}")
        if (order_id in books.invoices) != (row["status"] == "confirmed"):
            found.append(f"the {row['status']} order {order_id} has {'an' if order_id in books.invoices else 'no'} invoice")
    for order_id in (moves.keys() | books.invoices.keys() | books.payments.keys()) - books.orders.keys():
        found.append(f"money moved for {order_id}, which is no order")
    for order_id, invoice in books.invoices.items():
        payment = books.payments.get(order_id, {})
        if (invoice["amount_minor"], invoice["payment_id"]) != (payment.get("amount_minor"), payment.get("payment_id")):
            found.append(f"the invoice of {order_id} is not about its payment")
    return found


def ledger_is_balanced(books):
    """Double entry: each transaction has two sides, and they add up to zero."""
    sums, sides = Counter(), Counter()
    for entry in books.ledger:
        sums[entry["transaction_id"]] += entry["amount_minor"]
        sides[entry["transaction_id"]] += 1
    return [f"{name} adds up to {total}" for name, total in sums.items() if total != 0] + \
           [f"{name} has {count} sides" for name, count in sides.items() if count != 2]


def stock_is_the_sum_of_movements(books):
    """What came in is on hand or gone with an order: nothing appears, nothing gets lost."""
    sums = defaultdict(Counter)
    for movement in books.movements:
        sums[movement["product_id"]][movement["kind"]] += movement["quantity"]
    found = []
    for product_id, row in books.products.items():
        moved = sums[product_id]
        on_hand = moved["added"] + moved["restocked"] - moved["committed"]
        reserved = moved["reserved"] - moved["released"] - moved["committed"]
        if (row["on_hand"], row["reserved"]) != (on_hand, reserved):
            found.append(f"product {product_id} has {row['on_hand']} on hand and {row['reserved']} reserved, and its movements "
                         f"amount to {on_hand} and {reserved}")
    return found + [f"movements of {name}, which is no product" for name in sums.keys() - books.products.keys()]


def stock_follows_orders(books):
    """A confirmed order took exactly its lines, once; a cancelled one gave back what it had set aside."""
    moved = defaultdict(lambda: defaultdict(Counter))
    times = Counter()
    for movement in books.movements:
        if movement["order_id"] is not None:
            moved[movement["order_id"]][movement["kind"]][movement["product_id"]] += movement["quantity"]
            times[movement["order_id"], movement["product_id"], movement["kind"]] += 1
    found = [f"order {order_id} {kind} {product_id} {count} times" for (order_id, product_id, kind), count in times.items() if count > 1]
    for order_id, row in books.orders.items():
        have = moved[order_id]
        if row["status"] == "confirmed":
            lines = Counter({item["product_id"]: item["quantity"] for item in json.loads(row["items"])})
            if have["reserved"] != lines or have["committed"] != lines or have["released"]:
                found.append(f"the confirmed order {order_id} of {dict(lines)} moved {json.dumps(have)}")
        elif have["committed"] or have["released"] != have["reserved"]:
            found.append(f"the {row['status']} order {order_id} moved {json.dumps(have)}")
    return found + [f"stock moved for {order_id}, which is no order" for order_id in moved.keys() - books.orders.keys()]


def nothing_is_reserved(books):
    return [f"product {name} has {row['reserved']} reserved" for name, row in books.products.items() if row["reserved"] != 0] + \
           [f"the reservation of {name} still stands" for name, row in books.reservations.items() if row["stock"] == "reserved"]


def netstring(value):
    data = str(value).encode()
    return str(len(data)).encode() + b":" + data + b","


def chain_hash(before, entry):
    """SHA-256 over the hash before and the netstrings of seq, epoch, type, subject, at, trace and payload."""
    text = before
    for name in ("seq", "epoch", "type", "subject", "at_ms", "trace", "payload"):
        text += netstring(entry[name])
    return hashlib.sha256(text).digest()


def logs_are_chained(books):
    """Sequence numbers run 1, 2, … n, and each hash is over the one before and the entry."""
    found = []
    for module, log in books.logs.items():
        before = NO_HASH
        for place, entry in enumerate(log, start=1):
            if entry["seq"] != place:
                found.append(f"the log of {module} has {entry['seq']} where {place} should be")
                break
            if entry["hash"] != chain_hash(before, entry):
                found.append(f"the log of {module}: entry {place} has another hash than its text")
                break
            before = entry["hash"]
    return found


def cursors_are_at_heads(books):
    """When all is quiet, every subscriber has applied all that it follows, and agrees with the publisher about where it is."""
    found = []
    for subscriber, publishers in HEARS.items():
        for publisher in publishers:
            log = books.logs[publisher]
            head = (books.ownership[publisher]["log_id"], len(log), log[-1]["hash"] if log else NO_HASH)
            row = books.cursors[subscriber].get(publisher)
            cursor = (row["log_id"], row["seq"], row["hash"]) if row else (head[0], 0, NO_HASH)
            if cursor != head:
                found.append(f"{subscriber} is at {cursor[1]} of the log of {publisher}, whose head is {head[1]}")
    return found


def events_follow_orders(books):
    """Each placed order was announced once, and so was its end; money and goods spoke at most once about it."""
    told = defaultdict(Counter)
    for module in ("order", "payment", "inventory"):
        for entry in books.logs[module]:
            told[entry["subject"]][entry["type"].split(".")[2]] += 1
    found = []
    for order_id, row in books.orders.items():
        have = told.pop(order_id, Counter())
        wanted = Counter()
        if books.was_placed(order_id):
            wanted["OrderCreated"] = 1
            if row["status"] in ("confirmed", "cancelled"):
                wanted["Order" + row["status"].capitalize()] = 1
        payment = books.payments.get(order_id, {}).get("status")
        wanted["PaymentRefunded"] = int(payment == "refunded")
        if row["status"] == "confirmed":
            wanted.update(PaymentSuccess=1, InventoryReserved=1)
            have.pop("InventoryExpired", None)  # it may have asked just before the word came
            unwanted = set(have) - set(+wanted)
        else:
            unwanted = {name for name, count in have.items() if count > 1 and name != "InventoryExpired"}
        if any(have[name] != count for name, count in wanted.items()) or unwanted:
            found.append(f"the {row['status']} order {order_id}, payment {payment}, was told of as {dict(have)}")
    return found + [f"events about {subject}, which is no order" for subject in told]


def nothing_is_left_over(books):
    """No dead letter, no work for the provider, no timer of an order that has ended."""
    found = [f"{module} has a dead letter of {row['publisher']}/{row['seq']}: {row['reason']}"
             for module, letters in books.dead_letters.items() for row in letters]
    found += [f"the provider is still to be asked: {row['action']} {row['order_id']}" for row in books.provider_work]
    for module, timers in books.timers.items():
        for timer in timers:
            if books.orders.get(timer["subject"], {}).get("status") != "pending":
                found.append(f"{module} has a {timer['kind']} timer of {timer['subject']}, which has ended")
    return found


def keys_made_one_thing_each(books):
    """An idempotency key of a placing operation stands once, and no two keys share an order."""
    found, by_order = [], Counter()
    seen = Counter((row["caller"], row["operation"], row["key"]) for row in books.answers)
    found += [f"the key {name} was remembered {count} times" for name, count in seen.items() if count > 1]
    for row in books.answers:
        if row["operation"] in ("order.place_order", "order.start_draft"):
            by_order[json.loads(row["reply"])["order_id"]] += 1
    found += [f"order {name} was made under {count} keys" for name, count in by_order.items() if count > 1]
    return found + [f"a key is remembered for {name}, which is no order" for name in by_order.keys() - books.orders.keys()]


CHECKS = (stores_are_sound, versions_have_no_gap, orders_equal_their_events, placed_orders_have_ended, money_follows_orders,
          ledger_is_balanced, stock_is_the_sum_of_movements, stock_follows_orders, nothing_is_reserved, logs_are_chained,
          cursors_are_at_heads, events_follow_orders, nothing_is_left_over, keys_made_one_thing_each)


def audit(data_dir):
    """Every violation that any check finds, each with the name of its check."""
    books = Books(data_dir)
    return [f"{check.__name__}: {violation}" for check in CHECKS for violation in check(books)]


def unsettled(data_dir, only_effects=False):
    """What is still under way in a running shop, in few words; empty once it is quiet. Cheap enough to be polled. A cursor is moved
    over events that its subscriber does not hear only when there is time: `only_effects` does not wait for that."""
    found = []
    logs, cursors = {}, {}
    for module in HEARS:
        connection = connect(data_dir, module)
        try:
            # Cursors first: a log that is read later can only be further on.
            cursors[module] = dict(connection.execute("SELECT publisher, seq FROM cursors"))
            logs[module] = dict(connection.execute("SELECT type, max(seq) FROM event_log GROUP BY type"))
            if module == "order":
                placed = connection.execute("SELECT count(*) FROM orders WHERE status = 'placed'").fetchone()[0]
                found += [f"{placed} orders are placed"] if placed else []
            if module == "payment":
                work = connection.execute("SELECT count(*) FROM provider_work").fetchone()[0]
                found += [f"{work} questions to the provider"] if work else []
        finally:
            connection.close()
    for subscriber, publishers in HEARS.items():
        for publisher, heard in publishers.items():
            heads = [seq for name, seq in logs[publisher].items() if not only_effects or name.split(".")[2] in heard]
            if cursors[subscriber].get(publisher, 0) < max(heads, default=0):
                found.append(f"{subscriber} is behind {publisher}")
    return found
