"""A, C: what clients saw of a shop, held against its stores."""
import json
from collections import defaultdict
from pathlib import Path

from checks import check
from cut import CannotRead
from records import ENDS

OUTCOMES = ("ok", "failed", "unknown")


class History:
    """The attempts of a file of one JSON object a line. A key is (operation, key). Raises CannotRead."""

    def __init__(self, path):
        self.attempts, self.damages = [], []
        try:
            # What stands behind the last line break is still being written.
            lines = Path(path).read_text(encoding="utf-8", errors="surrogateescape").split("\n")[:-1]
        except OSError as problem:
            raise CannotRead(f"{path}: {problem}") from problem
        for number, line in enumerate(lines, start=1):
            try:
                attempt = json.loads(line)
                if problem := wrong_attempt(attempt):
                    self.damages.append(f"line {number}: {problem}")
                self.attempts.append(attempt)
            except (ValueError, KeyError, TypeError) as problem:
                raise CannotRead(f"{path}, line {number} is no attempt: {problem!r}") from problem
        self.keys = defaultdict(list)
        for attempt in self.attempts:
            self.keys[attempt["operation"], attempt["key"]].append(attempt)
        self.acknowledged = {key: ids for key, attempts in self.keys.items()
                             if (ids := {attempt.get("order_id") for attempt in attempts if attempt["outcome"] == "ok"})}

    def acknowledged_placings(self):
        """The orders that were acknowledged as placed; a draft is none of them."""
        return {order_id for (operation, _), ids in self.acknowledged.items() if operation == "order.place_order"
                for order_id in ids if order_id}


def wrong_attempt(attempt):
    """What is wrong with a line; None where nothing is."""
    if not isinstance(attempt["key"], str) or not isinstance(attempt["operation"], str):
        return f"attempt {attempt['attempt']} has no key or no operation"
    if attempt["outcome"] not in OUTCOMES:
        return f"the outcome {attempt['outcome']!r} is none"
    if attempt["end_ms"] < attempt["start_ms"]:
        return f"attempt {attempt['attempt']} ends before it starts"
    if attempt["outcome"] == "ok" and not attempt.get("order_id"):
        return f"attempt {attempt['attempt']} is ok, and has no order"
    return None


def made(records):
    """The orders that each key (operation, key) has made, by the answers that order remembers."""
    orders = defaultdict(set)
    for _, operation, key, order_id in records.orders_under_keys:
        orders[operation, key].add(order_id)
    return orders


@check("A2")
def the_history_is_whole(records, history):
    numbers = sorted(attempt["attempt"] for attempt in history.attempts)
    found = list(history.damages)
    if numbers != list(range(1, len(numbers) + 1)):
        wrong = next(number for place, number in enumerate(numbers, start=1) if number != place)
        found.append(f"{len(numbers)} attempts are not numbered one after the other, from {wrong} on")
    return len(history.attempts), found


@check("C1")
def acknowledged_orders_are_there(records, history):
    acknowledged = [attempt for attempt in history.attempts if attempt["outcome"] == "ok"]
    return len(acknowledged), [f"attempt {attempt['attempt']}: {attempt.get('order_id')} was acknowledged, and is gone"
                               for attempt in acknowledged if attempt.get("order_id") and attempt["order_id"] not in records.orders]


@check("C2")
def a_key_names_one_order(records, history):
    found = [f"the key {key[1]!r} was answered with {sorted(map(str, ids))}" for key, ids in history.acknowledged.items() if len(ids) > 1]
    keys = defaultdict(list)
    for key, ids in history.acknowledged.items():
        for order_id in ids:
            keys[order_id].append(key[1])
    found += [f"{order_id} was acknowledged to the keys {names}" for order_id, names in keys.items() if len(names) > 1]
    return len(history.acknowledged), found


@check("C3")
def what_was_refused_was_not_done(records, history):
    refused = [key for key, attempts in history.keys.items() if all(attempt["outcome"] == "failed" for attempt in attempts)]
    orders = made(records)
    return len(refused), [f"the key {key[1]!r} was refused, and made {sorted(orders[key])}" for key in refused if key in orders]


@check("C4")
def a_key_made_what_was_acknowledged(records, history):
    found, orders = [], made(records)
    for key in history.keys:
        ids, acknowledged = orders.get(key, set()), history.acknowledged.get(key)
        if len(ids) > 1 or ids and acknowledged and ids != acknowledged:
            found.append(f"the key {key[1]!r} made {sorted(map(str, ids))}, and acknowledged was {acknowledged}")
    return len(history.keys), found


@check("C7")
def every_order_was_asked_for(records, history):
    asked = {order_id for key, ids in made(records).items() if key in history.keys for order_id in ids}
    return len(records.orders), [f"order {order_id} was asked for by no key of the history" for order_id in records.orders
                                 if order_id not in asked]


@check("C8")
def acknowledged_orders_have_ended(records, history):
    wanted, ended = history.acknowledged_placings(), records.orders_that(*ENDS)
    return len(wanted), [f"order {order_id} was acknowledged, and has not ended" for order_id in wanted
                         if order_id not in ended]
