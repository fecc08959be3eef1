"""Snapshots of a shop's stores, read-only, and a consistent cut of them: no store has applied what another does not hold yet."""
import sqlite3
import time
from collections import Counter

from documents import DocumentStore
from places import CannotRead, place_of
from postgres import PostgresStore

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


class FileStore:
    """An SQLite file, read as it was at the first read after begin() (WAL). To be closed."""

    def __init__(self, place):
        try:
            self.connection = sqlite3.connect(f"{place.file.as_uri()}?mode=ro", uri=True, timeout=BUSY_TIMEOUT_S, isolation_level=None)
        except sqlite3.Error as problem:
            raise CannotRead(f"{place.file}: {problem}") from problem

    def begin(self):
        if self.connection.in_transaction:
            self.connection.execute("COMMIT")
        self.connection.execute("BEGIN")

    def complete(self):
        pass

    def problems(self):
        return [row[0] for row in self.connection.execute("PRAGMA quick_check") if row[0] != "ok"]

    def close(self):
        self.connection.close()


KINDS = {"sqlite": FileStore, "postgres": PostgresStore, "mongodb": DocumentStore}


def open_store(data_dir, module, config=None):
    """Raises CannotRead where there is no store."""
    place = place_of(data_dir, module, config)
    return KINDS[place.kind](place)


def connect(data_dir, module, config=None):
    """A connection to a module's store that can only read; to a copy of it where it is on a server. Raises CannotRead where there is no
    store."""
    store = open_store(data_dir, module, config)
    if isinstance(store, FileStore):
        return store.connection
    try:
        store.begin()
        store.complete()
    except CannotRead:
        store.close()
        raise
    return store.connection


def read_text(data):
    """A store's text, also where somebody has put bytes there that are none."""
    return data.decode("utf-8", "surrogateescape")


class Snapshot:
    """One store as it was at one moment: all that is read here is of that moment. To be closed."""

    def __init__(self, data_dir, module, config=None):
        self.module = module
        self._store = open_store(data_dir, module, config)
        self._store.connection.row_factory = sqlite3.Row
        self._store.connection.text_factory = read_text

    def take(self):
        """Another moment: what is known of its place among the others is read at once."""
        self._store.begin()
        self.head = self.value("SELECT coalesce(max(seq), 0) FROM event_log")
        self.cursors = self.rows("SELECT * FROM cursors")
        self.receipts = self.rows("SELECT * FROM receipts")
        # What it has taken from each publisher, whether or not its cursor is there already.
        self.reached = Counter({row["publisher"]: row["seq"] for row in self.cursors})
        if isinstance(self._store, DocumentStore):
            self.reached |= self._store.applied()

    def complete(self):
        """From here on everything of that moment can be read."""
        self._store.complete()

    def rows(self, statement):
        """All rows, which know their columns by name."""
        try:
            return self._store.connection.execute(statement).fetchall()
        except sqlite3.Error as problem:
            raise CannotRead(f"the store of {self.module}: {problem}") from problem

    def value(self, statement):
        return self.rows(statement)[0][0]

    def problems(self):
        """Why the store is not sound, in words."""
        try:
            return self._store.problems()
        except sqlite3.Error as problem:
            raise CannotRead(f"the store of {self.module}: {problem}") from problem

    def close(self):
        self._store.close()


def positions(stores):
    """What each store claims of another: (the one that claims, the one that must hold it, which kind, the least it must hold)."""
    for store in stores.values():
        for publisher, seq in store.reached.items():
            if publisher in FOLLOWS[store.module]:
                yield store.module, publisher, "head", seq
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


def close(stores):
    for store in stores.values():
        store.close()


def find_cut(stores):
    """Takes snapshots until they are a consistent cut. What one store claims of another, and what that other does not even hold in a
    snapshot taken afterwards, is damage: then there is nothing to wait for, and the audit will say so."""
    give_up = time.monotonic() + CUT_TIMEOUT_S
    missing = []
    while True:
        for store in stores.values():
            store.take()
        if gaps(missing, stores):
            return
        missing = gaps(positions(stores), stores)
        if not missing:
            return
        if time.monotonic() > give_up:
            raise CannotRead(f"no consistent cut within {CUT_TIMEOUT_S} s: the stores move faster than they can be read")


def consistent_cut(data_dir, config=None):
    """A snapshot of each store by its module, to be closed by close(). `config`: as place_of() has it. Raises CannotRead."""
    stores = {}
    try:
        for module in MODULES:
            stores[module] = Snapshot(data_dir, module, config)
        find_cut(stores)
        for store in stores.values():
            store.complete()
    except CannotRead:
        close(stores)
        raise
    return stores
