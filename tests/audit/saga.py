"""G: what the modules did about one order fits together."""
from checks import check
from records import WAS_RESERVED, read_lines


@check("G1")
def money_and_goods_agree_with_the_end(records):
    found = []
    for order_id, row in records.ended_and_placed.items():
        has_money = order_id in records.captures and order_id not in records.refunds
        stock = records.reservations[order_id]["stock"] if order_id in records.reservations else None
        if row["status"] == "confirmed":
            is_right = has_money and stock == "committed"
        else:
            is_right = not has_money and stock not in ("reserved", "committed")
        if not is_right:
            found.append(f"the {row['status']} order {order_id}: its money was {'kept' if has_money else 'not kept'}, its stock is {stock}")
    return len(records.ended_and_placed), found


@check("G2")
def steps_have_their_cause(records):
    confirmed = records.orders_that("confirmed")
    found = [f"order {order_id} is confirmed, and InventoryReserved was never announced" for order_id in confirmed
             if not records.has_told("inventory", order_id, "InventoryReserved")]
    found += [f"stock is {row['stock']} for {order_id}, and PaymentSuccess was never announced" for order_id, row in
              records.reservations.items() if row["stock"] in WAS_RESERVED and not records.has_told("payment", order_id, "PaymentSuccess")]
    return len(confirmed) + len(records.reservations), found


def pays_for_others(records, order_id):
    """Whether payment has said or heard something of an order that a service elsewhere has placed."""
    payment = records.payments.get(order_id)
    return not records.is_ours(order_id) and (
        any(records.has_told("payment", order_id, name) for name in ("PaymentSuccess", "PaymentRefunded")) or
        (payment is not None and payment["ending"] != "open"))


def moves_for_others(records, order_id):
    row = records.reservations.get(order_id)
    return not records.is_ours(order_id) and row is not None and bool(read_lines(row))


@check("G3")
def only_placed_orders_move_anything(records):
    found = [f"money was captured for {order_id}, which was not placed" for order_id in records.captures
             if order_id not in records.placed and not pays_for_others(records, order_id)]
    found += [f"goods were moved for {order_id}, which was not placed" for order_id in records.movements_of_orders
              if order_id not in records.placed and not moves_for_others(records, order_id)]
    return sum(map(len, (*records.captures.values(), *records.movements_of_orders.values()))), found


@check("G6")
def all_know_the_end(records):
    found = []
    for order_id, row in records.ended_and_placed.items():
        for who, rows in (("payment", records.payments), ("inventory", records.reservations)):
            known = rows[order_id]["ending"] if order_id in rows else None
            if known != row["status"]:
                found.append(f"the {row['status']} order {order_id} is {known} for {who}")
    return len(records.ended_and_placed), found
