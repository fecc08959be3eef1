"""The one place that says what a shop must look like after a crash."""
import sqlite3
from collections import Counter

from cut import CannotRead, connect
from quiet import unsettled
import two_audits


def is_quiet(data_dir, config=None):
    """Whether nothing is under way any more. `config`: what the shop was started with, for stores on a server."""
    try:
        return not unsettled(data_dir, config=config)
    except (CannotRead, sqlite3.Error):
        return False  # a store is just being made


def audit(data_dir, history, crowds, config=None):
    """Every violation: of the stores, and of what the customers were told. The shop is quiet. `config`: as is_quiet() has it."""
    history_file = data_dir.with_name("history.jsonl")
    history.write(history_file)
    # Receipts are still sent while the two look.
    found = two_audits.audit(data_dir, history=history_file, at_rest=False, config=config)
    return found + orders_are_those_that_were_acknowledged(data_dir, history, config) + \
        wishes_came_true_once(data_dir, crowds, config)


def orders_are_those_that_were_acknowledged(data_dir, history, config=None):
    """Each acknowledged order is there, one for each key, and no other."""
    found = []
    stored = {order_id for (order_id,) in connect(data_dir, "order", config).execute("SELECT order_id FROM orders")}
    told = history.acknowledged()
    found += [f"the key {key} was told of {len(ids)} orders" for key, ids in told.items() if len(ids) != 1]
    wanted = Counter(order_id for ids in told.values() for order_id in ids)
    found += [f"order {name} was acknowledged under {count} keys" for name, count in wanted.items() if count > 1]
    found += [f"order {name} was acknowledged, and is gone" for name in wanted.keys() - stored]
    return found + [f"order {name} was never acknowledged" for name in stored - wanted.keys()]


def wishes_came_true_once(data_dir, crowds, config):
    """What came in, who registered and what was added is what was acknowledged, once each."""
    found = []
    moved = Counter()
    came_in = "SELECT product_id, kind, quantity FROM stock_movements WHERE kind IN ('added', 'restocked')"
    for product_id, kind, quantity in connect(data_dir, "inventory", config).execute(came_in):
        moved[product_id, kind] += quantity
    wanted = Counter()
    for crowd in crowds:
        for product_id, quantity in crowd.restocked.items():
            wanted[product_id, "restocked"] += quantity
        for product_id in crowd.added:
            wanted[product_id, "added"] += 5
    for (product_id, kind), quantity in wanted.items():
        if moved[product_id, kind] != quantity:
            found.append(f"{moved[product_id, kind]} of {product_id} were {kind}, and {quantity} were acknowledged")
    users = dict(connect(data_dir, "user", config).execute("SELECT email, user_id FROM users"))
    found += [f"{email} registered as {user_id}, and is {users.get(email)}"
              for crowd in crowds for email, user_id in crowd.registered.items() if users.get(email) != user_id]
    return found
