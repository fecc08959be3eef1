"""Makes the stores that a seeded bug leaves, and has both auditors look at them."""
import hashlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import table

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "audit"))
import auditor  # noqa: E402
import two_audits  # noqa: E402

TIMEOUT_S = 60
MODULES = ("user", "inventory", "payment", "order")
NO_HASH = bytes(32)
# Orders of the edited stores, by how they ended.
ORDERS = {"confirmed": "SELECT min(order_id) FROM payments WHERE status = 'captured'",
          "cancelled": "SELECT min(order_id) FROM payments WHERE status = 'refunded'",
          "declined": "SELECT min(order_id) FROM payments WHERE status = 'failed'"}


@dataclass(frozen=True)
class Verdict:
    """The codes that each auditor says are violated."""
    program: tuple[str, ...]
    python: tuple[str, ...]


def violated(report):
    return tuple(check["code"] for check in report["checks"] if check["outcome"] == "violated")


def all_codes():
    """The codes of all invariants on the page."""
    return [invariant.code for invariant in auditor.invariants()]


def verdict_on(folder):
    history = folder / "history"
    return Verdict(violated(two_audits.program_audit(folder, history=history)), violated(auditor.audit(folder, history=history)))


def play(workload, folder, mistakes="", crash_at=""):
    """Plays one workload in a process of its own. Returns its exit code."""
    environment = {name: value for name, value in os.environ.items() if name not in ("SEAMLINE_MISTAKES", "SEAMLINE_CRASH_AT")}
    environment |= {"SEAMLINE_MISTAKES": mistakes, "SEAMLINE_CRASH_AT": crash_at}
    done = subprocess.run([os.environ["SEAMLINE_MISTAKEN_SHOP"], workload, str(folder)], env=environment, capture_output=True,
                          text=True, timeout=TIMEOUT_S, check=False)
    return done.returncode


def make_shop(workload, folder, mistakes="", crash_at=""):
    """The stores of a shop that makes mistakes, or none; where it is killed, another process goes on. Returns the exit codes."""
    folder.mkdir(parents=True)
    codes = [play(workload, folder, mistakes, crash_at)]
    if codes[0] == -signal.SIGKILL:
        codes.append(play(table.NEXT_PROCESS, folder, mistakes))
    return codes


def connect(folder, store):
    return sqlite3.connect(folder / store / "0.db", isolation_level=None)


def netstring(value):
    data = str(value).encode()
    return b"%d:%s," % (len(data), data)


def chain_anew(folder, store):
    """Numbers and chains a log again, as whoever covers his traces would, and brings those who follow it to its head."""
    log = connect(folder, store)
    entries = log.execute("SELECT epoch, type, subject, at_ms, trace, payload FROM event_log ORDER BY seq").fetchall()
    log.execute("DELETE FROM event_log")
    head = NO_HASH
    for seq, entry in enumerate(entries, start=1):
        head = hashlib.sha256(head + b"".join(map(netstring, (seq, *entry)))).digest()
        log.execute("INSERT INTO event_log VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (seq, *entry, head))
    log.execute("UPDATE receipts SET seq = min(seq, ?)", (len(entries),))
    log.close()
    for subscriber in MODULES:
        cursors = connect(folder, subscriber)
        cursors.execute("UPDATE cursors SET seq = ?, hash = ? WHERE publisher = ?", (len(entries), head, store))
        cursors.close()


def edit_history(folder, substitution):
    _, before, after, _ = substitution.split("/")
    text = (folder / "history").read_text(encoding="utf-8")
    assert before in text, f"the history has no {before}"
    (folder / "history").write_text(text.replace(before, after), encoding="utf-8")


def change(folder, store, statement):
    connection = connect(folder, store)
    changed = connection.execute(statement).rowcount
    connection.close()
    assert changed > 0, f"nothing is changed by: {statement}"


def overwrite_page(folder, place):
    store, index = place.split()
    connection = connect(folder, store)
    page = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (index,)).fetchone()[0]
    size = connection.execute("PRAGMA page_size").fetchone()[0]
    connection.close()
    with open(folder / store / "0.db", "r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"overwritten")


def apply_edits(edit, folder):
    payments = connect(folder, "payment")
    orders = {name: payments.execute(query).fetchone()[0] for name, query in ORDERS.items()}
    payments.close()
    touched = set()
    for store, text in edit.edits:
        text = text.format(**orders)
        if store == "history":
            edit_history(folder, text)
        elif store == "page":
            overwrite_page(folder, text)
        else:
            change(folder, store, text)
            if " event_log" in text and not edit.keeps_chain:
                touched.add(store)
    for store in touched:
        chain_anew(folder, store)


def try_mistake(mistake, folder, clean):
    """The verdict on a seeded bug. `clean`: the stores of each workload without one."""
    if mistake.kind == "edit":
        shutil.copytree(clean / mistake.workload, folder)
        apply_edits(mistake, folder)
    else:
        armed = mistake.name + (f":{mistake.every}" if mistake.every > 1 else "")
        make_shop(mistake.workload, folder, ",".join(filter(None, (armed, mistake.beside))), mistake.crash_at)
    return verdict_on(folder)


def crash_of(workload):
    """Where the mistakes of a workload have it killed: there it is killed without them, too."""
    return next((mistake.crash_at for mistake in table.SWITCHES if mistake.workload == workload and mistake.crash_at), "")


def try_clean(workload, folder):
    """The exit codes of a workload without mistakes, and the verdict on it."""
    return make_shop(workload, folder, crash_at=crash_of(workload)), verdict_on(folder)


def try_all(folder):
    """Both for all, in a folder that is there: by workload, and by the name of the mistake."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        clean = pool.map(lambda workload: try_clean(workload, folder / "clean" / workload), table.WORKLOADS)
        clean = dict(zip(table.WORKLOADS, clean))
        verdicts = pool.map(lambda mistake: try_mistake(mistake, folder / mistake.name, folder / "clean"), table.MISTAKES)
        return clean, dict(zip((mistake.name for mistake in table.MISTAKES), verdicts))
