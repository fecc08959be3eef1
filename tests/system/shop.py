"""A shop under test: the real program, in a folder of its own, on free ports; and a client that shows every byte of an answer."""
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.request
from pathlib import Path

from auditing import audit, has_stores

START_TIMEOUT_S = 30
STOP_TIMEOUT_S = 30
ADMIN_EMAIL = "admin@seamline.local"
ADMIN_PASSWORD = "correct-horse-battery"


def binary():
    """The program under test; ctest names it."""
    path = os.environ.get("SEAMLINE_BINARY")
    if not path or not os.access(path, os.X_OK):
        raise RuntimeError("set SEAMLINE_BINARY to the program, for example build/ci/seamline")
    return path


def clean_environment(**more):
    """This process's environment without anything that would configure a shop, and with `more`."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("SEAMLINE_", "OTEL_"))}
    environment["MONGOC_DISABLE_SHM"] = "1"  # as tests/run has it
    environment.update(more)
    return environment


def set_flags(settings):
    """The settings of a shop as `--set` says them."""
    return [word for name, value in settings.items() for word in ("--set", f"{name}={value}")]


def run(*arguments, timeout_s=60, environment=None, cwd=None):
    """Runs the program to its end. Returns subprocess.CompletedProcess with texts."""
    return subprocess.run([binary(), *arguments], capture_output=True, text=True, timeout=timeout_s, cwd=cwd,
                          env=environment if environment is not None else clean_environment(), check=False)


def poll_until(condition, timeout_s, what, every_s=0.02):
    """Waits until condition() is true and returns what it returned; raises AssertionError(`what`) after `timeout_s`."""
    give_up = time.monotonic() + timeout_s
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > give_up:
            raise AssertionError(f"not within {timeout_s} s: {what() if callable(what) else what}")
        time.sleep(every_s)


class Unreachable(Exception):
    """No whole answer came: refused, reset, cut short or too late. Whether the request ran is unknown."""


class Reply:
    """A whole answer."""

    def __init__(self, status, headers, body):
        self.status = status
        self.headers = {name.lower(): value for name, value in headers}
        self.body = body

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.status} {self.headers} {self.body[:500]!r}"


class Client:
    """One connection, opened when it is needed and kept. Not thread-safe: one for each thread.
    `address()` gives host and port anew for each connection, because a shop that starts again has other ports."""

    def __init__(self, address, timeout_s=20):
        self._address = address
        self._timeout_s = timeout_s
        self._connection = None
        self.headers = {}

    def request(self, method, path, body=None, **headers):
        """Sends a request; a body that is neither text nor bytes goes as JSON. Underscores in header names are hyphens.
        Raises Unreachable."""
        fields = dict(self.headers)
        if body is not None:
            fields["Content-Type"] = "application/json"
        elif method == "POST":
            fields["Content-Length"] = "0"
        if body is not None and not isinstance(body, (str, bytes)):
            body = json.dumps(body)
        fields.update({name.replace("_", "-"): value for name, value in headers.items()})
        try:
            if self._connection is None:
                self._connection = http.client.HTTPConnection(*self._address(), timeout=self._timeout_s)
            self._connection.request(method, path, body.encode() if isinstance(body, str) else body, fields)
            response = self._connection.getresponse()
            reply = Reply(response.status, response.getheaders(), response.read())
            if response.will_close:
                self.close()
            return reply
        except (OSError, http.client.HTTPException) as problem:
            self.close()
            raise Unreachable(f"{method} {path}: {problem!r}") from problem

    def close(self):
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class Shop:
    """The program, serving. Ends its own process, by id, when it is closed."""

    def __init__(self, data_dir, auth="off", **settings):
        self.data_dir = Path(data_dir)
        self.settings = {"listen": "127.0.0.1:0", "admin": "127.0.0.1:0", "security.auth": auth,
                         **{name.replace("__", "."): value for name, value in settings.items()}}
        self.log_path = self.data_dir.with_name(self.data_dir.name + ".log")
        self.environment = {"SEAMLINE_ADMIN_PASSWORD": ADMIN_PASSWORD}
        self.process = None
        self.url = None
        self.admin_url = None
        self.starts = 0

    def flags(self):
        """What stands behind `serve` beside the settings."""
        return []

    # -- life --------------------------------------------------------------------------------------------------------
    def launch(self):
        """Starts the process, and does not wait until it is ready."""
        assert self.process is None, "the shop runs already"
        arguments = [binary(), "serve", *self.flags(), "--set", f"data_dir={self.data_dir}", *set_flags(self.settings)]
        self.url = self.admin_url = None
        self._log_start = self.log_path.stat().st_size if self.log_path.exists() else 0
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env=clean_environment(**self.environment))
        self.starts += 1

    def wait_ready(self):
        """Waits for the line that says that the shop is ready, and remembers its URLs."""
        def ready():
            found = re.search(r" is ready: (http://\S+) +\(admin (http://[^\s)]+)\)", self.log(self._log_start))
            if found:
                self.url, self.admin_url = found.groups()
            elif self.process.poll() is not None:
                raise AssertionError(f"the shop ended with {self.process.returncode} before it was ready:\n{self.log()[-4000:]}")
            return found
        poll_until(ready, START_TIMEOUT_S, lambda: f"the shop is ready:\n{self.log()[-4000:]}", every_s=0.003)

    def start(self):
        self.launch()
        self.wait_ready()
        return self

    def kill(self):
        """SIGKILL: no goodbye, no flush."""
        self.process.send_signal(signal.SIGKILL)
        code = self.process.wait(STOP_TIMEOUT_S)
        self.process = None
        assert code == -signal.SIGKILL, f"the shop ended by itself with {code} before it was killed:\n{self.log()[-4000:]}"

    def stop(self):
        """SIGTERM; the shop must end well."""
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(STOP_TIMEOUT_S)
        self.process = None
        assert code == 0, f"the shop ended with {code} after SIGTERM:\n{self.log()[-4000:]}"

    def close(self):
        """Ends the process, whatever its state."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait(STOP_TIMEOUT_S)
        self.process = None

    def processes(self):
        """All by their names; the main process is "main"."""
        return {"main": self}

    def log(self, start=0):
        if not self.log_path.exists():
            return ""
        with open(self.log_path, "rb") as log:
            log.seek(start)
            return log.read().decode(errors="replace")

    # -- talking to it -----------------------------------------------------------------------------------------------
    def address(self):
        url = self.url
        if url is None:
            raise ConnectionRefusedError("the shop is not ready")
        host, port = url.removeprefix("http://").rsplit(":", 1)
        return host, int(port)

    def client(self, timeout_s=20):
        return Client(self.address, timeout_s)

    def request(self, method, path, body=None, **headers):
        """One request on a connection of its own."""
        client = self.client()
        try:
            return client.request(method, path, body, **headers)
        finally:
            client.close()

    def get(self, path, **headers):
        return self.request("GET", path, **headers)

    def post(self, path, body=None, **headers):
        return self.request("POST", path, body, **headers)

    def raw(self, sent, half_close=False, timeout_s=20):
        """Sends bytes as they are and returns all that comes back until the shop closes the connection."""
        received = b""
        with socket.create_connection(self.address(), timeout_s) as connection:
            connection.settimeout(timeout_s)
            try:
                connection.sendall(sent)
                if half_close:
                    connection.shutdown(socket.SHUT_WR)
                while part := connection.recv(65536):
                    received += part
            except ConnectionError:
                pass
        return received

    def login(self, username=ADMIN_EMAIL, password=ADMIN_PASSWORD):
        """An access token by the password grant (RFC 6749, section 4.3)."""
        from urllib.parse import urlencode
        reply = self.post("/oauth/token", urlencode({"grant_type": "password", "username": username, "password": password}),
                          Content_Type="application/x-www-form-urlencoded")
        assert reply.status == 200, reply
        return reply.json()["access_token"]

    def metric(self, name):
        """A metric without labels, as the admin listener tells it."""
        with urllib.request.urlopen(self.admin_url + "/metrics", timeout=20) as reply:
            for line in reply.read().decode().splitlines():
                if line.startswith(name + " "):
                    return float(line.split()[1])
        raise AssertionError(f"there is no metric {name}")

    # -- things that most tests need ---------------------------------------------------------------------------------
    def add_user(self, email="ada@example.org", name="Ada", password="a-long-password", **headers):
        reply = self.post("/users", {"email": email, "password": password, "name": name}, **headers)
        assert reply.status == 201, reply
        return reply.json()["id"]

    def add_product(self, product_id="p1", price=250, stock=1000, currency="EUR", **headers):
        reply = self.post("/products", {"product_id": product_id, "name": f"Product {product_id}", "price": price,
                                        "currency": currency, "stock": stock}, **headers)
        assert reply.status == 201, reply
        return product_id

    def counts(self):
        reply = self.get("/orders/counts")
        assert reply.status == 200, reply
        return reply.json()


