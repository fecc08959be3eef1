"""O, U4, M10: orders, their own events, and what order's log announces of them."""
import json

from checks import check
from records import decoded, is_integer, name_of, read_items, read_priced_order

INT64_MAX = 2**63 - 1
ENDINGS = ("OrderConfirmed", "OrderCancelled")


@check("O1")
def versions_have_no_gap(records):
    found = []
    orders = {**records.orders, **records.order_events}
    for order_id in orders:
        versions = [event["version"] for event in records.order_events.get(order_id, ())]
        row = records.orders.get(order_id)
        if not versions or row is None:
            found.append(f"order {order_id} has {len(versions)} events and {'no' if row is None else 'a'} row")
        elif versions != list(range(1, len(versions) + 1)) or row["version"] != len(versions):
            found.append(f"order {order_id} has the versions {versions}, and its row says {row['version']}")
    return len(orders), found


def fold(events):
    """The row that an order's events amount to. Raises KeyError where an event does not say what its type says."""
    state = {"status": None, "user_id": None, "user_name": None, "items": [], "total_minor": None, "currency": None, "reason": None}
    for event in events:
        data = decoded(event["data"])
        match event["type"]:
            case "OrderStarted":
                state.update(status="pending", user_id=data.get("user_id"), user_name=data.get("user_name"))
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
                state.update(status="cancelled", reason=data.get("reason"))
            case _:
                raise KeyError(event["type"])
    return state


def items_of(row):
    """The items of an order's row; None where they cannot be read."""
    try:
        return json.loads(row["items"])
    except ValueError:
        return None


@check("O2")
def rows_are_the_fold_of_events(records):
    found = []
    for order_id, row in records.orders.items():
        try:
            folded = fold(records.order_events.get(order_id, ()))
        except (KeyError, TypeError) as problem:
            found.append(f"order {order_id} has an event that cannot be read: {problem!r}")
            continue
        for name, wanted in folded.items():
            have = items_of(row) if name == "items" else row[name]
            if have != wanted:
                found.append(f"order {order_id}: {name} is {have!r}, and its events say {wanted!r}")
    return len(records.orders), found


def illegal(names):
    """Why these events cannot come one after the other; None where they can."""
    seen = set()
    for name in names:
        match name:
            case "OrderStarted":
                legal = not seen
            case "ItemAdded":
                legal = "OrderStarted" in seen and not seen & {"OrderPlaced", *ENDINGS}
            case "OrderPlaced":
                legal = "OrderStarted" in seen and not seen & {"OrderPlaced", *ENDINGS}
            case "OrderConfirmed":
                legal = "OrderPlaced" in seen and not seen & {*ENDINGS}
            case "OrderCancelled":
                legal = "OrderStarted" in seen and not seen & {*ENDINGS}
            case _:
                legal = False
        if not legal:
            return f"{name} comes where it cannot"
        seen.add(name)
    return None


@check("O3")
def events_come_in_a_legal_order(records):
    found = []
    for order_id, events in records.order_events.items():
        names = [event["type"] for event in events]
        if problem := illegal(names):
            found.append(f"order {order_id}: {problem}: {names}")
    return sum(len(events) for events in records.order_events.values()), found


def announcements(events):
    """What order's log has to say of an order with these events, in this order."""
    names = [event["type"] for event in events]
    return ["OrderCreated", *(name for name in names if name in ENDINGS)] if "OrderPlaced" in names else []


@check("O4")
def the_log_says_what_happened(records):
    said = {order_id: [] for order_id in (*records.orders, *records.order_events)}
    found = []
    for entry in records.logs["order"]:
        if entry["subject"] in said:
            said[entry["subject"]].append(name_of(entry))
        else:
            found.append(f"entry {entry['seq']} is {entry['type']} of {entry['subject']}, which is no order")
    for order_id, names in said.items():
        wanted = announcements(records.order_events.get(order_id, ()))
        if names != wanted:
            found.append(f"order {order_id} was announced as {names}, and its events say {wanted}")
    return len(records.logs["order"]) + len(records.orders), found


@check("O5")
def order_created_says_what_the_order_says(records):
    found, examined = [], 0
    for entry in records.logs["order"]:
        if name_of(entry) != "OrderCreated":
            continue
        examined += 1
        said, row = read_priced_order(entry["payload"]), records.orders.get(entry["subject"])
        if said is None:
            found.append(f"entry {entry['seq']}, OrderCreated of {entry['subject']}, cannot be read")
        if said is None or row is None:
            continue  # that there is an order is O4
        wanted = {"user_id": row["user_id"], "items": items_of(row), "total": row["total_minor"],
                  "currency": row["currency"]}
        found += [f"order {entry['subject']} was announced with {name} {said.get(name)!r}, and has {value!r}"
                  for name, value in wanted.items() if said.get(name) != value]
    return examined, found


@check("O6")
def open_orders_have_a_timer(records):
    kinds = {"placed": "order.deadline", "pending": "order.draft"}
    wanted = {(kinds[row["status"]], order_id) for order_id, row in records.orders_that(*kinds).items()}
    timers = records.timers("order")
    have = {(row["kind"], row["subject"]) for row in timers}
    found = [f"order {order_id} has no timer {kind}" for kind, order_id in sorted(wanted - have)]
    found += [f"{order_id} has a timer {kind}, and is not waiting for it" for kind, order_id in sorted(have - wanted)]
    return len(timers) + len(wanted), found


@check("O8")
def no_order_is_still_placed(records):
    return len(records.orders), [f"order {order_id} is still placed" for order_id in records.orders_that("placed")]


@check("U4")
def orders_are_of_users(records):
    of_users = {order_id: row["user_id"] for order_id, row in records.orders.items() if row["user_id"] is not None}
    return len(of_users), [f"order {order_id} is of {user_id}, who is no user" for order_id, user_id in of_users.items()
                           if user_id not in records.users]


def wrong_sum(row):
    """What is wrong with an order's total; None where nothing is."""
    total, items = 0, read_items(items_of(row))
    if items is None:
        return "its items cannot be read"
    for item in items:
        quantity, price = item["quantity"], item.get("unit_price")
        if not is_integer(price) or quantity < 1 or price < 0:
            return f"{quantity!r} of {item['product_id']} at {price!r}"
        total += quantity * price
        if total > INT64_MAX:
            return "its lines cost more than an integer holds"
    return None if total == row["total_minor"] else f"its lines cost {total}, and its total is {row['total_minor']}"


@check("M10")
def totals_are_the_sum_of_lines(records):
    with_total = {order_id: row for order_id, row in records.orders.items() if row["total_minor"] is not None}
    found = [f"order {order_id}: {problem}" for order_id, row in with_total.items() if (problem := wrong_sum(row))]
    return len(with_total), found
