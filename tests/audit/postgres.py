"""A store in a PostgreSQL server, asked by psql. No part of it sees a password: libpq finds that by itself."""
import json
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

sys.path.append(str(Path(__file__).resolve().parents[1] / "support"))

from places import CannotRead  # noqa: E402
from postgres_server import newest_programs  # noqa: E402
from tables import POSITIONS, Copy  # noqa: E402

END_OF_ANSWER = "-- end of answer --"
CONNECT_TIMEOUT_S = "10"


def split_schema(url, module):
    """The url as libpq takes it, and the schema that it names."""
    parts = urlsplit(url)
    options = parse_qsl(parts.query, keep_blank_values=True)
    schema = dict(options).get("schema", f"seamline_{module}")
    return urlunsplit(parts._replace(query=urlencode([option for option in options if option[0] != "schema"]))), schema


class Session:
    """One psql, which answers one statement after the other. To be closed."""

    def __init__(self, url, schema):
        self._process = subprocess.Popen([newest_programs() / "psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", url], text=True,
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                         env={"PGCONNECT_TIMEOUT": CONNECT_TIMEOUT_S, "PGCLIENTENCODING": "UTF8",
                                              **os.environ})
        self.ask(f"SET search_path TO {schema}")

    def ask(self, statement):
        """The lines of its answer."""
        try:
            self._process.stdin.write(f"{statement};\n\\echo {END_OF_ANSWER}\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass
        lines = []
        for line in self._process.stdout:
            if line.rstrip("\n") == END_OF_ANSWER:
                return lines
            lines.append(line)
        raise CannotRead(self._process.communicate()[1].strip())

    def close(self):
        if self._process.poll() is None:
            self._process.kill()
        self._process.communicate()


class PostgresStore:
    """All rows of a schema as they were at one moment: that of begin(). To be closed."""

    def __init__(self, place):
        self.copy = Copy(place.module)
        self.connection = self.copy.connection
        self._place = place
        self._problems = []
        url, self._schema = split_schema(place.url, place.module)
        try:
            self._session = Session(url, self._schema)
        except CannotRead as problem:
            self.copy.close()
            raise CannotRead(f"the store of {place.module}: {problem}") from problem

    def _ask(self, statement):
        try:
            return self._session.ask(statement)
        except CannotRead as problem:
            raise CannotRead(f"the store of {self._place.module}: {problem}") from problem

    def _rows(self, table, which=""):
        columns = [f"encode({name}, 'hex') AS {name}" if kind == "BLOB" else name for name, kind in table.columns.items()]
        blobs = [name for name, kind in table.columns.items() if kind == "BLOB"]
        for line in self._ask(f"SELECT row_to_json(r) FROM (SELECT {', '.join(columns)} FROM {table.name} {which}) AS r"):
            row = json.loads(line)
            row.update((name, bytes.fromhex(row[name])) for name in blobs if row[name] is not None)
            yield row

    def begin(self):
        """Fixes the moment, and copies what is known of the store's place among the others."""
        self._ask("ROLLBACK; BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        for name in POSITIONS:
            self.copy.fill(name, self._rows(self.copy.tables[name]))
        self.copy.fill("event_log", self._rows(self.copy.tables["event_log"], "ORDER BY seq DESC LIMIT 1"))

    def complete(self):
        """Copies the rest, of the same moment."""
        for name, table in self.copy.tables.items():
            rows = list(self._rows(table))
            self.copy.fill(name, rows)
            self._examine(table, len(rows))
        self._session.close()

    def _examine(self, table, rows):
        """The table against its primary key."""
        columns = self._ask("SELECT a.attname FROM pg_index AS i CROSS JOIN unnest(i.indkey) WITH ORDINALITY AS k (attnum, rank) "
                            "JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.attnum WHERE i.indisprimary "
                            f"AND i.indisvalid AND i.indrelid = '{self._schema}.{table.name}'::regclass ORDER BY k.rank")
        if tuple(column.strip() for column in columns) != table.key:
            self._problems.append(f"the table {table.name} has not the primary key {table.key}")
            return
        self._ask("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_sort = off")
        key = ", ".join(table.key)
        counted = int(self._ask(f"SELECT count(*) FROM (SELECT {key} FROM {table.name} ORDER BY {key} OFFSET 0) AS r")[0])
        self._ask("SET LOCAL enable_seqscan = on; SET LOCAL enable_bitmapscan = on; SET LOCAL enable_sort = on")
        if counted != rows:
            self._problems.append(f"the table {table.name} has {rows} rows, and {counted} by its primary key")

    def problems(self):
        """Why it is not sound."""
        return self._problems

    def close(self):
        self._session.close()
        self.copy.close()
