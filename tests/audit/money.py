"""M: the ledger, payments, invoices, work for the provider, and what payment's log announces of them."""
from collections import Counter

from checks import check
from records import ENDS, TRANSFERS, decoded, name_of


@check("M1")
def transactions_have_two_sides(records):
    found = []
    for name, entries in records.transactions.items():
        amounts = [entry["amount_minor"] for entry in entries]
        if sum(amounts) != 0 or len(amounts) != 2:
            found.append(f"{name} has the entries {amounts}")
    return len(records.transactions), found


@check("M2")
def currencies_are_balanced(records):
    sums = Counter()
    for entry in records.ledger:
        sums[entry["currency"]] += entry["amount_minor"]
    return len(records.ledger), [f"all entries in {currency} add up to {total}" for currency, total in sums.items() if total != 0]


def wrong_transfer(name, entries):
    """What is wrong with a transaction's shape; None where nothing is."""
    kind, _, order_id = name.partition(":")
    if kind not in TRANSFERS:
        return "its id is of no kind"
    if {entry["order_id"] for entry in entries} != {order_id}:
        return "it is about another order"
    if len({entry["currency"] for entry in entries}) != 1:
        return "it has several currencies"
    accounts = {entry["account"] for entry in entries}
    if TRANSFERS[kind][0] not in accounts or not accounts <= set(TRANSFERS[kind]):
        return f"it moves between {sorted(accounts)}"
    if any(entry["amount_minor"] < 0 for entry in entries if entry["account"] == TRANSFERS[kind][0]):
        return "it moves the other way"
    return None


@check("M5")
def transactions_are_of_a_kind(records):
    found = [f"{name}: {problem}" for name, entries in records.transactions.items() if (problem := wrong_transfer(name, entries))]
    return len(records.transactions), found


def total_count(transfers):
    return sum(map(len, transfers.values()))


@check("M7")
def what_leaves_came_in_before(records):
    found = []
    for kind, transfers in (("refunded", records.refunds), ("earned", records.earnings)):
        for order_id, moves in transfers.items():
            captures = records.captures.get(order_id, [])
            found += [f"order {order_id}: {move} was {kind}, and captured was {captures}" for move in moves if move not in captures]
    found += [f"order {order_id} was refunded and earned" for order_id in records.refunds.keys() & records.earnings.keys()]
    return total_count(records.refunds) + total_count(records.earnings), found


@check("M9")
def payments_say_what_the_ledger_says(records):
    found = []
    for order_id, payment in records.payments.items():
        captures, refunds = records.captures.get(order_id, []), records.refunds.get(order_id, [])
        wanted = ("refunded" if refunds else "captured") if captures else None
        status = payment["status"] if payment["status"] in ("captured", "refunded") else None
        amount = (payment["amount_minor"], payment["currency"])
        if status != wanted or any(move != amount for move in (*captures, *refunds)):
            found.append(f"the payment of {order_id} is {payment['status']} and of {amount}; captured was {captures}, refunded {refunds}")
    found += [f"{order_id} has a capture and no payment" for order_id in records.captures.keys() - records.payments.keys()]
    return len(records.payments) + total_count(records.captures), found


@check("M12")
def settlement_is_what_is_open(records):
    wanted, have = Counter(), Counter()
    for order_id, captures in records.captures.items():
        if order_id not in records.refunds and order_id not in records.earnings:
            for capture in captures:
                wanted[capture.currency] -= capture.amount
    for entry in records.ledger:
        have[entry["currency"]] += entry["amount_minor"] if entry["account"] == "settlement" else 0
    return len(have), [f"settlement holds {amount} {currency}, and what is open is {wanted[currency]}" for currency, amount in have.items()
                       if amount != wanted[currency]]


@check("M14")
def invoices_are_of_earnings(records):
    found = []
    for order_id in {**records.invoices, **records.earnings}:
        invoice, payment = records.invoices.get(order_id), records.payments.get(order_id)
        earnings = records.earnings.get(order_id, [])
        if invoice is None or payment is None:
            found.append(f"{order_id} has {len(earnings)} earnings, {'no' if invoice is None else 'an'} invoice and "
                         f"{'no' if payment is None else 'a'} payment")
            continue
        billed = (invoice["amount_minor"], invoice["currency"])
        paid = (payment["amount_minor"], payment["currency"])
        if billed != paid or invoice["payment_id"] != payment["payment_id"] or earnings != [billed]:
            found.append(f"the invoice of {order_id} is of {billed}, its earnings are {earnings}, and its payment is another")
    return len(records.invoices) + total_count(records.earnings), found


