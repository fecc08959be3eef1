"""Snapshots of a shop's stores, read-only, and a consistent cut of them: no store has applied what another does not hold yet."""
import sqlite3
import time
from pathlib import Path

# In the order in which snapshots are taken: order before user, because orders name users and users never go.
MODULES = ("order", "payment", "inventory", "user")
# Whose logs a module follows.
LIFE_OF_AN_ORDER = ("OrderCreated", "OrderConfirmed", "OrderCancelled")
# What each subscriber hears of each publisher whose log it follows.
HEARS = {"order": {"inventory": ("InventoryReserved", "InventoryExpired"), "payment": ("PaymentFailed", "PaymentRefunded")},
         "payment": {"inventory": ("InventoryFailed",), "order": LIFE_OF_AN_ORDER},
         "inventory": {"order": LIFE_OF_AN_ORDER, "payment": ("PaymentSuccess",)}, "user": {}}
FOLLOWS = {subscriber: tuple(publishers) for subscriber, publishers in HEARS.items()}
# How long a cut is looked for while the shop runs.
CUT_TIMEOUT_S = 10
BUSY_TIMEOUT_S = 10


class CannotRead(Exception):
    """The stores cannot be read, so that nothing is known about them."""


def connect(data_dir, module):
    """A connection to a module's store that can only read. Raises CannotRead where there is no store."""
    path = Path(data_dir).absolute() / module / "0.db"
    try:
        return sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=BUSY_TIMEOUT_S, isolation_level=None)
    except sqlite3.Error as problem:
        raise CannotRead(f"{path}: {problem}") from problem


def read_text(data):
    """A store's text, also where somebody has put bytes there that are none."""
    return data.decode("utf-8", "surrogateescape")


class Snapshot:
    """One store as it was at one moment: all that is read here is of that moment. To be closed."""

    def __init__(self, data_dir, module):
        self.module = module
        self._connection = connect(data_dir, module)
        self._connection.row_factory = sqlite3.Row
        self._connection.text_factory = read_text
        try:
            self._connection.execute("BEGIN")
            # In this mode of SQLite the first read fixes the snapshot (WAL).
            self.head = self.value("SELECT coalesce(max(seq), 0) FROM event_log")
            self.cursors = self.rows("SELECT * FROM cursors")
            self.receipts = self.rows("SELECT * FROM receipts")
        except CannotRead:
            self.close()
            raise

    def rows(self, statement):
        """All rows, which know their columns by name."""
        try:
            return self._connection.execute(statement).fetchall()
        except sqlite3.Error as problem:
            raise CannotRead(f"the store of {self.module}: {problem}") from problem

    def value(self, statement):
        return self.rows(statement)[0][0]

    def close(self):
        self._connection.close()


def positions(stores):
    """What each store claims of another: (the one that claims, the one that must hold it, which kind, the least it must hold)."""
    for store in stores.values():
        for cursor in store.cursors:
            if cursor["publisher"] in FOLLOWS[store.module]:
                yield store.module, cursor["publisher"], "head", cursor["seq"]
        for receipt in store.receipts:
            if store.module in FOLLOWS.get(receipt["subscriber"], ()):
                yield store.module, receipt["subscriber"], "cursor", receipt["seq"]


def holds(store, claimant, kind, seq):
    """Whether a store has come as far as another one claims of it."""
    if kind == "head":
        return store.head >= seq
    return any(cursor["publisher"] == claimant and cursor["seq"] >= seq for cursor in store.cursors)


def gaps(claims, stores):
    """The claims that these stores do not fulfil."""
    return [claim for claim in claims if not holds(stores[claim[1]], claim[0], claim[2], claim[3])]


def take(data_dir):
    taken = {}
    try:
        for module in MODULES:
            taken[module] = Snapshot(data_dir, module)
    except CannotRead:
        close(taken)
        raise
    return taken


def close(stores):
    for store in stores.values():
        store.close()


def consistent_cut(data_dir):
    """A snapshot of each store by its module, to be closed by close(). What one store claims of another, and what that other does not
    even hold in a snapshot taken afterwards, is damage: then there is nothing to wait for, and the audit will say so.
    Raises CannotRead."""
    give_up = time.monotonic() + CUT_TIMEOUT_S
    stores = take(data_dir)
    while missing := gaps(positions(stores), stores):
        close(stores)
        stores = take(data_dir)
        if gaps(missing, stores):
            break
        if time.monotonic() > give_up:
            close(stores)
            raise CannotRead(f"no consistent cut within {CUT_TIMEOUT_S} s: the stores move faster than they can be read")
    return stores
