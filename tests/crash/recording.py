"""What is there before the first kill: a shop's folder with a past, and which points each day at the shop passes how often."""
import json
import shutil
import sqlite3
import time
from collections import Counter
from pathlib import Path

import audits
import wishes
from crash_case import CUSTOMERS, QUIET_S, STOP_POINTS, ShopUnderFire
from split import MODULES


def await_quiet(fire):
    give_up = time.monotonic() + QUIET_S
    while not (fire.shop.url is not None and fire.is_quiet()):
        fire.look()
        if time.monotonic() > give_up:
            raise AssertionError(f"not quiet:\n{fire.log()}")
        time.sleep(0.003)
    problems = [problem for crowd in fire.crowds for problem in crowd.problems]
    if problems:
        raise AssertionError(f"without any crash: {problems}\n{fire.log()}")


def make_template(folder):
    """A shop with customers, products and some orders, killed when all was quiet: its write-ahead logs are long, as no checkpoint was
    made."""
    fire = ShopUnderFire(folder, None, "monolith", "new")
    fire.shop.settings["store.checkpoint_pages"] = 100_000
    try:
        fire.launch("main")
        crowd = wishes.Crowd(fire.shop, fire.history, "before", fire.users, fire.products)
        fire.crowds.append(crowd)

        def fill(first, client, key):
            wishes.settle_in(first, CUSTOMERS)
            for number in range(6):
                first.place(client, f"{key}-{number}", "tok_declined" if number == 3 else "tok_ok")
        crowd.start([fill], 1)
        await_quiet(fire)
        found = audits.audit(fire.shop.data_dir, fire.history, fire.crowds)
        if found:
            raise AssertionError(f"before any crash: {found}")
        fire.kill("main")
    finally:
        fire.close()
    age_answers(fire.shop.data_dir)
    fire.history.write(Path(folder) / "history.jsonl")
    (Path(folder) / "known.json").write_text(json.dumps({"users": fire.users, "products": fire.products}), encoding="utf-8")
    for path in Path(folder).rglob("*-shm"):
        path.unlink()
    return Path(folder)


def age_answers(data_dir):
    """What customers and products were made under is remembered for longer than it should be: the next start forgets it."""
    for module in ("user", "inventory"):
        connection = sqlite3.connect(data_dir / module / "0.db", isolation_level=None)
        connection.execute("UPDATE idempotency SET at_ms = at_ms - ?", (25 * 3600 * 1000,))
        connection.close()


def record(folder, template, placement, profile):
    """How often each process passes each point on such a day, until it has stopped; and from a kill to the end of its recovery."""
    fire = ShopUnderFire(folder, template, placement, profile)
    day, recovery = {}, {}

    def trace(name, when):
        return str(Path(folder) / f"{name}-{when}.trace")

    try:
        if fire.profile.is_broken:
            fire.set_broken(MODULES, True)
        for name in fire.processes:
            fire.launch(name, SEAMLINE_CRASH_TRACE=trace(name, "day"))
        fire.send_wave()
        await_quiet(fire)
        # A second wave, in which all are killed, and begin anew.
        fire.send_wave()
        time.sleep(0.03)
        for name in fire.processes:
            fire.kill(name)
        fire.mend()
        for name in fire.processes:
            fire.launch(name, SEAMLINE_CRASH_TRACE=trace(name, "recovery"))
        await_quiet(fire)
        fire.shop.stop()
    finally:
        fire.close()
    for name in fire.processes:
        for when, counts in (("day", day), ("recovery", recovery)):
            counts[name] = Counter(Path(trace(name, when)).read_text(encoding="utf-8").split())
        for point in [point for point in recovery[name] if point in STOP_POINTS]:
            day[name][point] = recovery[name].pop(point)
    shutil.rmtree(folder, ignore_errors=True)
    return day, recovery
