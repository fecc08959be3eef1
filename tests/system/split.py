"""A shop of which some modules run as services of their own, each a process of the same program with the same settings."""
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from shop import Shop, ShopTest

sys.path.append(str(Path(__file__).resolve().parents[1] / "support"))
from ports import free_ports  # noqa: E402

MODULES = ("user", "order", "payment", "inventory")


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
