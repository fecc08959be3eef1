"""S: products, their movements, reservations, and what inventory's log announces of them."""
from collections import Counter, defaultdict

from checks import check
from orders import items_of
from records import ENDS, WAS_RESERVED, quantities, read_items, read_lines

# What a movement does to (on hand, reserved), for each piece.
EFFECTS = {"added": (1, 0), "restocked": (1, 0), "reserved": (0, 1), "released": (0, -1), "committed": (-1, -1)}
OF_ORDERS = ("reserved", "released", "committed")
# The kinds of movements that a reservation's state is made of.
MADE_OF = {"untouched": set(), "refused": set(), "reserved": {"reserved"}, "released": {"reserved", "released"},
           "committed": {"reserved", "committed"}}


def effects_of(movement):
    return EFFECTS.get(movement["kind"], (0, 0))


def counters(records):
    """What the movements of each product amount to: [on hand, reserved]."""
    sums = defaultdict(lambda: [0, 0])
    for movement in records.movements:
        for place, effect in enumerate(effects_of(movement)):
            sums[movement["product_id"]][place] += effect * movement["quantity"]
    return sums


def differing(records, name, place):
    sums = counters(records)
    return len(records.products), [f"product {product_id} has {row[name]} {name}, and its movements amount to {sums[product_id][place]}"
                                   for product_id, row in records.products.items() if row[name] != sums[product_id][place]]


@check("S1")
def on_hand_is_the_sum_of_movements(records):
    return differing(records, "on_hand", 0)


@check("S2")
def reserved_is_the_sum_of_movements(records):
    return differing(records, "reserved", 1)


@check("S3")
def stock_is_never_below_zero(records):
    sums, found = defaultdict(lambda: [0, 0]), []
    for movement in records.movements:
        product = sums[movement["product_id"]]
        for place, effect in enumerate(effects_of(movement)):
            product[place] += effect * movement["quantity"]
        if not 0 <= product[1] <= product[0]:
            found.append(f"after movement {movement['id']} product {movement['product_id']} has {product[0]} on hand and {product[1]} "
                         "reserved")
    return len(records.movements), found


@check("S4")
def reserved_is_what_reservations_hold(records):
    held = Counter()
    for row in records.reservations.values():
        if row["stock"] == "reserved":
            held.update(read_lines(row) or {})
    return len(records.products), [f"product {product_id} has {row['reserved']} reserved, and reservations hold {held[product_id]}"
                                   for product_id, row in records.products.items() if row["reserved"] != held[product_id]]


def wrong_moves(movements):
    """What is wrong with the movements of one product for one order, in their order; None where nothing is."""
    kinds = [movement["kind"] for movement in movements]
    if kinds[:1] != ["reserved"]:
        return "it begins without a reservation"
    if kinds[1:] not in ([], ["released"], ["committed"]):
        return f"it is moved otherwise: {kinds}"
    if len({movement["quantity"] for movement in movements}) != 1:
        return f"quantities differ: {[movement['quantity'] for movement in movements]}"
    return None


@check("S6")
def goods_move_once(records):
    found, examined = [], 0
    for order_id, movements in records.movements_of_orders.items():
        examined += len(movements)
        by_product = defaultdict(list)
        for movement in movements:
            by_product[movement["product_id"]].append(movement)
        found += [f"order {order_id}, product {product_id}: {problem}" for product_id, moves in by_product.items()
                  if (problem := wrong_moves(moves))]
    return examined, found


@check("S7")
def products_begin_by_being_added(records):
    found, kinds = [], defaultdict(list)
    for movement in records.movements:
        kinds[movement["product_id"]].append(movement["kind"])
        if (movement["order_id"] is not None) != (movement["kind"] in OF_ORDERS):
            found.append(f"movement {movement['id']} is {movement['kind']}, and its order is {movement['order_id']}")
    for product_id in records.products:
        if kinds[product_id][:1] != ["added"] or kinds[product_id].count("added") != 1:
            found.append(f"product {product_id} was added {kinds[product_id].count('added')} times, and first {kinds[product_id][:1]}")
    found += [f"{product_id} was moved, and is no product" for product_id in kinds.keys() - records.products.keys()]
    return len(records.products) + len(records.movements), found