@check("M6")
def payments_are_of_what_orders_cost(records):
    found, examined = [], 0
    for order_id, payment in records.payments.items():
        if payment["status"] not in ("pending", "captured", "refunded") or not records.is_ours(order_id):
            continue
        examined += 1
        created = records.created.get(order_id)
        if created is None or (payment["amount_minor"], payment["currency"]) != (created["total"], created["currency"]):
            found.append(f"the payment of {order_id} is {payment['amount_minor']} {payment['currency']}, and OrderCreated is {created}")
    return examined, found


def wrong_word(records, entry):
    """What is wrong with an entry of payment's log; None where nothing is."""
    order_id, amount = entry["subject"], decoded(entry["payload"]).get("amount")
    match name_of(entry):
        case "PaymentSuccess":
            moves = records.captures.get(order_id)
        case "PaymentRefunded":
            moves = records.refunds.get(order_id)
        case "PaymentFailed":
            payment = records.payments.get(order_id)
            return None if payment is not None and payment["status"] == "failed" else "the payment did not fail"
        case _:
            return "it is of no kind"
    if not moves:
        return "no money moved so"
    return None if amount == moves[0].amount else f"it says {amount}, and {moves[0].amount} moved"


@check("M16")
def the_log_says_what_moved(records):
    found = [f"entry {entry['seq']}, {entry['type']} of {entry['subject']}: {problem}" for entry in records.logs["payment"]
             if (problem := wrong_word(records, entry))]
    found += [f"{name} of {subject} was announced {count} times" for subject, names in records.told["payment"].items()
              for name, count in names.items() if count > 1]
    found += [f"the refund of {order_id} was not announced" for order_id in records.refunds
              if not records.has_told("payment", order_id, "PaymentRefunded")]
    return len(records.logs["payment"]) + total_count(records.refunds), found


@check("M17")
def work_belongs_to_a_payment(records):
    found = []
    for work in records.provider_work:
        payment = records.payments.get(work["order_id"])
        wanted = "captured" if work["action"] == "refund" else "pending"
        if payment is None or payment["status"] != wanted:
            found.append(f"the provider is to be asked to {work['action']} {work['order_id']}, whose payment is "
                         f"{payment['status'] if payment else 'not there'}")
    pending = [order_id for order_id, payment in records.payments.items() if payment["status"] == "pending"]
    has_work = {work["order_id"] for work in records.provider_work}
    found += [f"{order_id} waits for a price, and its payment for something else" for order_id in sorted(records.unpriced)
              if order_id not in pending or order_id in has_work]
    found += [f"the payment of {order_id} is pending, and nobody will ask" for order_id in pending
              if order_id not in has_work | records.unpriced]
    return len(records.provider_work) + len(records.unpriced) + len(pending), found


@check("M18")
def nothing_is_left_to_ask(records):
    found = [f"the provider is still to be asked to {work['action']} {work['order_id']}" for work in records.provider_work]
    found += [f"{order_id} waits for a price" for order_id in sorted(records.unpriced)]
    found += [f"the payment of {order_id} is pending" for order_id, payment in records.payments.items() if payment["status"] == "pending"]
    return len(records.provider_work) + len(records.unpriced) + len(records.payments), found


@check("M8")
def money_follows_orders(records):
    found, ended = [], records.orders_that(*ENDS)
    for order_id, row in ended.items():
        captures, refunds, earnings = (moves.get(order_id, []) for moves in (records.captures, records.refunds, records.earnings))
        if row["status"] == "confirmed":
            price = (row["total_minor"], row["currency"])
            is_right = captures == [price] and earnings == [price]
        else:
            is_right = not earnings and len(captures) == len(refunds)
        if not is_right:
            found.append(f"the {row['status']} order {order_id}: captured {captures}, earned {earnings}, refunded {refunds}")
    return len(ended), found


@check("M11")
def revenue_is_what_was_confirmed(records):
    wanted, have = Counter(), Counter()
    for row in records.orders_that("confirmed").values():
        if row["total_minor"] is not None:
            wanted[row["currency"]] += row["total_minor"]
    for order_id, earnings in records.earnings.items():
        if not records.is_ours(order_id) and order_id in records.payments and records.payments[order_id]["ending"] == "confirmed":
            for earning in earnings:
                wanted[earning.currency] += earning.amount
    for entry in records.ledger:
        if entry["account"] == "revenue":
            have[entry["currency"]] -= entry["amount_minor"]
    currencies = {**wanted, **have}
    return len(currencies), [f"revenue is {have[currency]} {currency}, and confirmed orders brought {wanted[currency]}"
                             for currency in currencies if have[currency] != wanted[currency]]
