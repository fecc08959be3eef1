"""The tables that the migrations declare, and a copy of a store, in memory, that is not in a file: it is then read as any other."""
import sqlite3
from functools import cache
from pathlib import Path
from typing import NamedTuple

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"
# What says where a store stands among the others.
POSITIONS = ("ownership", "cursors", "receipts")
# That no invariant is about.
UNAUDITED = ("broker_places", "foreign_dead_letters", "foreign_events", "sessions", "signing_keys")


class Table(NamedTuple):
    name: str
    # Their types by their names.
    columns: dict
    # The columns of the primary key.
    key: tuple


@cache
def tables_of(module):
    """A module's tables that an invariant is about, by their names; the kernel's are in every store."""
    scratch = sqlite3.connect(":memory:")
    for folder in ("kernel", module):
        for script in sorted((MIGRATIONS / folder).glob("*.sql")):
            scratch.executescript(script.read_text(encoding="utf-8"))
    tables = {}
    for (name,) in scratch.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").fetchall():
        if name in UNAUDITED:
            continue
        columns = scratch.execute("SELECT name, type, pk FROM pragma_table_info(?)", (name,)).fetchall()
        key = sorted((rank, column) for column, _, rank in columns if rank)
        tables[name] = Table(name, {column: kind for column, kind, _ in columns}, tuple(column for _, column in key))
    scratch.close()
    return tables


class Copy:
    """What was read of a store. Nothing is required of its rows: what is wrong with them is for the checks to say."""

    def __init__(self, module):
        self.tables = tables_of(module)
        self.connection = sqlite3.connect(":memory:", isolation_level=None)
        for table in self.tables.values():
            columns = ", ".join(f"{name} {kind}" for name, kind in table.columns.items())
            self.connection.execute(f"CREATE TABLE {table.name} ({columns})")

    def fill(self, name, rows):
        """Makes these the rows of a table; each has its values by the names of the columns."""
        columns = list(self.tables[name].columns)
        self.connection.execute("BEGIN")
        self.connection.execute(f"DELETE FROM {name}")
        self.connection.executemany(f"INSERT INTO {name} VALUES ({', '.join('?' * len(columns))})",
                                    ([row[column] for column in columns] for row in rows))
        self.connection.execute("COMMIT")

    def close(self):
        self.connection.close()