class ShopTest(unittest.TestCase):
    """A test with a temporary folder and the shops that it starts; prints their log when it fails. In the end, whatever became of the
    processes, both audits look at what these shops have left."""
    maxDiff = None

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="seamline-test-"))
        self.shops = []
        self.unaudited_because = None
        self.addCleanup(self._clean_up)

    def leave_unaudited(self, why):
        """For a test that damages stores on purpose: `why` its stores are not to be audited in the end."""
        self.unaudited_because = why

    def _clean_up(self):
        for shop in self.shops:
            shop.close()
        violations = self._violations()
        if violations or has_failed(self):
            for shop in self.shops:
                print(f"--- the end of {shop.log_path.name} ---\n{shop.log()[-4000:]}")
        shutil.rmtree(self.folder, ignore_errors=True)
        self.assertEqual(violations, [], "both audits have found")

    def _violations(self):
        """What the audits find in the end. The processes were killed, with whatever was under way."""
        if self.unaudited_because:
            return []
        found = []
        for data_dir, config in sorted({shop.data_dir: shop.settings for shop in self.shops}.items()):
            try:
                found += audit(data_dir, live=True, at_rest=True, config=config) if has_stores(data_dir, config) else []
            except Exception as problem:  # the folder must not stay behind for that
                found.append(f"{data_dir}: {problem}")
        return found

    def shop(self, name="data", **settings):
        """A shop that is not started yet. Settings are configuration keys with two underscores for each dot. The modules that
        SEAMLINE_TEST_REMOTE names, with commas between them, run as services of their own."""
        remote = [module for module in os.environ.get("SEAMLINE_TEST_REMOTE", "").split(",") if module]
        if remote:
            from split import SplitShop  # which builds on this file
            shop = SplitShop(self.folder / name, remote, **settings)
        else:
            shop = Shop(self.folder / name, **settings)
        self.shops += shop.processes().values()
        return shop


def has_failed(test):
    """Whether the running test has failed so far; Python 3.11 and later keep that in the result."""
    result = test._outcome.result
    return any(case is test for case, _ in [*result.failures, *result.errors])
