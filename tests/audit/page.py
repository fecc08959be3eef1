"""The page that both auditors are written from: app/audit/README.md. Codes, order and sentences are taken from it as they stand."""
import re
from pathlib import Path
from typing import NamedTuple

PAGE = Path(__file__).resolve().parents[2] / "app" / "audit" / "README.md"
ROW = re.compile(r"\| (?P<code>[A-Z]\d+) \| (?P<holds>always|quiet) \| (?P<sentence>.+?) \| (?P<examines>.+?) \|")
# The heading from which on the invariants are about a history of clients.
CLIENTS = "## What the clients saw"
# What holds by being absent: it proves something also where there is nothing to examine.
NEVER_VACUOUS = "never vacuous"


class Invariant(NamedTuple):
    code: str
    # "always", or "quiet": only while nothing is under way.
    holds: str
    sentence: str
    examines: str
    needs_history: bool

    @property
    def may_be_vacuous(self):
        return NEVER_VACUOUS not in self.examines


def invariants():
    """All invariants of the page, in its order."""
    found, needs_history = [], False
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        needs_history = needs_history or line == CLIENTS
        if row := ROW.fullmatch(line):
            found.append(Invariant(row["code"], row["holds"], row["sentence"], row["examines"], needs_history))
    return found
