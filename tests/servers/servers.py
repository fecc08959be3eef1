"""Real servers for tests, each on ports and in a folder of its own: `with Kafka() as kafka: … kafka.address …`"""
import json
import subprocess
from pathlib import Path

SERVE = Path(__file__).resolve().parent / "serve"
CLOSE_TIMEOUT_S = 120


class ServerProblem(Exception):
    """The server could not do what it was asked for; the text says why, with the end of its log."""


class Server:
    """A server that runs until close(), the end of the `with`, or the end of this process, however that ends. Not thread-safe."""
    name = None

    def __init__(self, *options):
        """`options` as serve takes them, for example "--newer", or "--port", "9092"."""
        self._process = subprocess.Popen([SERVE, self.name, *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._closed = False
        try:
            self.details = self._answer()
        except BaseException:
            self.close()
            raise

    @property
    def address(self):
        """127.0.0.1:PORT, the same for as long as this lives."""
        return self.details["address"]

    @property
    def port(self):
        return int(self.address.rsplit(":", 1)[1])

    def start(self):
        """Starts it again, where it was; returns when it is ready."""
        self.details = self._ask("start")

    def kill(self):
        """SIGKILL."""
        self._ask("kill")

    def stop(self):
        """Asks it to end, and waits for that."""
        self._ask("stop")

    def wipe(self):
        """Deletes its data; it must be down. The next start makes a new one."""
        self._ask("wipe")

    def pause(self):
        """SIGSTOP."""
        self._ask("pause")

    def resume(self):
        """SIGCONT."""
        self._ask("resume")

    def close(self):
        """Ends it and removes its folder."""
        if not self._closed:
            self._closed = True
            self._process.stdin.close()
            self._process.wait(CLOSE_TIMEOUT_S)
            self._process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _ask(self, command):
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self):
        line = self._process.stdout.readline()
        if not line:
            raise ServerProblem(f"{self.name} has gone without a word")
        answer = json.loads(line)
        if not answer.get("ok", True):
            raise ServerProblem(f"{self.name}: {answer['problem']}")
        return answer


class Kafka(Server):
    name = "kafka"


class Nats(Server):
    name = "nats"


class Postgres(Server):
    name = "postgres"


class Ferret(Server):
    name = "ferret"


class Collector(Server):
    name = "collector"


class Consul(Server):
    name = "consul"
