"""The servers that a shop stands on: brokers between its modules, databases under them; and what a storm does to these."""
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from servers import Ferret, Kafka, Nats, Postgres
from split import MODULES

BROKERS = {"kafka": Kafka, "nats": Nats}
DATABASES = {"postgres": Postgres, "mongodb": Ferret}
CARRIERS = ("http", *BROKERS)
STORES = ("sqlite", *DATABASES)


class Needs(NamedTuple):
    """How a shop is to be placed on servers, by its modules: who carries a module's events, and what keeps its rows."""
    carriers: dict = {}
    stores: dict = {}

    def brokers(self):
        return sorted(set(self.carriers.values()) & BROKERS.keys())

    def databases(self):
        return sorted(set(self.stores.values()) & DATABASES.keys())

    def names(self):
        """Of all servers."""
        return [*self.brokers(), *self.databases()]

    def in_files(self, modules):
        """Those of the modules whose rows are in files."""
        return [module for module in modules if self.stores.get(module, "sqlite") == "sqlite"]

    def settings(self, details):
        """What tells a shop of them. `details`: of each server, as it says them itself."""
        settings = {f"modules__{module}__carrier": carrier for module, carrier in self.carriers.items()}
        if "kafka" in details:
            settings |= {"kafka__brokers": details["kafka"]["address"], "kafka__partitions": 3}
        if "nats" in details:
            settings |= {"nats__urls": details["nats"]["url"]}
        for module in self.stores.keys() - self.in_files(self.stores):
            kind = self.stores[module]
            settings |= {f"storage__{module}__kind": kind, f"storage__{module}__url": details[kind]["url"]}
        return settings | ({"store__reconnect_ms": 200} if self.databases() else {})

    def __str__(self):
        chosen = [*self.carriers.items(), *((module, store) for module, store in self.stores.items() if store != "sqlite")]
        return ", ".join(f"{module} in {what}" if what in DATABASES else f"{module} over {what}" for module, what in chosen)


def choice(text, known):
    """"nats", which is for all modules, or "order=kafka,payment=nats"; by module. Raises ValueError."""
    chosen = dict(part.split("=", 1) for part in text.split(",")) if "=" in text else dict.fromkeys(MODULES, text)
    for module, what in chosen.items():
        if module not in MODULES or what not in known:
            raise ValueError(f"{module}={what} is no module={'|'.join(known)}")
    return chosen


class Attended:
    """A server, and somebody who does what is asked of it, one thing after the other, while the storm goes on. Of one thread. To be
    closed."""

    def __init__(self, kind):
        self._attendant = ThreadPoolExecutor(1)
        self._server = None
        self._cure = None
        self.is_well = False
        self._last = self._attendant.submit(self._open, kind)

    def _open(self, kind):
        self._server = kind()
        self.is_well = True

    def details(self):
        """Waits until it is there. Raises ServerProblem."""
        self.settle()
        return self._server.details

    def trouble(self, commands, cure):
        """Begins a fault that cure() ends; false where one is not over yet."""
        if not self.is_well:
            return False
        self.is_well = False
        self._cure = cure
        self._ask(commands)
        return True

    def cure(self):
        """Does not wait for it: a server takes its time to start."""
        if self._cure is not None:
            self._ask((self._cure,), makes_well=True)
            self._cure = None

    def _ask(self, commands, makes_well=False):
        def do(before=self._last):
            before.result()  # what went wrong before is not to be made worse, and is told by settle()
            for command in commands:
                getattr(self._server, command)()
            self.is_well = makes_well
        self._last = self._attendant.submit(do)

    def settle(self):
        """Waits until all is done that was asked for. Raises ServerProblem."""
        self._last.result()

    def close(self):
        self._attendant.shutdown(cancel_futures=True)
        if self._server is not None:
            self._server.close()


def open_servers(needs):
    """All that are needed, by their names, ready. Raises ServerProblem."""
    kinds = {**BROKERS, **DATABASES}
    servers = {name: Attended(kinds[name]) for name in needs.names()}
    try:
        for server in servers.values():
            server.settle()
    except BaseException:
        for server in servers.values():
            server.close()
        raise
    return servers
