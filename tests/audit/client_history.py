"""What clients asked for and what they were told, as app/audit/README.md describes the file: the one place that writes it in Python."""
import json
import threading
import time

# What makes an order, by its path: of these a history is kept.
MAKES_AN_ORDER = {"/orders": "order.place_order", "/orders/drafts": "order.start_draft"}
NOT_NOW = (409, 425, 429)


def outcome_of(status):
    """What a client knows after an answer with this status; after none (None) it knows nothing."""
    if status is not None and status < 300:
        return "ok"
    return "failed" if status is not None and status < 500 and status not in NOT_NOW else "unknown"


def now_ms():
    return time.monotonic_ns() // 1_000_000


class History:
    """Thread-safe. Keeps one entry for each attempt to make an order, in the order in which they ended."""

    def __init__(self, entries=()):
        self.entries = list(entries)
        self._lock = threading.Lock()

    def add(self, operation, key, start_ms, reply=None):
        """Adds an attempt that began at `start_ms` and has just ended, with this answer or with none."""
        status = reply.status if reply else None
        entry = {"operation": operation, "key": key, "start_ms": start_ms, "end_ms": now_ms(), "outcome": outcome_of(status)}
        if status is not None:
            entry["status"] = status
        if entry["outcome"] == "ok":
            entry["order_id"] = reply.json()["order_id"]
        with self._lock:
            self.entries.append({"attempt": len(self.entries) + 1, **entry})

    def acknowledged(self):
        """Order ids by the key under which they were acknowledged, all that each key was told."""
        told = {}
        with self._lock:
            for entry in self.entries:
                if entry["outcome"] == "ok":
                    told.setdefault(entry["key"], set()).add(entry["order_id"])
        return told

    def write(self, path):
        """Writes the file anew, and returns its path."""
        with self._lock:
            return write_lines(path, self.entries)

    @classmethod
    def load(cls, path):
        return cls(json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())


def write_lines(path, entries):
    path.write_text("".join(json.dumps(entry) + "\n" for entry in entries), encoding="utf-8")
    return path
