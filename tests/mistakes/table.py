"""The seeded bugs, in one place: the name of each, how it is made, what provokes it, and the invariants that must catch it.

A switch is SEAMLINE_MISTAKE("name") in the fault build, where a careless developer would have erred; an edit is done to the stores of
a stopped shop. Where an edit touches a log, its chain is made anew, so that the bug is not merely found by X1, unless it says
`keeps_chain`."""
from dataclasses import dataclass, field

# What the stores of mistaken_shop are made by: a workload, and a second process over the same stores where the first was killed.
KILLED = "until-killed"
KILLED_AFTER_AN_ANSWER = "until-killed-after-an-answer"
NEXT_PROCESS = "after-a-kill"
EDITED = "mixed"


@dataclass(frozen=True)
class Switch:
    name: str
    says: str
    workload: str
    # Every one of these is violated, says each auditor. Others may be as well.
    caught_by: str
    every: int = 1
    # In how many places it stands: a bug may need more than one line.
    places: int = 1
    # Another switch that must be armed too, for there to be an occasion.
    beside: str = ""
    crash_at: str = ""
    kind: str = field(default="switch", init=False)


@dataclass(frozen=True)
class Edit:
    name: str
    says: str
    # By store: statements, with {confirmed}, {cancelled}, {declined} for the id of an order that ended so. Also "history", with
    # what sed would do, and "page", with the store and the index whose first page is overwritten.
    edits: tuple[tuple[str, str], ...]
    caught_by: str
    keeps_chain: bool = False
    kind: str = field(default="edit", init=False)

    @property
    def workload(self):
        return EDITED


