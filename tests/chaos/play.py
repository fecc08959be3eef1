"""One run: a shop, customers who never give up, a storm of faults; and in the end both auditors."""
import json
import random
import shutil
import subprocess
import threading
import time
from collections import Counter, defaultdict
from contextlib import closing
from typing import Callable, NamedTuple

import cut
import two_audits
from ground import Ground
from outside import Needs
from quiet import unsettled
from shop import binary, clean_environment, poll_until
from storm import Weather, rage

TOKENS = "tok_ok=11,tok_declined=3,tok_timeout=4,tok_insufficient_funds=1"
RETRY_S = 120
LIVE_AUDIT_EVERY_S = 12
LIVE_AUDIT_ATTEMPTS = 5


class Load:
    """`seamline load --history`, in a process of its own, which no fault happens to."""

    def __init__(self, url, history, seed, **options):
        """`options` are flags of the command; underscores are hyphens."""
        self.history = history
        options = {"seed": seed, "tokens": TOKENS, "retry": RETRY_S, "answer_timeout": 5,
                   "settle_timeout": 0, "again": 5, **options}
        flags = [text for name, value in options.items() for text in (f"--{name.replace('_', '-')}", str(value))]
        self._process = subprocess.Popen([binary(), "load", "--url", url, "--history", str(history), "--json", *flags],
                                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=clean_environment())
        poll_until(lambda: self.attempts() > 0 or self._process.poll() is not None, 60, "the first order is placed")

    def attempts(self):
        return self.history.stat().st_size // 256 if self.history.exists() else 0

    def finish(self, timeout_s):
        """Waits until each order has its answer. Returns the report, and what it complained of."""
        out, problems = self._process.communicate(timeout=timeout_s)
        return (json.loads(out) if out else {}), problems.strip()

    def close(self):
        if self._process.poll() is None:
            self._process.kill()
        self._process.communicate()


class LiveAudits:
    """Both auditors look at the stores again and again while everything happens; but for a database that is away."""

    def __init__(self, ground, history):
        self.violations = []
        self.done = 0
        self._ground = ground
        self._history = history
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while not self._closing.wait(LIVE_AUDIT_EVERY_S):
            self._look(LIVE_AUDIT_ATTEMPTS)

    def _look(self, attempts):
        was_well = self._ground.databases_are_well()
        try:
            found = two_audits.audit(self._ground.data_dir, True, self._history, config=self._ground.config)
            self.violations += [f"live: {violation}" for violation in found]
            self.done += 1
        except (cut.CannotRead, two_audits.Disagreement) as problem:
            # A store that is being opened, or never stands still; perhaps for one of the two alone.
            if attempts > 1 and not self._closing.wait(0.2):
                self._look(attempts - 1)
            elif attempts <= 1 and was_well and self._ground.databases_are_well():
                self.violations.append(f"live: {problem}")
        except Exception as problem:  # a thread must not die unheard
            self.violations.append(f"live: {problem!r}")

    def close(self):
        self._closing.set()
        self._thread.join()


class Outcome(NamedTuple):
    violations: list
    totals: Counter


def read_history(path):
    """key -> its attempts."""
    keys = defaultdict(list)
    for line in path.read_text().splitlines():
        attempt = json.loads(line)
        keys[attempt["key"]].append(attempt)
    return keys


def count_orders(ground):
    connection = cut.connect(ground.data_dir, "order", ground.config)
    try:
        return dict(connection.execute("SELECT status, count(*) FROM orders GROUP BY status"))
    finally:
        connection.close()


def ask_the_shop(shop, keys, seed):
    """What a customer is told of orders that were acknowledged (C5, C6)."""
    acknowledged = sorted(attempt["order_id"] for attempts in keys.values() for attempt in attempts if attempt["outcome"] == "ok")
    client, found = shop.client(), []
    for order_id in random.Random(f"{seed}/asked").sample(acknowledged, min(50, len(acknowledged))):
        reply = client.request("GET", f"/orders/{order_id}")
        if reply.status != 200 or reply.json()["status"] not in ("confirmed", "cancelled"):
            found.append(f"the order {order_id} was acknowledged, and the shop says {reply!r}")
    client.close()
    return found


class Run(NamedTuple):
    """How a run is to be. `rate`: new orders a second. `quiet_timeout_s`: how long what is under way may take to end once all faults have
    ceased. `environment`: of the shop's processes. `needs`: the servers that it stands on. `judge` names the violations in a shop's stores,
    as two_audits.audit does."""
    placement: str
    seconds: float
    seed: int
    rate: int = 120
    clients: int = 24
    weather: Weather = Weather()
    has_small_disk: bool = True
    quiet_timeout_s: float = 90
    environment: dict = {}
    needs: Needs = Needs()
    judge: Callable = two_audits.audit


def play(run, folder, log, keep=None):
    """Returns what was violated, and how often everything happened. `keep`: a folder to be made of what a failed run leaves."""
    started = time.monotonic()
    history = folder / "history"
    modules = ("order", "payment", "inventory")
    full_module = random.Random(f"{run.seed}/disk").choice(run.needs.in_files(modules) or modules)
    with closing(Ground(folder, run.placement, log, full_module, run.has_small_disk, run.environment, run.needs)) as ground:
        ground.start()
        with closing(Load(ground.url, history, run.seed, seconds=round(run.seconds), rate=run.rate, in_flight=run.clients)) as load, \
             closing(LiveAudits(ground, history)) as live:
            rage(ground, run.seed, run.seconds, run.weather)
            live.close()
            come_to_rest(ground, load, run)
        violations = ground.violations + live.violations
        try:
            violations += run.judge(ground.data_dir, False, history, config=ground.config)
        except (two_audits.Disagreement, cut.CannotRead) as problem:
            violations.append(str(problem))
        outcome = Outcome(violations, totals(ground, history, live, time.monotonic() - started))
        if violations and keep:
            shutil.copytree(folder, keep, dirs_exist_ok=True)
        return outcome


def come_to_rest(ground, load, run):
    """All faults have ceased: everybody gets an answer, everything comes to its end, and every process ends. What does not is among the
    ground's violations."""
    def is_quiet():
        ground.supervise()
        return not unsettled(ground.data_dir, config=ground.config)
    try:
        ground.calm()
        report, problems = load.finish(RETRY_S + 60)
        if problems or report.get("unknown") != 0:
            ground.violations.append(f"the load ended with {report}, and said: {problems}")
        poll_until(is_quiet, run.quiet_timeout_s, lambda: f"quiet: {unsettled(ground.data_dir, config=ground.config)}\n{ground.last_words()}", every_s=0.2)
        ground.violations += ask_the_shop(ground.shop, read_history(load.history), run.seed)
        ground.stop()
    except (AssertionError, cut.CannotRead) as problem:
        ground.violations.append(str(problem))
        for name in ground.processes:
            ground.kill(name)


def totals(ground, history, live, took_s):
    keys = read_history(history)
    counts = Counter({"seconds": round(took_s), "live audits": live.done, "attempts": sum(len(attempts) for attempts in keys.values())})
    for attempts in keys.values():
        outcomes = {attempt["outcome"] for attempt in attempts}
        counts["acknowledged" if "ok" in outcomes else "refused" if "failed" in outcomes else "unknown"] += 1
    return counts + Counter(count_orders(ground)) + ground.counts
