"""The crash points that the sources have, and the places where each must be seen to be reached."""
import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
MODULES = ("user", "order", "payment", "inventory")
FOLLOWED = ("order", "payment", "inventory")  # user hears nobody, and nobody hears user
CALLED_ONCE = ("user", "order", "inventory")  # payment has no operation that takes a key
WITH_TIMERS = ("order", "inventory")
# Points whose scope is a variable, and the modules that they are reached in; all four where none are named.
SCOPES = {**dict.fromkeys(("before-apply", "effect-applied", "cursor-moved", "before-next-entries", "log-read", "before-receipt",
                           "receipt-sent", "receipt-recorded", "page-received", "before-receipt-put", "receipt-put", "page-read",
                           "receipt-received"), FOLLOWED),
          **dict.fromkeys(("answer-remembered", "after-answer-looked-up", "after-key-looked-up-again"), CALLED_ONCE),
          **dict.fromkeys(("before-timer", "timer-fired"), WITH_TIMERS)}
# What is reached only over a server, and killed there: tests/mongodb/documents_kill_test.py, tests/system/broker_kill_test.py.
ELSEWHERE = ("src/store/document_", *(OVER_A_BROKER := ("src/events/relay", "src/events/receiver", "src/events/foreign_inbox")))
CALL = re.compile(r'SEAMLINE_CRASH_POINT\((?P<scope>[^;]*?),\s*"(?P<point>[^"]+)"\)')


class Point(NamedTuple):
    """One place in the sources."""
    name: str
    # The text between quotes; None where it is a variable.
    scope: str | None
    file: str

    def names(self):
        """What its place is called when it is reached: `scope/point`, once for each scope."""
        if self.scope is None:
            return [f"{module}/{self.name}" for module in SCOPES.get(self.name, MODULES)]
        return [f"{self.scope}/{self.name}" if self.scope else self.name]


def scan(root=ROOT):
    """Every crash point of the sources; the macro's own definition is none."""
    found = []
    for top in ("src", "modules", "app"):
        for path in sorted((root / top).rglob("*.?pp")):
            for match in CALL.finditer(path.read_text(encoding="utf-8")):
                scope = match["scope"].strip()
                literal = re.fullmatch(r'"([^"]*)"', scope)
                found.append(Point(match["point"], literal[1] if literal else None, path.relative_to(root).as_posix()))
    return found


def all_names(root=ROOT):
    """Those that a day at the shop must pass."""
    return [name for point in scan(root) if not point.file.startswith(ELSEWHERE) for name in point.names()]