SWITCHES = (
    # The naive control: what nearly everybody does at first.
    Switch("publish-after-commit", "an event is appended to the log in a transaction after the one of its cause", KILLED, "O4",
           places=2, crash_at="order/after-commit:9"),
    Switch("no-cursor", "a consumer does not remember how far it is, and applies everything again after a restart", "restart",
           "X2 M5 M12 M8", places=3),
    Switch("blind-retry", "a repeat is not looked up: it is done again", "retries", "C7", places=2),

    # The store and the log.
    Switch("ack-before-commit", "the caller is answered before the commit", KILLED_AFTER_AN_ANSWER, "C1"),
    Switch("commit-error-ignored", "a commit that failed is taken for one that did not", "plain", "C1 O8", every=21),
    Switch("entry-not-written", "an entry is handed over, and not written", "plain", "X1", every=7),
    Switch("publish-forgotten", "one event in a few is not published", "plain", "O4 O8 S12", every=11),
    Switch("chain-broken", "an entry's hash is not over the one before", "plain", "X1", every=5),
    Switch("epoch-ahead", "an entry has an epoch that its owner has not reached", "plain", "X8", every=5),
    Switch("log-id-changes", "the log gets a new id at each start", "restart", "X2 X3 O8 C8"),
    Switch("payload-garbled", "an event is not what was meant to be published", "split", "X9", every=10),
    Switch("dead-letter-dropped", "what cannot be read is dropped silently", "split", "O8 S8 M8", beside="payload-garbled:10"),
    Switch("entry-skipped", "one entry in a few is not applied, and the cursor moves on", "plain", "O8", every=6),
    Switch("gap-ignored", "entries that a full queue drops are not read from the log", "crowd", "O8", places=2),
    Switch("timer-not-set", "a deadline is not stored", "plain", "O6"),
    Switch("answer-not-remembered", "an answer is not remembered with its effect", "retries", "C7"),
    Switch("key-of-the-attempt", "the key is that of the attempt, and not of the request", "retries", "C7"),
    Switch("key-cut-short", "different keys are taken for one", "retries", "C2"),

    # Users.
    Switch("plaintext-password", "a password is kept as it was typed", "plain", "U2"),
    Switch("email-as-typed", "an address is kept as it was typed", "plain", "U1"),
    Switch("user-unannounced", "a user is not announced", "plain", "U3"),

    # Orders.
    Switch("unknown-user-accepted", "an order for somebody who is no user", "strangers", "U4"),
    Switch("wrong-currency", "an order is announced in another currency", "plain", "O5"),
    Switch("quantity-in-a-byte", "a quantity overflows on its way", "plain", "O5"),
    Switch("last-line-forgotten", "an order is announced without its last line", "plain", "O5"),
    Switch("announced-twice", "an order is announced twice", "plain", "O4"),
    Switch("total-in-31-bits", "a total overflows", "plain", "M10"),
    Switch("price-changes-later", "the lines get the prices of now, the total had those of then", "plain", "M10"),
    Switch("timer-not-cancelled", "the deadline of an order that has ended stays", "plain", "O6"),
    Switch("draft-announced", "the end of a draft is announced, of which nobody has heard", "plain", "O4"),
    Switch("cancel-unannounced", "a cancelled order is not announced: nobody gives anything back", "late-cancels", "O4 S8 M8 G1"),
    Switch("cancelled-resurrects", "a late reservation confirms a cancelled order", "late-cancels", "O3"),
    Switch("confirmed-is-cancelled", "cancel and confirm both win", "cancels", "O3"),
    Switch("version-skipped", "versions of an order begin at 2", "plain", "O1"),
    Switch("history-forgets", "an event of an order is applied and not stored", "plain", "O1", every=6),
    Switch("projection-skips", "one version in a few is not in the row", "plain", "O1 O2", every=4),

    # Money.
    Switch("amount-in-31-bits", "an amount overflows", "plain", "M6"),
    Switch("void-keeps-capture", "a charge that was to be voided has taken the money, which is kept", "timeouts", "M8 G1"),
    Switch("success-without-capture", "a payment is announced that was not booked", "plain", "M9 M16 M12"),
    Switch("capture-twice", "the money of an order is captured twice", "plain", "M5 M12 M8"),
    Switch("earn-at-capture", "money is earned before the order is confirmed", "shortage", "M7"),
    Switch("success-unannounced", "a payment is not announced", "plain", "O8"),
    Switch("failure-as-success", "a refusal is announced as a success", "declines", "M16"),
    Switch("confirmation-not-kept", "payment does not keep that the order is confirmed", "plain", "G6 M8"),
    Switch("invoice-forgotten", "there is no invoice", "plain", "M14"),
    Switch("refund-without-capture", "what was never captured is refunded", "declines", "M7 M9"),
    Switch("refund-forgotten", "the compensation is lost", "late-cancels", "M8 G1"),
    Switch("refund-of-wrong-amount", "another amount is refunded than was captured", "shortage", "M7 M9 M12"),
    Switch("refund-twice", "money goes back twice", "shortage", "M5 M12"),
    Switch("refund-unannounced", "a refund is not announced", "shortage", "M16"),
    Switch("work-not-stored", "what is to be asked of the provider is in memory alone", "timeouts", "M17 M18"),
    Switch("ledger-one-sided", "only one side of a movement is booked", "plain", "M1 M2 M12"),
    Switch("ledger-in-dollars", "the ledger has another currency than the payment", "plain", "M9"),
    Switch("sign-flipped", "money moves the other way", "plain", "M5"),

    # Goods.
    Switch("movement-not-booked", "one change of a stock in a few has no movement", "plain", "S1 S2", every=3),
    Switch("reserve-before-paid", "goods are reserved before anybody paid", "declines", "G2"),
    Switch("late-payment-reserves", "a late payment reserves for a cancelled order", "cancels", "S8 G6"),
    Switch("ending-not-kept", "inventory does not keep that the order has ended", "plain", "G6"),
    Switch("oversell", "check, then act: more is reserved than there is", "shortage", "S1"),
    Switch("reservation-forgotten", "stock is moved, and the reservation says that it was not", "plain", "S11"),
    Switch("release-and-commit", "what was committed is released as well", "plain", "S6"),
    Switch("partial-commit", "of several lines only the first is committed", "plain", "S10"),
    Switch("release-forgotten", "what was reserved for a cancelled order stays so", "late-cancels", "S8"),
    Switch("expiry-releases", "a reservation ends by itself, without the order's word", "slow-orders", "S5 G1"),
)


