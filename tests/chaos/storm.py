"""A schedule of faults that is drawn from a seed, and happens to a shop one after the other and several at once."""
import heapq
import itertools
import random
import signal
import time
from typing import NamedTuple

LONGEST_JUMP_MS = 3_600_000


def uniform_log(source, least, most):
    """As often between 0.1 and 1 as between 1 and 10."""
    return least * (most / least) ** source.random()


# -- faults: each draws what it will do when it is made, says what that is, and then does it step by step: a generator that yields how
# many seconds pass until its next step. ---------------------------------------------------------------------------------------------
class Kill:
    """SIGKILL of one or more processes at once, which start again soon after."""

    def __init__(self, source, ground):
        names = sorted(ground.processes)
        self.names = source.sample(names, 1 if source.random() < 0.7 else source.randint(1, len(names)))
        self.away_s = uniform_log(source, 0.01, 1)

    def __str__(self):
        return f"kills {', '.join(self.names)} for {self.away_s:.2f} s"

    def steps(self, ground):
        killed = [name for name in self.names if ground.kill(name)]
        yield self.away_s
        for name in killed:
            ground.launch(name)


class KillTwice(Kill):
    """And once more while it starts."""

    def __init__(self, source, ground):
        super().__init__(source, ground)
        self.up_s = uniform_log(source, 0.005, 0.3)

    def __str__(self):
        return f"{super().__str__()}, and again {1000 * self.up_s:.0f} ms after the start"

    def steps(self, ground):
        yield from super().steps(ground)
        yield self.up_s
        yield from super().steps(ground)


class Pause:
    """SIGSTOP, and SIGCONT: a process that is there, and does nothing."""

    def __init__(self, source, ground):
        names = sorted(ground.processes)
        self.names = source.sample(names, 1 if source.random() < 0.7 else source.randint(1, len(names)))
        self.frozen_s = uniform_log(source, 0.1, 5)

    def __str__(self):
        return f"freezes {', '.join(self.names)} for {self.frozen_s:.2f} s"

    def steps(self, ground):
        ground.counts["pauses"] += len(self.names)
        for name in self.names:
            ground.signal(name, signal.SIGSTOP)
        yield self.frozen_s
        for name in self.names:
            ground.signal(name, signal.SIGCONT)


class Network:
    """What a proxy does to what passes."""
    KINDS = ("delay", "drip", "cut", "black_hole", "reset_after_answer")

    def __init__(self, source, ground):
        self.place = source.choice(sorted(ground.proxies))
        self.kind = source.choice(self.KINDS)
        self.amount = {"delay": (uniform_log(source, 0.01, 1),), "drip": (round(uniform_log(source, 20, 5000)),),
                       "reset_after_answer": (b"", source.randint(1, 200))}.get(self.kind, ())
        self.lasts_s = uniform_log(source, 0.1, 4)

    def __str__(self):
        return f"network before {self.place}: {self.kind}{self.amount} for {self.lasts_s:.2f} s"

    def steps(self, ground):
        ground.counts["network faults"] += 1
        proxy = ground.proxies[self.place]
        getattr(proxy, self.kind)(*self.amount)
        yield self.lasts_s
        proxy.pass_on()


class Jump:
    """One process's calendar is set, at most an hour wrong either way; others keep theirs."""

    def __init__(self, source, ground):
        self.name = source.choice(sorted(ground.clocks))
        self.wrong_by_ms = round(source.choice((-1, 1)) * uniform_log(source, 500, LONGEST_JUMP_MS)) if source.random() < 0.8 else 0

    def __str__(self):
        return f"the clock of {self.name} is wrong by {self.wrong_by_ms} ms"

    def steps(self, ground):
        ground.counts["clock jumps"] += 1
        ground.clocks[self.name].set(self.wrong_by_ms)
        return
        yield


