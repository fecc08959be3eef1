"""One case: a shop is killed at a crash point, perhaps again while it recovers, comes back, and is audited."""
import contextlib
import json
import os
import shutil
import signal
import sqlite3
import time
from pathlib import Path
from typing import NamedTuple

import audits
import wishes
from client_history import History
from ports import RESERVED
from shop import Shop
from split import MODULES, SplitShop
from wishes import Crowd

CONNECTIONS = 3
MAX_WAVES = 4
QUIET_S = 30
NOT_REACHED = "the point was not reached"
# Nine days in ten pass a point that another did; so none of these is missed once in a hundred thousand runs.
MORE_DAYS = 6
CUSTOMERS = 18
COMMON = {"log__level": "warning", "events__timer_grace_ms": 20, "events__timer_poll_ms": 10, "events__poll_ms": 20,
          "events__receipt_ms": 20, "modules__order__deadline_ms": 5000, "modules__inventory__reservation_ms": 4000,
          "modules__payment__retry_ms": 20, "modules__user__password_memory_kib": 7168, "modules__user__password_passes": 1,
          "store__checkpoint_pages": 100, "calls__breaker__open_ms": 100, "calls__timeout_ms": 3000}
# A table of each module without which something cannot be written; what else the module does goes on.
NEEDED = {"user": "sessions", "order": "receipts", "payment": "receipts", "inventory": "receipts"}


class Profile(NamedTuple):
    """A kind of day at the shop."""
    name: str
    wishes: tuple
    settings: dict = {}
    # Nothing is there yet: no folder, no user, no product.
    is_new: bool = False
    # The tables of NEEDED are gone until the first kill.
    is_broken: bool = False


PROFILES = {profile.name: profile for profile in (
    Profile("patient", wishes.PATIENT),
    Profile("hasty", wishes.HASTY, {"modules__order__deadline_ms": 60, "modules__order__draft_ms": 40, "events__queue_entries": 1,
                                    "modules__inventory__reservation_ms": 1, "modules__payment__retry_ms": 150,
                                    "events__timer_poll_ms": 1}),
    Profile("late", wishes.LATE),
    Profile("new", (wishes.order(), wishes.order("tok_timeout"), wishes.order_and_cancel(), wishes.restock), is_new=True),
    Profile("broken", wishes.BROKEN, is_broken=True))}
PLACEMENTS = {"monolith": (), "split": MODULES}
# Passed only when a process is asked to stop.
STOP_POINTS = ("before-drain", "drained", "loops-stopped", "writers-stopped")
# Passed by every start, in some scope.
START_POINTS = ("store-locked", "store-file-opened", "migration-applied", "schema-up-to-date", "ownership-written", "module-created",
                "host-connected", "host-started")


class Arm(NamedTuple):
    """A crash point that is armed: it kills when it is reached for the nth time."""
    name: str
    nth: int = 1


class Case(NamedTuple):
    placement: str
    process: str
    profile: str
    # The first kill; where there is more than one, the second is while the process starts again, and further ones are where the
    # recovery may pass.
    arms: tuple

    def __str__(self):
        return f"{self.placement}/{self.process} {self.profile} " + ", ".join(f"{arm.name}:{arm.nth}" for arm in self.arms)


class Outcome(NamedTuple):
    case: Case
    # How many of the arms killed.
    kills: int
    acknowledged: int
    violations: list
    seconds: float
    log: str = ""


class ShopUnderFire:
    """A shop in a folder of its own, whose processes die and come back."""

    def __init__(self, folder, template, placement, profile):
        self.profile = PROFILES[profile]
        self.folder = Path(folder)
        self.folder.mkdir(parents=True)
        data_dir = self.folder / "data"
        settings = {**COMMON, **self.profile.settings}
        remote = PLACEMENTS[placement]
        self.shop = SplitShop(data_dir, remote, **settings) if remote else Shop(data_dir, **settings)
        self.processes = self.shop.processes()
        for process in self.processes.values():
            process.environment = {}
        self.history, self.users, self.products, self.crowds = History(), [], [], []
        if not self.profile.is_new:
            shutil.copytree(template / "data", data_dir)
            self.history = History.load(template / "history.jsonl")
            known = json.loads((template / "known.json").read_text(encoding="utf-8"))
            self.users, self.products = known["users"], known["products"]
        self.is_broken = False

    # -- processes ---------------------------------------------------------------------------------------------------
    def launch(self, process, **environment):
        """SEAMLINE_TEST_MISTAKES has them all make these mistakes: what the driver must then find."""
        self.processes[process].environment = {"SEAMLINE_MISTAKES": os.environ.get("SEAMLINE_TEST_MISTAKES", ""), **environment}
        self.processes[process].launch()

    def look(self):
        """Notices who has become ready. Customers use only the main process."""
        if self.shop.process is not None and self.shop.url is None and "is ready: " in self.shop.log(self.shop._log_start):
            with contextlib.suppress(AssertionError):
                self.shop.wait_ready()

    def has_died(self, name):
        """Whether a process has ended; it must have been killed."""
        process = self.processes[name]
        if process.process.poll() is None:
            return False
        code, process.process, process.url = process.process.returncode, None, None
        if code != -signal.SIGKILL:
            raise AssertionError(f"{name} ended with {code}:\n{process.log(process._log_start)[-3000:]}")
        return True

    def kill(self, name):
        process = self.processes[name]
        if process.process is not None:
            process.kill()
        process.url = None

    def close(self):
        for crowd in self.crowds:
            crowd.is_over = True
        self.shop.close()

    def log(self):
        return "\n".join(f"--- {name} ---\n{process.log()[-3000:]}" for name, process in self.processes.items())

    # -- damage ------------------------------------------------------------------------------------------------------
    def set_broken(self, modules, is_broken):
        for module in modules:
            connection = sqlite3.connect(self.shop.data_dir / module / "0.db", isolation_level=None)
            old, new = (NEEDED[module], "gone") if is_broken else ("gone", NEEDED[module])
            connection.execute(f"ALTER TABLE {old} RENAME TO {new}")
            connection.close()
        self.broken = modules if is_broken else ()
        self.is_broken = is_broken

    def mend(self):
        if self.is_broken:
            self.set_broken(self.broken, False)

    # -- customers ---------------------------------------------------------------------------------------------------
    def send_wave(self):
        name = f"{self.profile.name}{len(self.crowds)}"
        crowd = Crowd(self.shop, self.history, name, self.users, self.products)
        self.crowds.append(crowd)
        if self.profile.is_new and len(self.crowds) == 1:
            def settle_in_and_ask(first, _client, _key):
                wishes.settle_in(first, 1)
                for number, wish in enumerate(self.profile.wishes):
                    wish(first, _client, f"{name}-{number}")
            crowd.start([settle_in_and_ask], 1)
        else:
            crowd.start(self.profile.wishes, CONNECTIONS)

    def wave_is_over(self):
        return not self.crowds or self.crowds[-1].is_done()

    def is_quiet(self):
        return self.wave_is_over() and audits.is_quiet(self.shop.data_dir)

    def has_started(self, name):
        process = self.processes[name]
        return "is ready: " in process.log(process._log_start)


