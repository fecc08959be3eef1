"""A shop of real processes, with everything around it that can go wrong, and somebody who starts again what has ended."""
import resource
import signal
import time
from collections import Counter

from outside import open_servers
from proxy import Proxy
from shop import START_TIMEOUT_S, STOP_TIMEOUT_S, Shop, poll_until
from split import MODULES, SplitShop, free_ports
from surroundings import Clock, limit, limited_files, open_files, small_disk, unlimit

SETTINGS = {"events__timer_grace_ms": 100, "events__timer_poll_ms": 20, "events__poll_ms": 50, "modules__order__deadline_ms": 4000,
            "modules__inventory__reservation_ms": 2500, "modules__payment__retry_ms": 20, "calls__timeout_ms": 3000,
            "calls__breaker__open_ms": 100}
DISK_MIB = 512
# Which services are reached through a proxy; the others directly.
PROXIED = ("order", "payment", "inventory")
# How long after a fault that leaves a process no room it may still end of it.
AFTERMATH_S = 10


class Ground:
    """`placement` is "monolith" or "split". `full_module`: whose disk can be full, where modules are apart; `has_small_disk`: by a
    file system of its own, if that can be had. `environment`: of all processes. `needs`: the servers that it stands on. To be closed."""

    def __init__(self, folder, placement, log, full_module, has_small_disk, environment, needs):
        self.log = log
        self.needs = needs
        self.counts = Counter()
        self.violations = []
        self.data_dir = folder / "data"
        self.proxies = {}
        self._excused_until = {}
        self._limited = {}
        self._fallen = set()
        self.servers = open_servers(needs)
        self.shop = self._shop(folder, placement)
        self.processes = self.shop.processes()
        self.clocks = {}
        for name, process in self.processes.items():
            self.clocks[name] = Clock(folder / f"clock-{name}")
            process.environment = {**process.environment, "SEAMLINE_CLOCK_FILE": str(self.clocks[name].path), **environment}
        if placement == "monolith":
            self.writer, at = "main", self.data_dir
        else:
            self.writer, at = full_module, self.data_dir / full_module
        self.disk = (small_disk if has_small_disk else limited_files)(at, DISK_MIB, self.processes[self.writer])
        log(f"{placement}: {len(self.processes)} processes, proxies before {', '.join(sorted(self.proxies))}; {at.name} of {self.writer} "
            f"can be full ({self.disk.kind})" + (f"; {needs}" if self.servers else ""))

    def _shop(self, folder, placement):
        gateway, *ports = free_ports(1 + len(MODULES))
        self.proxies["customers"] = Proxy(("127.0.0.1", gateway))
        details = {name: server.details() for name, server in self.servers.items()}
        settings = {**SETTINGS, **self.needs.settings(details), "listen": f"127.0.0.1:{gateway}"}
        if placement == "monolith":
            return Shop(folder / "data", **settings)
        for module, port in zip(MODULES, ports):
            settings[f"modules__{module}__url"] = f"http://127.0.0.1:{port}"
            if module in PROXIED:
                self.proxies[module] = Proxy(("127.0.0.1", port))
                settings[f"modules__{module}__url"] = self.proxies[module].url
                settings[f"modules__{module}__listen"] = f"127.0.0.1:{port}"
        return SplitShop(folder / "data", MODULES, **settings)

    @property
    def url(self):
        """Where customers find it."""
        return self.proxies["customers"].url

    @property
    def config(self):
        """What the audits must know of it."""
        return self.shop.settings

    # -- processes ---------------------------------------------------------------------------------------------------
    def runs(self, name):
        return self.processes[name].process is not None

    def kill(self, name):
        """Returns whether there was anything to be killed."""
        process = self.processes[name]
        if not self.runs(name) or process.process.poll() is not None:
            return False
        process.process.kill()
        process.process.wait(STOP_TIMEOUT_S)
        process.process = None
        self.counts["kills"] += 1
        return True

    def launch(self, name):
        """Starts it, if it does not run; as soon as there is room, if there is none."""
        if self._has_no_room(name):
            self._fallen.add(name)
        elif not self.runs(name):
            self.processes[name].launch()
            self.counts["restarts"] += 1

    def signal(self, name, number):
        process = self.processes[name].process
        if process is not None and process.poll() is None:
            process.send_signal(number)

    def _has_no_room(self, name):
        return name == self.writer and self.disk.is_full

    def databases_are_well(self):
        return all(self.servers[name].is_well for name in self.needs.databases())

    def excuse(self, name):
        """The process may end by itself now, and for a while after this."""
        self._excused_until[name] = time.monotonic() + AFTERMATH_S

    def supervise(self):
        """Starts again what has ended by itself; that is a violation, unless a fault left it no choice. Only a start may be refused because
        a database is away: who runs waits for it."""
        for name, process in self.processes.items():
            if self._has_no_room(name) or not self.databases_are_well() and not self._is_ready(process):
                self.excuse(name)
            if process.process is not None and (code := process.process.poll()) is not None:
                last_words = (process.log().strip().splitlines() or ["nothing"])[-1]
                process.process = None
                self.counts["stops"] += 1
                self.log(f"{name} ended by itself with {code}, and said: {last_words}")
                is_refusal = code == 1 or code == -signal.SIGXFSZ and self.disk.kind == "RLIMIT_FSIZE"
                if not is_refusal or time.monotonic() > self._excused_until.get(name, 0):
                    self.violations.append(f"{name} ended by itself with {code}, and said: {process.log()[-2000:]}")
                self._fallen.add(name)
            if name in self._fallen and not self._has_no_room(name) and self.databases_are_well():
                self._fallen.discard(name)
                self.launch(name)

    # -- limits ------------------------------------------------------------------------------------------------------
    def limit_files(self, name, spare):
        """The process may open only so many files more than it has open."""
        process = self.processes[name].process
        if process is None or process.poll() is not None:
            return
        self.excuse(name)
        self._limited[name] = process
        limit(process.pid, resource.RLIMIT_NOFILE, open_files(process.pid) + spare)

    def unlimit_files(self, name):
        process = self._limited.pop(name, None)
        if process is not None and process.poll() is None:
            unlimit(process.pid, resource.RLIMIT_NOFILE)
            self.excuse(name)

    # -- life --------------------------------------------------------------------------------------------------------
    def start(self):
        self.shop.start()

    def calm(self):
        """All faults cease, and everything runs."""
        for server in self.servers.values():
            server.cure()
        for server in self.servers.values():
            server.settle()
        self.disk.free()
        for proxy in self.proxies.values():
            proxy.pass_on()
        for name in self.processes:
            self.unlimit_files(name)
            self.signal(name, signal.SIGCONT)
        # What was to happen at a time that a wrong clock has told is due: a clock that was set back would let it wait.
        latest_ms = max(clock.latest_ms for clock in self.clocks.values())
        for clock in self.clocks.values():
            clock.set(latest_ms + 5_000)
        for name in self.processes:
            self.launch(name)
        poll_until(self._is_up, START_TIMEOUT_S, lambda: f"all processes are ready again:\n{self.last_words()}")
        for process in self.processes.values():
            process.wait_ready()

    def _is_up(self):
        self.supervise()
        return all(process.process is not None and self._is_ready(process) for process in self.processes.values())

    @staticmethod
    def _is_ready(process):
        return " is ready: " in process.log(process._log_start)

    def last_words(self):
        return "\n".join(f"{name}: {process.log()[-2000:]}" for name, process in self.processes.items())

    def stop(self):
        """SIGTERM; every process ends well."""
        self.shop.stop()

    def close(self):
        for name, process in self.processes.items():
            self.signal(name, signal.SIGCONT)
            process.close()
        for server in self.servers.values():
            server.close()
        for proxy in self.proxies.values():
            proxy.close()
        for clock in self.clocks.values():
            clock.close()
        self.disk.close()
