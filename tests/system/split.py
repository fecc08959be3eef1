"""A shop of which some modules run as services of their own, each a process of the same program with the same settings."""
import socket

from shop import Shop, ShopTest

MODULES = ("user", "order", "payment", "inventory")


def free_ports(count):
    """Ports that nobody listens on just now: whoever needs them takes them at once."""
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


class Service(Shop):
    """One module as a process of its own."""

    def __init__(self, module, data_dir, **settings):
        super().__init__(data_dir, **settings)
        self.module = module
        self.log_path = self.data_dir.with_name(f"{self.data_dir.name}-{module}.log")

    def flags(self):
        return ["--module", self.module]


class SplitShop(Shop):
    """The main process with the gateway, and a service for each module in `remote`. start(), stop() and close() are about all of
    them; kill() is about the main process, and services[module].kill() about one of the others."""

    def __init__(self, data_dir, remote, **settings):
        urls = {f"modules__{module}__url": f"http://127.0.0.1:{port}" for module, port in zip(MODULES, free_ports(4))}
        placements = {f"modules__{module}__placement": "remote" for module in remote}
        settings = {**urls, **placements, **settings}
        super().__init__(data_dir, **settings)
        self.urls = {module: urls[f"modules__{module}__url"] for module in MODULES}
        self.services = {module: Service(module, data_dir, **settings) for module in remote}

    def start(self):
        for service in self.services.values():
            service.launch()
        self.launch()
        for process in (self, *self.services.values()):
            process.wait_ready()
        return self

    def stop(self):
        super().stop()
        for service in self.services.values():
            service.stop()

    def close(self):
        for process in (super(), *self.services.values()):
            process.close()

    def processes(self):
        """All by their names; the main process is "main"."""
        return {"main": self, **self.services}


class SplitTest(ShopTest):
    def split(self, remote, name="data", **settings):
        """A shop that is not started yet."""
        shop = SplitShop(self.folder / name, remote, **settings)
        self.shops += [shop, *shop.services.values()]
        return shop