class CaseRun:
    def __init__(self, case, fire):
        self.case = case
        self.fire = fire
        self.kills = 0

    def run(self):
        fire, case = self.fire, self.case
        if fire.profile.is_broken:
            scope = case.arms[0].name.split("/")[0]
            fire.set_broken((scope,), True)
        for process in fire.processes:
            fire.launch(process, **(self._armed(case.arms[0]) if process == case.process else {}))
        fire.send_wave()
        if not self._await_first_kill(case.arms[0]):
            return [NOT_REACHED]
        for arm in case.arms[1:]:
            fire.launch(case.process, **self._armed(arm))
            self._await_later_kill(arm)
        fire.launch(case.process)
        violations = self._recover()
        if len(case.arms) > 1 and self.kills < 2:
            violations.append(f"the start did not pass {case.arms[1].name}")
        return violations

    @staticmethod
    def _armed(arm):
        return {"SEAMLINE_CRASH_AT": f"{arm.name}:{arm.nth}"}

    def _note_kill(self, arm):
        process = self.fire.processes[self.case.process]
        if f"crash point {arm.name}\n" not in process.log(process._log_start):
            raise AssertionError(f"killed, but not at {arm.name}")
        self.kills += 1
        self.fire.mend()

    def _await_first_kill(self, arm):
        fire, name = self.fire, self.case.process
        stopping_since = None
        while True:
            fire.look()
            process = fire.processes[name].process
            if process.poll() is not None:
                if process.returncode == 0 and stopping_since:
                    fire.processes[name].process = None
                    return False
                fire.has_died(name)
                self._note_kill(arm)
                return True
            if stopping_since is None and fire.is_quiet() and (fire.crowds[-1].is_done()):
                if len(fire.crowds) < MAX_WAVES and arm.name not in STOP_POINTS:
                    fire.send_wave()
                else:
                    stopping_since = time.monotonic()
                    process.send_signal(signal.SIGTERM)
            time.sleep(0.002)

    def _await_later_kill(self, arm):
        """Where the recovery does not pass the point, the shop is killed when it has ended."""
        fire, name = self.fire, self.case.process
        give_up = time.monotonic() + QUIET_S
        while not fire.has_died(name):
            fire.look()
            if (fire.has_started(name) and fire.has_started("main") and fire.is_quiet()) or time.monotonic() > give_up:
                return fire.kill(name)
            time.sleep(0.002)
        self._note_kill(arm)

    def _recover(self):
        fire = self.fire
        give_up = time.monotonic() + QUIET_S
        while not (fire.has_started(self.case.process) and fire.has_started("main") and fire.is_quiet()):
            fire.look()
            for name in fire.processes:
                if fire.has_died(name):
                    return [f"{name} was killed again, by whom?"]
            if time.monotonic() > give_up:
                return [f"not quiet within {QUIET_S} s: {audits.unsettled(fire.shop.data_dir)}"]
            time.sleep(0.003)
        problems = [problem for crowd in fire.crowds for problem in crowd.problems]
        return problems + audits.audit(fire.shop.data_dir, fire.history, fire.crowds)


def run_case(case, folder, template):
    """Runs a case in a folder that it makes and removes. Some points hang on who is first, a cancel or the confirmation: a day that
    does not pass the point is followed by others, at whose first chance the shop is killed. Returns an Outcome."""
    outcome = run_once(case, folder, template)
    first, *later = case.arms
    for _ in range(MORE_DAYS):
        if outcome.violations != [NOT_REACHED]:
            break
        outcome = run_once(case._replace(arms=(first._replace(nth=1), *later)), folder, template)
    return outcome


def run_once(case, folder, template):
    begin = time.monotonic()
    fire = ShopUnderFire(folder, template, case.placement, case.profile)
    run = CaseRun(case, fire)
    try:
        violations = run.run()
    except Exception as problem:
        violations = [f"{type(problem).__name__}: {problem}"]
    finally:
        fire.close()
        RESERVED.clear()
    log = fire.log() if violations else ""
    shutil.rmtree(folder, ignore_errors=True)
    return Outcome(case, run.kills, len(fire.history.acknowledged()), violations, time.monotonic() - begin, log)
