"""What is still under way in a shop, and waiting until nothing is."""
import time

from cut import HEARS, connect

WORK = {"order": ("SELECT count(*) FROM orders WHERE status = 'placed'", "orders are placed"),
        "payment": ("SELECT (SELECT count(*) FROM provider_work) + (SELECT count(*) FROM unpriced_orders)",
                    "questions to the provider or for a price")}


def unsettled(data_dir, only_effects=False):
    """What is under way, in few words; empty once the shop is quiet. Cheap enough to be polled. A cursor is moved over events that its
    subscriber does not hear only when there is time: `only_effects` does not wait for that."""
    found, seen = look(data_dir, only_effects)
    if found:
        return found
    # The stores are looked at one after the other. Where none has moved from one round to the next, there was a moment between the
    # rounds at which all of this was true at once.
    found, seen_again = look(data_dir, only_effects)
    return found or ([] if seen == seen_again else ["something moves"])


def look(data_dir, only_effects):
    """One round: what is under way, and all that was read."""
    found, logs, cursors = [], {}, {}
    for module in HEARS:
        connection = connect(data_dir, module)
        try:
            connection.execute("BEGIN")  # one moment for all that is read of a store
            cursors[module] = dict(connection.execute("SELECT publisher, seq FROM cursors"))
            logs[module] = dict(connection.execute("SELECT type, max(seq) FROM event_log GROUP BY type"))
            if module in WORK:
                query, what = WORK[module]
                count = connection.execute(query).fetchone()[0]
                found += [f"{count} {what}"] if count else []
        finally:
            connection.close()
    for subscriber, publishers in HEARS.items():
        for publisher, heard in publishers.items():
            heads = [seq for name, seq in logs[publisher].items() if not only_effects or name.split(".")[2] in heard]
            if cursors[subscriber].get(publisher, 0) < max(heads, default=0):
                found.append(f"{subscriber} is behind {publisher}")
    return found, (logs, cursors)


def wait_until_quiet(data_dir, timeout_s, only_effects=False):
    """Waits until nothing is under way. Raises AssertionError, with what is, after `timeout_s`."""
    give_up = time.monotonic() + timeout_s
    while found := unsettled(data_dir, only_effects):
        if time.monotonic() > give_up:
            raise AssertionError(f"not quiet within {timeout_s} s: {found}")
        time.sleep(0.01)
