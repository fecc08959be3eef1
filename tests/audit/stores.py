"""K, X, I: stores, logs, cursors, dead letters and remembered answers."""
import hashlib
from collections import Counter

from checks import check
from cut import FOLLOWS, HEARS, MODULES
from records import decoded

# The hash before the first entry.
NO_HASH = bytes(32)
CHAINED = ("seq", "epoch", "type", "subject", "at_ms", "trace", "payload")


def counted(rows_by_module):
    return sum(len(rows) for rows in rows_by_module.values())


@check("K1")
def stores_are_sound(records):
    found = []
    for module, store in records.stores.items():
        found += [f"the store of {module}: {row[0]}" for row in store.rows("PRAGMA quick_check") if row[0] != "ok"]
    return len(records.stores), found


@check("K2")
def stores_have_one_owner(records):
    found = []
    for module, rows in records.ownership.items():
        if len(rows) != 1:
            found.append(f"the store of {module} has {len(rows)} owners")
        found += [f"the store of {module} has the log id {row['log_id']!r} and epoch {row['epoch']}" for row in rows
                  if not row["log_id"] or row["epoch"] < 1]
    return counted(records.ownership), found


def netstring(value):
    data = str(value).encode("utf-8", "surrogateescape")
    return b"%d:%s," % (len(data), data)


def chain_hash(before, entry):
    return hashlib.sha256(before + b"".join(netstring(entry[name]) for name in CHAINED)).digest()


def first_damage(log):
    """What is wrong with the first entry of a log that is not as it was written; None where all are."""
    before = NO_HASH
    for place, entry in enumerate(log, start=1):
        if entry["seq"] != place:
            return f"entry {entry['seq']} stands where {place} should be"
        if entry["hash"] != chain_hash(before, entry):
            return f"entry {place} ({entry['type']} of {entry['subject']}) has another hash than the chain gives it"
        before = entry["hash"]
    return None


@check("X1")
def logs_are_chained(records):
    damages = {module: first_damage(log) for module, log in records.logs.items()}
    return counted(records.logs), [f"the log of {module}: {damage}" for module, damage in damages.items() if damage]


def hash_at(log, seq):
    """The hash of the entry with this number; None where there is no such entry."""
    if seq == 0:
        return NO_HASH
    # An intact log has entry n at place n; in a damaged one it is looked for.
    if 0 < seq <= len(log) and log[seq - 1]["seq"] == seq:
        return log[seq - 1]["hash"]
    return next((entry["hash"] for entry in log if entry["seq"] == seq), None)


def log_id_of(records, module):
    rows = records.ownership[module]
    return rows[0]["log_id"] if rows else None


@check("X2")
def all_that_is_heard_is_applied(records):
    found, examined = [], 0
    for subscriber, publishers in HEARS.items():
        for publisher, heard in publishers.items():
            examined += 1
            applied = max((row["seq"] for row in records.stores[subscriber].cursors if row["publisher"] == publisher), default=0)
            behind = [entry["seq"] for entry in records.logs[publisher]
                      if entry["seq"] > applied and entry["type"].split(".")[2:3] and entry["type"].split(".")[2] in heard]
            if behind:
                found.append(f"{subscriber} is at {applied} of the log of {publisher}, and hears {len(behind)} entries behind it")
    return examined, found


@check("X3")
def cursors_are_of_the_log(records):
    found, examined = [], 0
    for subscriber, store in records.stores.items():
        for row in store.cursors:
            examined += 1
            where = f"{subscriber} is at {row['seq']} of the log of {row['publisher']}"
            if row["publisher"] not in FOLLOWS[subscriber]:
                found.append(f"{where}, which it does not follow")
            elif row["log_id"] != log_id_of(records, row["publisher"]):
                found.append(f"{where}, but of another one ({row['log_id']})")
            elif row["seq"] > records.stores[row["publisher"]].head:
                found.append(f"{where}, whose head is {records.stores[row['publisher']].head}")
            elif row["hash"] != hash_at(records.logs[row["publisher"]], row["seq"]):
                found.append(f"{where}, where the hash is another")
    return examined, found


@check("X6")
def receipts_are_not_ahead(records):
    found, examined = [], 0
    for publisher, store in records.stores.items():
        for row in store.receipts:
            examined += 1
            where = f"{publisher} has a receipt of {row['subscriber']} for {row['seq']}"
            if row["seq"] > store.head:
                found.append(f"{where}, and its head is {store.head}")
            if " " in row["subscriber"]:
                continue  # a broker, which has no cursor
            subscriber = records.stores.get(row["subscriber"])
            cursors = [cursor["seq"] for cursor in subscriber.cursors if cursor["publisher"] == publisher] if subscriber else []
            if row["seq"] > max(cursors, default=0):
                found.append(f"{where}, whose cursor is {cursors}")
    return examined, found


@check("X8")
def epochs_never_go_down(records):
    found = []
    for module, log in records.logs.items():
        owners = max((row["epoch"] for row in records.ownership[module]), default=0)
        before = 0
        for entry in log:
            if entry["epoch"] < before:
                found.append(f"the log of {module}: entry {entry['seq']} is of epoch {entry['epoch']}, and the one before of {before}")
            if entry["epoch"] > owners:
                found.append(f"the log of {module}: entry {entry['seq']} is of epoch {entry['epoch']}, and the owner of {owners}")
            before = entry["epoch"]
    return counted(records.logs), found


@check("X9")
def there_is_no_dead_letter(records):
    return counted(records.dead_letters), [f"{module}: {row['publisher']}/{row['seq']} is {row['state']}: {row['reason']}"
                                           for module, letters in records.dead_letters.items() for row in letters]


@check("X10")
def parked_letters_wait_for_a_poisoned_one(records):
    found, examined = [], 0
    for module, letters in records.dead_letters.items():
        poisoned = {}
        for row in letters:
            if row["state"] == "poisoned":
                subject = (row["publisher"], row["subject"])
                poisoned[subject] = min(row["seq"], poisoned.get(subject, row["seq"]))
        for row in letters:
            if row["state"] == "parked":
                examined += 1
                if poisoned.get((row["publisher"], row["subject"]), row["seq"]) >= row["seq"]:
                    found.append(f"{module}: {row['publisher']}/{row['seq']} is parked behind nothing")
    return examined, found


@check("I1")
def keys_stand_once(records):
    found = []
    for module in MODULES:
        keys = Counter((row["caller"], row["operation"], row["key"]) for row in records.answers[module])
        found += [f"{module} remembers {operation} {key!r} of {caller!r} {count} times"
                  for (caller, operation, key), count in keys.items() if count > 1]
    made = Counter(order_id for *_, order_id in records.orders_under_keys)
    found += [f"order {order_id} was made under {count} keys" for order_id, count in made.items() if count > 1]
    return counted(records.answers), found


@check("I2")
def orders_of_answers_exist(records):
    named = [(row["key"], order_id) for row in records.answers["order"] if (order_id := decoded(row["reply"]).get("order_id"))]
    return len(named), [f"the key {key!r} is remembered for {order_id}, which is no order" for key, order_id in named
                        if order_id not in records.orders]
