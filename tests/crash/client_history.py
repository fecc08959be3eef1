"""What customers asked for and what they were told, as app/audit/README.md describes the file."""
import json
import threading
import time

TRY_AGAIN = (409, 425, 429)


class History:
    """Thread-safe. Keeps one entry for each attempt to make an order."""

    def __init__(self, entries=()):
        self.entries = list(entries)
        self._lock = threading.Lock()

    @staticmethod
    def now_ms():
        return time.monotonic_ns() // 1_000_000

    def add(self, operation, key, start_ms, status=None, order_id=None):
        if status is None or status in TRY_AGAIN or status >= 500:
            outcome = "unknown"
        else:
            outcome = "ok" if status < 400 else "failed"
        entry = {"operation": operation, "key": key, "start_ms": start_ms, "end_ms": self.now_ms(), "outcome": outcome}
        if status is not None:
            entry["status"] = status
        if order_id is not None:
            entry["order_id"] = order_id
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

    def save(self, path):
        with self._lock:
            path.write_text("".join(json.dumps(entry) + "\n" for entry in self.entries), encoding="utf-8")

    @classmethod
    def load(cls, path):
        return cls(json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())
