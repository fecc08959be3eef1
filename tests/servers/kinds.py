"""Each server: where it is installed, how it starts, and when it is ready."""
import base64
import os
import re
import shutil
import signal
import socket
import struct
import sys
import urllib.error
import urllib.request
import uuid
from pathlib import Path

from process import Problem

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE.parent / "support"))
from ports import free_ports  # noqa: E402


def installed(name, program):
    """The path of a program that tests/servers/install has built. Raises Problem."""
    version = re.search(rf"^{name}=(.*)$", (HERE / "versions").read_text(), re.MULTILINE)[1]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    path = cache / "seamline" / f"{name}-{version}" / program
    if not path.exists():
        raise Problem(f"{path} is missing: run tests/servers/install {name}")
    return str(path)


def debian(program, package):
    path = shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if not path:
        raise Problem(f"{program} is missing: run tests/servers/install {package}")
    return path


def answers_http(url):
    try:
        with urllib.request.urlopen(url, timeout=5) as reply:
            return reply.read() or b" "
    except (OSError, urllib.error.URLError):
        return b""


class Kind:
    """One server in a folder of its own. `options` are what the command line says behind its name."""
    flags = ()
    settable = False
    port_count = 1
    stop_signal = signal.SIGTERM
    user = None

    def __init__(self, folder, options):
        self.folder = folder
        self.data = folder / "data"
        self.options = options
        self.ports = free_ports(self.port_count)
        self.address = f"127.0.0.1:{self.ports[0]}"

    def prepare(self, process):
        """Makes the data folder anew: the server gets a new identity."""
        self.data.mkdir()

    def command(self):
        raise NotImplementedError

    def is_ready(self):
        raise NotImplementedError

    def details(self):
        """What a client needs beside the address."""
        return {}

    def leave(self):
        """Takes back what the server may have left outside its folder; it is down."""


class Kafka(Kind):
    """One node that is broker and controller. `--set` sets a property of the broker."""
    settable = True
    port_count = 2

    def __init__(self, folder, options):
        super().__init__(folder, options)
        self.java = [debian("java", "kafka"), "-Xmx192m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto",
                     f"-Dlog4j2.configurationFile={HERE / 'kafka/log4j2.yaml'}",
                     "-cp", f"{installed('kafka', 'libs')}/*"]
        self.properties = folder / "server.properties"
        self.cluster_id = None
        properties = {
            "controller.quorum.voters": f"1@127.0.0.1:{self.ports[1]}",
            "listeners": f"PLAINTEXT://{self.address},CONTROLLER://127.0.0.1:{self.ports[1]}",
            "advertised.listeners": f"PLAINTEXT://{self.address}",
            "log.dirs": self.data, **options.set}
        lines = "".join(f"{name}={value}\n" for name, value in properties.items())
        self.properties.write_text((HERE / "kafka/server.properties").read_text() + lines)

    def prepare(self, process):
        identity = "-"
        while identity.startswith("-"):  # the tool would take it for an option
            identity = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        process.run([*self.java, "kafka.tools.StorageTool", "format", "-t", identity, "-c", str(self.properties)], folder=self.folder)
        self.cluster_id = identity

    def command(self):
        return [*self.java, "kafka.Kafka", str(self.properties)]

    def is_ready(self):
        """Whether it names a broker in an answer to Metadata, version 1, for no topic (kafka.apache.org/protocol)."""
        request = struct.pack(">hhih", 3, 1, 1, -1) + struct.pack(">i", 0)
        try:
            with socket.create_connection(("127.0.0.1", self.ports[0]), 5) as connection:
                connection.sendall(struct.pack(">i", len(request)) + request)
                answer = connection.recv(12, socket.MSG_WAITALL)
                return len(answer) == 12 and struct.unpack(">iii", answer)[2] > 0
        except OSError:
            return False

    def details(self):
        return {"cluster_id": self.cluster_id}


class Nats(Kind):
    """With JetStream. `--newer`: one that syncs each message to the disk before it answers, which Debian 12's cannot."""
    flags = ("newer",)
    port_count = 2

    def __init__(self, folder, options):
        super().__init__(folder, options)
        self.program = installed("nats", "nats-server") if options.newer else debian("nats-server", "nats")
        sync = "sync_interval: always, " if options.newer else ""
        self.configuration = folder / "nats.conf"
        self.configuration.write_text(f"listen: {self.address}\nhttp: 127.0.0.1:{self.ports[1]}\n"
                                      f'jetstream {{ store_dir: "{self.data}", {sync}max_mem: 64MB, max_file: 1GB }}\n')

    def command(self):
        return [self.program, "-c", str(self.configuration)]

    def is_ready(self):
        return b"ok" in answers_http(f"http://127.0.0.1:{self.ports[1]}/healthz")

    def details(self):
        return {"url": f"nats://{self.address}", "monitor": f"http://127.0.0.1:{self.ports[1]}"}


KINDS = {"kafka": Kafka, "nats": Nats}