@check("S10")
def orders_move_all_lines_or_none(records):
    found = []
    for order_id in records.movements_of_orders:
        row = records.reservations.get(order_id)
        lines = read_lines(row) if row is not None else None
        if lines is None:
            found.append(f"goods were moved for {order_id}, whose lines are not known")
        for kind in OF_ORDERS:
            moved = records.moved(order_id, kind)
            if moved and moved != lines:
                found.append(f"{moved} was {kind} for {order_id}, and its lines are {lines}")
    return len(records.movements_of_orders), found


@check("S11")
def reservations_say_what_moved(records):
    found = []
    for order_id, row in records.reservations.items():
        kinds = {movement["kind"] for movement in records.movements_of_orders.get(order_id, ())} & set(OF_ORDERS)
        if kinds != MADE_OF.get(row["stock"], set()):
            found.append(f"the reservation of {order_id} is {row['stock']}, and its movements are {sorted(kinds)}")
    return len(records.reservations), found


@check("S12")
def the_log_says_what_happened(records):
    found = []
    for order_id in {**records.reservations, **records.told["inventory"]}:
        stock = records.reservations[order_id]["stock"] if order_id in records.reservations else None
        said = dict(records.told["inventory"].get(order_id, {}))
        if stock in WAS_RESERVED:
            said.pop("InventoryExpired", None)
        wanted = {"InventoryReserved": stock in WAS_RESERVED, "InventoryReleased": stock == "released",
                  "InventoryFailed": stock == "refused"}
        if said != {name: 1 for name, is_wanted in wanted.items() if is_wanted}:
            found.append(f"the reservation of {order_id} is {stock}, and was announced as {said}")
    return len(records.logs["inventory"]) + len(records.reservations), found


@check("S13")
def standing_reservations_have_a_timer(records):
    standing = {order_id for order_id, row in records.reservations.items() if row["stock"] == "reserved"}
    timers = records.timers("inventory")
    have = {row["subject"] for row in timers if row["kind"] == "inventory.reservation"}
    found = [f"the reservation of {order_id} stands without a timer" for order_id in standing - have
             if not records.has_told("inventory", order_id, "InventoryExpired")]
    found += [f"{row['subject']} has a timer {row['kind']}, and no reservation that stands" for row in timers
              if row["kind"] != "inventory.reservation" or row["subject"] not in standing]
    return len(timers) + len(standing), found


@check("S14")
def reservations_are_of_what_was_ordered(records):
    found, examined = [], 0
    for order_id, row in records.reservations.items():
        lines = read_lines(row)
        if lines == {} or not records.is_ours(order_id):
            continue
        examined += 1
        created = records.created.get(order_id)
        if lines is None or created is None or lines != quantities(created["items"]):
            found.append(f"the reservation of {order_id} is of {lines}, and OrderCreated is {created}")
    return examined, found


@check("S5")
def goods_follow_orders(records):
    found, ended = [], records.orders_that(*ENDS)
    for order_id, row in ended.items():
        committed = records.moved(order_id, "committed")
        items = read_items(items_of(row))
        wanted = {} if row["status"] != "confirmed" else None if items is None else quantities(items)
        if committed != wanted:
            found.append(f"the {row['status']} order {order_id} took {committed}, and is of {wanted}")
    return len(ended), found


@check("S8")
def no_reservation_of_ours_stands(records):
    ours = {order_id: row for order_id, row in records.reservations.items() if records.is_ours(order_id)}
    return len(ours), [f"the reservation of {order_id} stands" for order_id, row in ours.items() if row["stock"] == "reserved"]
