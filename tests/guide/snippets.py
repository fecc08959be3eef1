"""The code blocks of the guide, as they stand, and what they need around them to run."""
import hashlib
from pathlib import Path

HERE = Path(__file__).resolve().parent
FOLDER = HERE / "snippets"


def text_of(name):
    return (FOLDER / name).read_bytes().decode()


def digest_of(name):
    """As the table in README.md has it."""
    return hashlib.sha256((FOLDER / name).read_bytes()).hexdigest()[:16]


def run_python(name, surroundings):
    """Runs a block of Python. `surroundings` are the names that it does not define itself; those that it defines are put there too, even
    while it runs."""
    exec(compile(text_of(name), name, "exec"), surroundings)  # pylint: disable=exec-used
    return surroundings


def go_with_imports(name, *packages):
    """A file of Go with the imports that it lacks, right behind its package clause: the language wants them there."""
    clause, rest = text_of(name).split("\n", 1)
    assert clause.startswith("package "), clause
    return clause + "\n\nimport (\n" + "".join(f'\t"{package}"\n' for package in packages) + ")\n" + rest


class Table:
    """The `db` of the guide: it gives each row that is inserted an id."""

    def __init__(self):
        self.rows = []

    def insert(self, row):
        self.rows.append({"id": len(self.rows) + 1, **row})
        return self.rows[-1]
