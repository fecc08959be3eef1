"""A, C: what clients saw of a shop, held against its stores."""
from collections import defaultdict
from pathlib import Path

from checks import check
from cut import CannotRead
from records import ENDS, decoded, is_integer

OUTCOMES = ("ok", "failed", "unknown")


class Request:
    """The attempts under one key."""

    def __init__(self):
        # The orders that any answer named.
        self.named = []
        self.was_acknowledged = False
        self.was_always_refused = True

    def add(self, attempt):
        order_id = attempt.get("order_id")
        if order_id and order_id not in self.named:
            self.named.append(order_id)
        self.was_acknowledged |= attempt["outcome"] == "ok" and bool(order_id)
        self.was_always_refused &= attempt["outcome"] == "failed"


class History:
    """The attempts of a file of one JSON object a line. A request is known by (operation, key). Raises CannotRead."""

    def __init__(self, path):
        try:
            # What stands behind the last line break is still being written.
            lines = Path(path).read_text(encoding="utf-8", errors="surrogateescape").split("\n")[:-1]
        except OSError as problem:
            raise CannotRead(f"{path}: {problem}") from problem
        self.lines, self.attempts, self.damages = len(lines), [], []
        self.requests = defaultdict(Request)
        for number, line in enumerate(lines, start=1):
            attempt = decoded(line)
            if not is_attempt(attempt):
                self.damages.append(f"line {number} is no attempt")
                continue
            if problem := wrong_attempt(attempt):
                self.damages.append(f"line {number}: {problem}")
            self.attempts.append(attempt)
            self.requests[attempt["operation"], attempt["key"]].add(attempt)

    @property
    def acknowledged(self):
        return {key: request for key, request in self.requests.items() if request.was_acknowledged}

    @property
    def acknowledgements(self):
        """The attempts that were acknowledged with an order."""
        return [attempt for attempt in self.attempts if attempt["outcome"] == "ok" and attempt.get("order_id")]


def is_attempt(attempt):
    """Whether an object has what every attempt has."""
    return (all(is_integer(attempt.get(name)) for name in ("attempt", "start_ms", "end_ms")) and attempt.get("outcome") in OUTCOMES and
            all(isinstance(attempt.get(name), str) and attempt[name] for name in ("operation", "key")))


def wrong_attempt(attempt):
    """What is wrong with an attempt; None where nothing is."""
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
    return history.lines, found


@check("C1")
def acknowledged_orders_are_there(records, history):
    found = [f"attempt {attempt['attempt']}: {attempt['order_id']} was acknowledged, and is gone" for attempt in history.acknowledgements
             if attempt["order_id"] not in records.orders]
    return len(history.acknowledgements), found


@check("C2")
def a_key_names_one_order(records, history):
    found, keys = [], defaultdict(list)
    for (_, key), request in history.acknowledged.items():
        if len(request.named) > 1:
            found.append(f"the key {key!r} was answered with {request.named}")
        for order_id in request.named:
            keys[order_id].append(key)
    found += [f"{order_id} was named to the keys {names}" for order_id, names in keys.items() if len(names) > 1]
    return len(history.acknowledged), found


@check("C3")
def what_was_refused_was_not_done(records, history):
    refused = [key for key, request in history.requests.items() if request.was_always_refused]
    orders = made(records)
    return len(refused), [f"the key {key[1]!r} was refused, and made {sorted(orders[key])}" for key in refused if key in orders]


@check("C4")
def a_key_made_what_was_acknowledged(records, history):
    found, orders = [], made(records)
    for key, request in history.requests.items():
        ids = orders.get(key, set())
        if len(ids) > 1 or ids and request.was_acknowledged and request.named[0] not in ids:
            found.append(f"the key {key[1]!r} made {sorted(map(str, ids))}, and named was {request.named}")
    return len(history.requests), found


@check("C7")
def every_order_was_asked_for(records, history):
    asked = {order_id for key, ids in made(records).items() if key in history.requests for order_id in ids}
    return len(records.orders), [f"order {order_id} was asked for by no key of the history" for order_id in records.orders
                                 if order_id not in asked]


@check("C8")
def acknowledged_orders_have_ended(records, history):
    wanted = {attempt["order_id"] for attempt in history.acknowledgements if attempt["operation"] == "order.place_order"}
    ended = records.orders_that(*ENDS)
    return len(wanted), [f"order {order_id} was acknowledged, and has not ended" for order_id in wanted
                         if order_id not in ended]
