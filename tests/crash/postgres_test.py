"""Payment and user in PostgreSQL: wherever a batch, its commit, or the two themselves can be killed, nothing is lost, and nothing
happens twice. Both die at one point after the other, each again while it recovers, as long as there are points."""
import os
import random
import sys
import time
import unittest
from pathlib import Path

sys.path += [str(Path(__file__).resolve().parents[1] / folder) for folder in ("system", "audit", "servers")]

import audits  # noqa: E402
import wishes  # noqa: E402
from client_history import History  # noqa: E402
from crash_case import COMMON  # noqa: E402
from points import OVER_POSTGRES, PASSED_ONCE, WHEN_IT_DIES, scan  # noqa: E402
from servers import Postgres  # noqa: E402
from shop import poll_until  # noqa: E402
from split import SplitTest  # noqa: E402

ON_SERVER = ("user", "payment")
CUSTOMERS = 4
CONNECTIONS = 3
PATIENCE_S = 60


def names_of(module):
    """Where the module's process is to die."""
    return [name for point in scan() if point.file.startswith(OVER_POSTGRES) for name in point.names() if name.startswith(f"{module}/")]


class Doomed:
    """A service that dies at one point after the other, and then lives. It does not run."""

    def __init__(self, service, names):
        self._service = service
        self._left = list(reversed(names))
        self.name = None
        self._launch()

    def _launch(self):
        self.name = self._left.pop() if self._left else None
        self._service.environment["SEAMLINE_CRASH_AT"] = self.name or ""
        self._since = time.monotonic()
        self._service.launch()

    def is_ready(self):
        return " is ready: " in self._service.log(self._service._log_start)

    def live_on(self):
        """Lets it begin anew if it has died. False once it need not die any more."""
        service = self._service
        if self.name and service.process.poll() is not None:
            log = service.log(service._log_start)
            assert f"crash point {self.name}\n" in log, f"it died, but not at {self.name}:\n{log[-2000:]}"
            service.process = None
            self._launch()
        elif self.name and time.monotonic() > self._since + PATIENCE_S:
            raise AssertionError(f"{self.name} is not passed")
        return self.name is not None


class PostgresCrashTest(SplitTest):
    def setUp(self):
        self.postgres = Postgres()
        self.addCleanup(self.postgres.close)  # after the audits, which follow the test
        super().setUp()
        self.seed = int(os.environ.get("SEAMLINE_TEST_SEED", random.SystemRandom().randrange(2**32)))
        print(f"{self.id()}: SEAMLINE_TEST_SEED={self.seed}", flush=True)
        self.random = random.Random(self.seed)
        storage = {f"storage__{module}__{name}": value for module in ON_SERVER
                   for name, value in (("kind", "postgres"), ("url", self.postgres.details["url"]))}
        self.server = self.split(ON_SERVER, **COMMON, **storage, store__reconnect_ms=100)
        for process in self.server.processes().values():
            # No admin's password: it is made up, and kept. SEAMLINE_TEST_MISTAKES has them all make these mistakes.
            process.environment = {"SEAMLINE_MISTAKES": os.environ.get("SEAMLINE_TEST_MISTAKES", "")}
        self.history, self.crowds = History(), []

    def die_while_they_are_new(self):
        """At what only the first start of a store passes."""
        for module, service in self.server.services.items():
            here = set(names_of(module))
            doomed = Doomed(service, [name for name in (f"{module}/{point}" for point in PASSED_ONCE) if name in here])
            poll_until(lambda: not doomed.live_on(), PATIENCE_S, lambda: f"a new {module} dies at {doomed.name}")
            service.kill()

    def die_at_work(self):
        """Both at all points in turn, while customers ask for everything again and again."""
        doomed = []
        for module, service in self.server.services.items():
            names = [name for name in names_of(module) if name.split("/")[1] not in (*PASSED_ONCE, *WHEN_IT_DIES)]
            self.random.shuffle(names)
            service.kill()
            doomed.append(Doomed(service, names))
        while any([one.live_on() for one in doomed]):
            self.keep_busy()
            time.sleep(0.005)

    def die_while_the_server_dies(self):
        """Where a batch is taken back: the server is killed until one is."""
        for module, service in self.server.services.items():
            service.kill()
            doomed = Doomed(service, [f"{module}/{point}" for point in WHEN_IT_DIES])
            while doomed.live_on():
                poll_until(lambda: not doomed.live_on() or doomed.is_ready(), PATIENCE_S, f"{module} is ready")
                self.keep_busy()
                time.sleep(self.random.uniform(0.1, 0.5))
                self.postgres.kill()
                self.postgres.start()

    # -- customers ---------------------------------------------------------------------------------------------------
    def crowd(self, tasks, connections):
        before = self.crowds[-1] if self.crowds else None
        crowd = wishes.Crowd(self.server, self.history, f"wave{len(self.crowds)}", before.users if before else [],
                             before.products if before else [])
        self.crowds.append(crowd)
        crowd.start(tasks, connections)

    def keep_busy(self):
        if self.crowds[-1].is_done():
            self.crowd(wishes.PATIENT, CONNECTIONS)

    def test_a_death_at_each_point_of_a_batch_and_of_the_two_loses_and_doubles_nothing(self):
        self.die_while_they_are_new()
        self.server.start()
        self.crowd([lambda crowd, _client, _key: wishes.settle_in(crowd, CUSTOMERS)], 1)
        poll_until(self.crowds[0].is_done, PATIENCE_S, "customers and products are there")
        self.die_at_work()
        self.die_while_the_server_dies()
        poll_until(self.crowds[-1].is_done, PATIENCE_S, "all customers have their answers")
        config = self.server.settings
        poll_until(lambda: audits.is_quiet(self.server.data_dir, config), PATIENCE_S, "all is quiet", every_s=0.1)
        problems = [problem for crowd in self.crowds for problem in crowd.problems]
        found = problems + audits.audit(self.server.data_dir, self.history, self.crowds, config)
        print(f"{sum(len(names_of(module)) for module in ON_SERVER)} deaths, {len(self.history.acknowledged())} orders acknowledged", flush=True)
        self.assertEqual(found, [])


if __name__ == "__main__":
    unittest.main()