class NoFiles:
    """A running process may open hardly a file or connection more than it has."""

    def __init__(self, source, ground):
        self.name = source.choice(sorted(ground.processes))
        self.spare = source.randint(0, 8)
        self.lasts_s = uniform_log(source, 0.2, 3)

    def __str__(self):
        return f"{self.name} may open {self.spare} more files for {self.lasts_s:.2f} s"

    def steps(self, ground):
        ground.counts["file limits"] += 1
        ground.limit_files(self.name, self.spare)
        yield self.lasts_s
        ground.unlimit_files(self.name)


class FullDisk:
    """The disk is full for a while. A process that cannot write stops, and starts again when there is room."""

    def __init__(self, source, ground):
        self.lasts_s = uniform_log(source, 0.2, 3)

    def __str__(self):
        return f"the disk is full for {self.lasts_s:.2f} s"

    def steps(self, ground):
        if ground.disk.is_full:
            return
        ground.counts["full disks"] += 1
        ground.disk.fill()
        yield self.lasts_s
        ground.disk.free()


class ServerFault:
    """Something happens to a broker or a database, and is over after a while. One at a time for each of them."""
    commands = ()
    cure = "start"
    what = ""

    def __init__(self, source, ground):
        self.name = source.choice(self.among(ground))
        self.lasts_s = uniform_log(source, 0.1, 5)

    @staticmethod
    def among(ground):
        return sorted(ground.servers)

    def __str__(self):
        return f"{self.name} {self.what} for {self.lasts_s:.2f} s"

    def steps(self, ground):
        server = ground.servers[self.name]
        if server.trouble(self.commands, self.cure):
            ground.counts["server faults"] += 1
            yield self.lasts_s
            server.cure()


class KillServer(ServerFault):
    commands = ("kill",)
    what = "is dead"


class FreezeServer(ServerFault):
    commands = ("pause",)
    cure = "resume"
    what = "hangs"


class WipeBroker(ServerFault):
    """A broker dies, and has forgotten everything when it is back: the logs have all of it."""
    commands = ("kill", "wipe")
    what = "is dead, and loses its data,"

    @staticmethod
    def among(ground):
        return ground.needs.brokers()


# How often each kind happens against the others.
WEIGHTS = {Kill: 30, KillTwice: 8, Pause: 16, Network: 30, Jump: 10, NoFiles: 5, FullDisk: 4}
OF_SERVERS = {KillServer: 10, FreezeServer: 10}
OF_BROKERS = {WipeBroker: 5}


class Weather(NamedTuple):
    """What faults there are, and how many."""
    mean_pause_s: float = 0.7
    weights: dict = WEIGHTS


def draw(source, ground, weather):
    """Faults without end, with the moment of each: first one of every kind, then by weight."""
    weights = {**weather.weights, **(OF_SERVERS if ground.servers else {}), **(OF_BROKERS if ground.needs.brokers() else {})}
    at_s = 0
    first = list(weights)
    source.shuffle(first)
    for number in itertools.count():
        at_s += source.expovariate(1 / weather.mean_pause_s)
        kind = first[number] if number < len(first) else source.choices(list(weights), list(weights.values()))[0]
        yield at_s, kind(source, ground)


def rage(ground, seed, seconds, weather):
    """Lets faults happen for so long. What has begun is not brought to its end: the ground's calm() does that."""
    started = time.monotonic()
    faults = draw(random.Random(f"{seed}/faults"), ground, weather)
    next_at_s, fault = next(faults)
    ordered = itertools.count()
    waiting = []
    while (now_s := time.monotonic() - started) < seconds:
        ground.supervise()
        if now_s >= next_at_s:
            ground.log(f"{now_s:7.2f} s: {fault}")
            heapq.heappush(waiting, (now_s, next(ordered), fault.steps(ground)))
            next_at_s, fault = next(faults)
        while waiting and waiting[0][0] <= now_s:
            _, number, steps = heapq.heappop(waiting)
            if (pause_s := next(steps, None)) is not None:
                heapq.heappush(waiting, (now_s + pause_s, number, steps))
        # A stopwatch with steps of ten milliseconds.
        time.sleep(0.01)
