"""What a shop was seen to do, as text that can be compared: answers and stores, without what no two runs have in common."""
import difflib
import json
import re

from auditing import MODULES, connect

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
# Members that are random wherever they stand: tokens, and the parameters of a public key.
RANDOM_MEMBER = re.compile(r'"(access_token|refresh_token|kid|x|y)":"[^"]+"')
# Of the connection and not of the answer.
HEADERS_OF_THE_MOMENT = ("connection", "date", "keep-alive", "x-request-id")
KERNEL_TABLES = ("event_log", "cursors", "timers", "dead_letters", "idempotency")
TABLES = {"user": ("users",), "order": ("orders", "order_events"), "payment": ("payments", "ledger_entries", "invoices", "provider_work",
                                                                   "unpriced_orders"),
          "inventory": ("products", "stock_movements", "reservations")}
# Columns that are of the moment or of the store itself, beside times and hashes.
COLUMNS_OF_THE_MOMENT = ("id", "trace", "fingerprint", "log_id")


def rows(connection, table):
    """All rows of a table, by the names of its columns."""
    found = connection.execute(f"SELECT * FROM {table}")
    names = [column[0] for column in found.description]
    return [dict(zip(names, row)) for row in found]


def stable(reply):
    """The answer's text without its own request id, which must be the same in its header and in its problem."""
    request_id = reply.headers.get("x-request-id", "none")
    lines = [str(reply.status)]
    lines += [f"  {name}: {value}" for name, value in sorted(reply.headers.items()) if name not in HEADERS_OF_THE_MOMENT]
    return "\n".join([*lines, "  " + reply.body.decode()]).replace(request_id, "<this request>")


class History:
    """Entries in their order. An id is named after the entry and the place where it was first seen, so that a difference in one entry
    does not change the names in those that follow."""

    def __init__(self):
        self.lines = []
        self._entries = 0
        self._names = {}

    def add(self, title, text):
        """Adds an entry; its text may have many lines."""
        self._entries += 1
        found = 0

        def name(match):
            nonlocal found
            if match[0] not in self._names:
                found += 1
                self._names[match[0]] = f"<id {self._entries}.{found}>"
            return self._names[match[0]]
        whole = UUID.sub(name, f"[{self._entries}] {title}: {text}")
        self.lines += RANDOM_MEMBER.sub(r'"\1":"<random>"', TIME.sub("<time>", whole)).split("\n")

    def add_stores(self, data_dir):
        """Adds the rows of every store: the logs in the order in which they were written, the other tables sorted by what their rows
        say, because the order of their writing is of no consequence."""
        for module in sorted(MODULES):
            connection = connect(data_dir, module)
            try:
                for table in (*KERNEL_TABLES, *TABLES[module]):
                    self._add_table(module, table, rows(connection, table))
            finally:
                connection.close()

    def _add_table(self, module, table, rows):
        texts = []
        for row in rows:
            kept = {name: value for name, value in row.items()
                    if not name.endswith(("_ms", "hash")) and name not in COLUMNS_OF_THE_MOMENT}
            texts.append(UUID.sub(lambda match: self._names.get(match[0], "<id never shown>"), json.dumps(kept)))
        for row in texts if table == "event_log" else sorted(texts):
            self.add(f"{module}.{table}", row)


def difference(wanted, found, most_lines=60, most_columns=500):
    """How two histories differ, as a readable text; empty where they are the same."""
    lines = [line[:most_columns] for line in
             difflib.unified_diff(wanted.lines, found.lines, "the monolith", "this placement", lineterm="", n=2)]
    if len(lines) > most_lines:
        lines[most_lines:] = [f"… and {len(lines) - most_lines} lines more"]
    return "\n".join(lines)
