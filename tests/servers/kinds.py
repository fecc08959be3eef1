"""Each server: where it is installed, how it starts, and when it is ready."""
import base64
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import urllib.error
import urllib.request
import uuid
from pathlib import Path

from process import Problem, remove_shared_memory

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


def accepts(port):
    try:
        socket.create_connection(("127.0.0.1", port), 5).close()
        return True
    except OSError:
        return False


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
        self.ports[0] = options.port or self.ports[0]
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
        process.run([*self.java, "kafka.tools.StorageTool", "format", "-t", identity, "-c", self.properties], folder=self.folder)
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


class Postgres(Kind):
    """PostgreSQL, as another account where we are root, whom it refuses. `--set` sets a parameter of the server."""
    settable = True
    stop_signal = signal.SIGINT  # ends sessions; SIGTERM would wait for them

    def __init__(self, folder, options):
        super().__init__(folder, options)
        folders = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
        if not folders:
            raise Problem("PostgreSQL is missing: run tests/servers/install postgres")
        self.programs = folders[-1].parent
        if os.geteuid() == 0:
            self.user = "postgres"
            shutil.chown(folder, self.user, self.user)

    def prepare(self, process):
        process.run([self.programs / "initdb", "-D", self.data, "-U", "seamline", "--auth=trust", "--encoding=UTF8",
                     "--locale=C.UTF-8", "--no-sync"], self.user, self.folder)

    def command(self):
        # Shared memory in files: nothing is left in the system after a kill, but the segment that leave() removes.
        settings = {"listen_addresses": "127.0.0.1", "port": self.ports[0], "unix_socket_directories": self.folder,
                    "shared_buffers": "64MB", "dynamic_shared_memory_type": "mmap", **self.options.set}
        words = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return [self.programs / "postgres", "-D", self.data, *words]

    def is_ready(self):
        asked = [self.programs / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.ports[0])]
        return subprocess.run(asked, check=False).returncode == 0

    def details(self):
        return {"conninfo": f"host=127.0.0.1 port={self.ports[0]} user=seamline dbname=postgres",
                "url": f"postgresql://seamline@{self.address}/postgres"}

    def leave(self):
        """A server that was killed has left a segment of shared memory, whose id is in the seventh line of its file."""
        left = self.data / "postmaster.pid"
        if left.exists() and len(lines := left.read_text().splitlines()) > 6:
            remove_shared_memory(int(lines[6].split()[1]))


class Ferret(Kind):
    """FerretDB on SQLite: MongoDB's protocol, without transactions and change streams."""

    def command(self):
        (self.data / "databases").mkdir(exist_ok=True)
        return [installed("ferret", "ferretdb"), "--handler=sqlite", f"--sqlite-url=file:{self.data}/databases/",
                f"--state-dir={self.data}", f"--listen-addr={self.address}", "--debug-addr=-", "--telemetry=disable", "--log-level=WARN"]

    def is_ready(self):
        """Whether it answers OP_MSG with {hello: 1, $db: "admin"} (the MongoDB wire protocol)."""
        document = b"\x10hello\0" + struct.pack("<i", 1) + b"\x02$db\0" + struct.pack("<i", 6) + b"admin\0" + b"\0"
        body = struct.pack("<iB", 0, 0) + struct.pack("<i", len(document) + 4) + document
        try:
            with socket.create_connection(("127.0.0.1", self.ports[0]), 5) as connection:
                connection.sendall(struct.pack("<iiii", len(body) + 16, 1, 0, 2013) + body)
                return len(connection.recv(16, socket.MSG_WAITALL)) == 16
        except OSError:
            return False

    def details(self):
        return {"url": f"mongodb://{self.address}"}


class Collector(Kind):
    """The OpenTelemetry collector, which writes what it is sent by OTLP to a file: a line of OTLP's JSON for each request."""
    port_count = 2

    def __init__(self, folder, options):
        super().__init__(folder, options)
        self.configuration = folder / "collector.json"
        self.output = self.data / "received.jsonl"
        receiver = {"protocols": {"http": {"endpoint": self.address}, "grpc": {"endpoint": f"127.0.0.1:{self.ports[1]}"}}}
        exporter = {"path": str(self.output), "append": True, "flush_interval": "20ms"}
        pipeline = {"receivers": ["otlp"], "exporters": ["file"]}
        self.configuration.write_text(json.dumps({
            "receivers": {"otlp": receiver}, "exporters": {"file": exporter},
            "service": {"telemetry": {"metrics": {"level": "none"}},
                        "pipelines": {"traces": pipeline, "metrics": pipeline, "logs": pipeline}}}))

    def command(self):
        return [installed("collector", "otelcol"), "--config", self.configuration]

    def is_ready(self):
        """It listens on both ports only when all else is ready."""
        return all(accepts(port) for port in self.ports)

    def details(self):
        return {"url": f"http://{self.address}", "grpc": f"127.0.0.1:{self.ports[1]}", "output": str(self.output)}


class Consul(Kind):
    """A Consul agent: one server that keeps what it is told over a kill."""
    port_count = 3

    def command(self):
        http, server, serf = self.ports
        return [installed("consul", "consul"), "agent", "-server", "-bootstrap-expect=1", f"-data-dir={self.data}", "-node=seamline",
                "-client=127.0.0.1", "-bind=127.0.0.1", "-log-level=warn", f"-http-port={http}", f"-server-port={server}",
                f"-serf-lan-port={serf}", "-serf-wan-port=-1", "-dns-port=-1", "-grpc-port=-1", "-grpc-tls-port=-1",
                "-hcl=performance { raft_multiplier = 1 }"]

    def is_ready(self):
        """Whether it has a leader, and that one has registered itself: from then on it takes what it is told."""
        return b"seamline" in answers_http(f"http://{self.address}/v1/health/service/consul?passing=1")

    def details(self):
        return {"url": f"http://{self.address}"}


KINDS = {"kafka": Kafka, "nats": Nats, "postgres": Postgres, "ferret": Ferret, "collector": Collector, "consul": Consul}
