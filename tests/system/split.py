"""A shop of which some modules run as services of their own, each a process of the same program with the same settings."""
import random
import socket
from concurrent.futures import ThreadPoolExecutor

from shop import Shop, ShopTest

MODULES = ("user", "order", "payment", "inventory")


# Below the ports that systems give out for outgoing connections (from 32768 on Linux): while a service is dead, a connection
# that happens to start at its port would keep it from coming back, or even be connected to itself.
PORTS = range(10_000, 32_768)


def reserve(port):
    """Keeps a port from all other tests on this machine while the returned socket is open. Raises OSError where it is taken."""
    name = socket.socket(socket.AF_UNIX)
    try:
        name.bind(f"\0seamline-test-port-{port}")  # an abstract name: it ends with the process (unix(7))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
    except OSError:
        name.close()
        raise
    return name


RESERVED = []


def free_ports(count):
    """Ports that nobody listens on, that no outgoing connection is given, and that no other test takes while this process lives:
    whoever has one may leave and come back."""
    ports = []
    for port in random.SystemRandom().sample(PORTS, len(PORTS)):
        try:
            RESERVED.append(reserve(port))
        except OSError:
            continue
        ports.append(port)
        if len(ports) == count:
            return ports
    raise RuntimeError("no free ports")


class Service(Shop):
    """One module as a process of its own."""

    def __init__(self, module, data_dir, **settings):
        super().__init__(data_dir, **settings)
        self.module = module
        self.log_path = self.data_dir.with_name(f"{self.data_dir.name}-{module}.log")

    def flags(self):
        return ["--module", self.module]


class SplitShop(Shop):
    """The main process with the gateway, and a service for each module in `remote`. start() starts all that do not run; stop() and
    close() are about all of them; kill() is about the main process, and services[module].kill() about one of the others."""

    def __init__(self, data_dir, remote, **settings):
        urls = {f"modules__{module}__url": f"http://127.0.0.1:{port}" for module, port in zip(MODULES, free_ports(4))}
        placements = {f"modules__{module}__placement": "remote" for module in remote}
        settings = {**urls, **placements, **settings}
        super().__init__(data_dir, **settings)
        self.urls = {module: urls[f"modules__{module}__url"] for module in MODULES}
        self.services = {module: Service(module, data_dir, **settings) for module in remote}

    def start(self):
        started = [process for process in (*self.services.values(), self) if process.process is None]
        for process in started:
            process.launch()
        for process in started:
            process.wait_ready()
        return self

    def stop(self):
        stops = [super().stop, *(service.stop for service in self.services.values())]
        with ThreadPoolExecutor(len(stops)) as pool:
            for stopped in [pool.submit(stop) for stop in stops]:
                stopped.result()

    def close(self):
        for process in (super(), *self.services.values()):
            process.close()

    def processes(self):
        return {"main": self, **self.services}


class SplitTest(ShopTest):
    def split(self, remote, name="data", **settings):
        """A shop that is not started yet."""
        shop = SplitShop(self.folder / name, remote, **settings)
        self.shops += shop.processes().values()
        return shop