EDITS = (
    # Stores and logs.
    Edit("page-overwritten", "a page of a file is overwritten", (("page", "user sessions_by_expiry"),), "K1"),
    Edit("owner-gone", "a store has no owner", (("payment", "DELETE FROM ownership"),), "K2"),
    Edit("epoch-lost", "ownership went back to an epoch of none", (("payment", "UPDATE ownership SET epoch = 0"),), "K2 X8"),
    Edit("entry-forged", "an entry is edited, and its hash is not",
         (("payment", "UPDATE event_log SET payload = replace(payload, '500', '400') WHERE seq = 1"),), "X1", keeps_chain=True),
    Edit("tail-cut", "the last entry of a log is gone",
         (("order", "DELETE FROM event_log WHERE seq = (SELECT max(seq) FROM event_log)"),),
         "X3", keeps_chain=True),
    Edit("entry-removed", "the end of an order is removed from the log, and the chain made anew",
         (("order", "DELETE FROM event_log WHERE subject = '{confirmed}' AND type LIKE '%OrderConfirmed%'"),), "O4"),
    Edit("entries-swapped", "an order's end is announced before its beginning",
         (("order", "UPDATE event_log SET seq = -seq WHERE subject = '{confirmed}'"),), "O4"),
    Edit("epoch-lowered", "an entry has a lower epoch than the one before",
         (("order", "UPDATE ownership SET epoch = 3"), ("order", "UPDATE event_log SET epoch = 3 WHERE seq = 4")), "X8"),
    Edit("cursor-behind", "a cursor was set back",
         (("inventory", "UPDATE cursors SET seq = seq - 1, hash = x'00' WHERE publisher = 'order'"),),
         "X2 X3"),
    Edit("cursor-lost", "a cursor is gone", (("payment", "DELETE FROM cursors WHERE publisher = 'order'"),), "X2"),
    Edit("log-replaced", "a log was restored from elsewhere", (("payment", "UPDATE ownership SET log_id = 'another'"),), "X3"),
    Edit("receipt-ahead", "a subscriber says that it has more than it has",
         (("order", "INSERT OR REPLACE INTO receipts VALUES ('payment', 1000000, 0)"),), "X6"),
    Edit("dead-letter-left", "an event was never applied",
         (("order", "INSERT INTO dead_letters SELECT 'payment', 3, 'poisoned', 'x', 1, 't', '{confirmed}', 0, '', '{{}}', x'00'"),), "X9"),
    Edit("parked-alone", "a letter is parked behind none",
         (("order", "INSERT INTO dead_letters SELECT 'payment', 3, 'parked', 'x', 1, 't', '{confirmed}', 0, '', '{{}}', x'00'"),), "X10"),
    Edit("two-keys-for-one-order", "two keys made one order",
         (("order", "INSERT INTO idempotency SELECT id + 1000, caller, operation, key || '-again', fingerprint, reply, at_ms FROM "
                    "idempotency WHERE operation = 'order.place_order' LIMIT 1"),), "I1"),
    Edit("answer-without-order", "an answer names an order that is not there",
         (("order", "UPDATE idempotency SET reply = replace(reply, '{confirmed}', '019a0000-0000-7000-8000-000000000000')"),), "I2"),

    # Users.
    Edit("weak-hash", "a password is hashed fast",
         (("user", "UPDATE users SET password_hash = '5f4dcc3b5aa765d61d8327deb882cf99'"),),
         "U2"),
    Edit("user-announced-twice", "a user is announced twice",
         (("user", "INSERT INTO event_log SELECT seq + 1000, epoch, type, subject, at_ms, trace, payload, hash FROM event_log LIMIT 1"),),
         "U3"),

    # Orders.
    Edit("version-lost", "an event of an order is gone",
         (("order", "DELETE FROM order_events WHERE order_id = '{confirmed}' AND version = 2"),),
         "O1"),
    Edit("row-lost", "the row of an order is gone", (("order", "DELETE FROM orders WHERE order_id = '{cancelled}'"),), "O1"),
    Edit("total-edited", "the total of an order is edited in its row",
         (("order", "UPDATE orders SET total_minor = total_minor - 1 WHERE order_id = '{confirmed}'"),), "O2"),
    Edit("history-rewritten", "an order is confirmed after it was cancelled",
         (("order", "INSERT INTO order_events SELECT order_id, version + 1, 'OrderConfirmed', at_ms, '{{}}' FROM order_events "
                    "WHERE order_id = '{cancelled}' AND type = 'OrderCancelled'"),
          ("order", "UPDATE orders SET status = 'confirmed', version = version + 1 WHERE order_id = '{cancelled}'")), "O3"),
    Edit("announced-price-edited", "an order was announced with another price",
         (("order", "UPDATE event_log SET payload = replace(payload, '\"unit_price\":250', '\"unit_price\":25') WHERE "
                    "subject = '{confirmed}' AND type LIKE '%OrderCreated%'"),), "O5"),
    Edit("deadline-left", "an order that has ended has a deadline",
         (("order", "INSERT INTO timers VALUES ('order.deadline', '{confirmed}', 0)"),),
         "O6"),
    Edit("stuck-in-placed", "an order never ends",
         (("order", "DELETE FROM order_events WHERE order_id = '{confirmed}' AND type = 'OrderConfirmed'"),
          ("order", "UPDATE orders SET status = 'placed', version = version - 1 WHERE order_id = '{confirmed}'"),
          ("order", "INSERT INTO timers VALUES ('order.deadline', '{confirmed}', 0)"),
          ("order", "DELETE FROM event_log WHERE subject = '{confirmed}' AND type LIKE '%OrderConfirmed%'")), "O8"),
    Edit("erased-everywhere", "an order is erased from every store, and no trace left",
         (*((store, f"DELETE FROM {table} WHERE {column} = '{{declined}}'") for store, table, column in
            (("order", "orders", "order_id"), ("order", "order_events", "order_id"), ("order", "event_log", "subject"),
             ("payment", "payments", "order_id"), ("payment", "event_log", "subject"), ("inventory", "reservations", "order_id"))),
          ("order", "DELETE FROM idempotency WHERE reply LIKE '%{declined}%'")), "C1"),
    Edit("refused-and-done", "what a customer was refused was done all the same",
         (("history", "s/\"outcome\":\"ok\",\"status\":201,\"order_id\":\"{confirmed}\"/\"outcome\":\"failed\",\"status\":422/"),), "C3"),
    Edit("answered-with-another", "a customer was told of another order than the one that was made",
         (("order", "UPDATE idempotency SET reply = replace(reply, '{confirmed}', '{declined}') WHERE reply LIKE '%{confirmed}%'"),),
         "C4"),

    # Money.
    Edit("posting-lost", "one side of a movement is gone",
         (("payment", "DELETE FROM ledger_entries WHERE transaction_id = 'capture:{confirmed}' AND account = 'provider'"),), "M1 M2"),
    Edit("capture-edited", "less was captured than the payment says",
         (("payment", "UPDATE ledger_entries SET amount_minor = amount_minor / 2 WHERE transaction_id = 'capture:{confirmed}'"),), "M9"),
    Edit("capture-lost", "the capture of an earned payment is gone",
         (("payment", "DELETE FROM ledger_entries WHERE transaction_id = 'capture:{confirmed}'"),), "M7 M9"),
    Edit("payment-status-edited", "a payment says that it was refunded",
         (("payment", "UPDATE payments SET status = 'refunded' WHERE order_id = '{confirmed}'"),), "M9"),
    Edit("payment-cheaper", "payment and ledger agree on less than the order cost",
         (("payment", "UPDATE payments SET amount_minor = amount_minor - 1 WHERE order_id = '{confirmed}'"),
          ("payment", "UPDATE ledger_entries SET amount_minor = amount_minor - sign(amount_minor) WHERE order_id = '{confirmed}'"),
          ("payment", "UPDATE invoices SET amount_minor = amount_minor - 1 WHERE order_id = '{confirmed}'")), "M6"),
    Edit("invoice-edited", "an invoice has another amount",
         (("payment", "UPDATE invoices SET amount_minor = amount_minor + 1"),), "M14"),
    Edit("success-of-the-declined", "a payment is announced that failed",
         (("payment", "UPDATE event_log SET type = replace(type, 'PaymentFailed', 'PaymentSuccess') WHERE subject = '{declined}'"),), "M16"),
    Edit("work-left", "the provider is still to be asked",
         (("payment", "INSERT INTO provider_work VALUES ('{confirmed}', 'refund', 0, 0)"),),
         "M18"),
    Edit("revenue-of-nothing", "revenue is booked without an order",
         (("payment", "INSERT INTO ledger_entries VALUES ('earn:nothing', 'revenue', 'nothing', -100, 'EUR', 0)"),
          ("payment", "INSERT INTO ledger_entries VALUES ('earn:nothing', 'settlement', 'nothing', 100, 'EUR', 0)")), "M7 M11 M12"),
    Edit("money-of-nobody", "money was taken for an order that was never placed",
         (("payment", "INSERT INTO payments VALUES ('nothing', 'p', NULL, 100, 'EUR', 't', 'captured', 'open', NULL, 0)"),
          ("payment", "INSERT INTO ledger_entries VALUES ('capture:nothing', 'provider', 'nothing', 100, 'EUR', 0)"),
          ("payment", "INSERT INTO ledger_entries VALUES ('capture:nothing', 'settlement', 'nothing', -100, 'EUR', 0)")), "G3"),

    # Goods.
    Edit("stock-appears", "there is more than came in",
         (("inventory", "UPDATE products SET on_hand = on_hand + 1 WHERE product_id = 'mug'"),),
         "S1"),
    Edit("reserved-for-nobody", "something is reserved for nobody",
         (("inventory", "UPDATE products SET reserved = 1 WHERE product_id = 'mug'"),),
         "S2 S4"),
    Edit("below-zero", "goods left before they had come in",
         (("inventory", "UPDATE stock_movements SET id = id + 10000 WHERE kind = 'restocked'"),
          ("inventory", "UPDATE stock_movements SET quantity = quantity - 4900 WHERE kind = 'added' AND product_id = 'mug'"),
          ("inventory", "UPDATE stock_movements SET quantity = quantity + 4900 WHERE kind = 'restocked'")), "S3"),
    Edit("movement-doubled", "goods left twice",
         (("inventory", "INSERT INTO stock_movements SELECT id + 10000, product_id, kind, quantity, order_id, at_ms FROM stock_movements "
                        "WHERE order_id = '{confirmed}' AND kind = 'committed'"),), "S6"),
    Edit("added-twice", "a product was added twice",
         (("inventory", "UPDATE stock_movements SET kind = 'added' WHERE kind = 'restocked'"),), "S7"),
    Edit("reservation-says-otherwise", "a reservation says that it was refused",
         (("inventory", "UPDATE reservations SET stock = 'refused' WHERE order_id = '{confirmed}'"),), "S11"),
    Edit("reservation-unannounced", "a reservation is not announced",
         (("inventory", "DELETE FROM event_log WHERE subject = '{confirmed}'"),), "S12 G2"),
    Edit("expiry-left", "a reservation that has ended has a timer",
         (("inventory", "INSERT INTO timers VALUES ('inventory.reservation', '{confirmed}', 0)"),), "S13"),
    Edit("lines-edited", "a reservation has other lines than its order",
         (("inventory", "UPDATE reservations SET lines = '{{\"lamp\":1}}' WHERE order_id = '{declined}'"),), "S14"),
    Edit("end-edited", "payment believes that a confirmed order was cancelled",
         (("payment", "UPDATE payments SET ending = 'cancelled' WHERE order_id = '{confirmed}'"),), "G6"),
)

MISTAKES = (*SWITCHES, *EDITS)
WORKLOADS = tuple(dict.fromkeys(mistake.workload for mistake in MISTAKES))
