"""The guide's Go code for registration and discovery, built with the official Consul client, against a registry: the embedded one
that REGISTRY_SERVER runs, or a real Consul agent where it is not set."""
import http.server
import os
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE.parent / "servers"))
from servers import Consul  # noqa: E402

# The guide's check runs every 10 s, and a busy machine takes its time.
TIMEOUT_S = 45


class Service:
    """A small service whose health the test decides. It answers /health, as the guide's checks ask."""

    def __init__(self):
        service = self
        service.status = 200
        service.asked = 0

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                service.asked += 1
                self.send_response(service.status if self.path == "/health" else 404)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


def poll_until(condition, what):
    give_up = time.monotonic() + TIMEOUT_S
    while not condition():
        if time.monotonic() > give_up:
            raise AssertionError(f"not within {TIMEOUT_S} s: {what}")
        time.sleep(0.05)


class RegistrationTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.program = Path(folder.name) / "registration"
        built = subprocess.run([HERE / "go", "build", "-o", cls.program, "."], cwd=HERE / "registration", capture_output=True, text=True,
                               timeout=800, check=False)
        if built.returncode != 0:
            raise AssertionError(f"the guide's code does not build:\n{built.stderr}")
        if "REGISTRY_SERVER" not in os.environ:
            consul = Consul()
            cls.addClassCleanup(consul.close)
            cls.address = consul.address
            return
        server = subprocess.Popen([os.environ["REGISTRY_SERVER"]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        cls.addClassCleanup(server.wait, TIMEOUT_S)
        cls.addClassCleanup(server.stdout.close)
        cls.addClassCleanup(server.stdin.close)
        cls.address = server.stdout.readline().strip()

    def environment(self):
        return {**os.environ, "CONSUL_HTTP_ADDR": self.address}

    def run_go(self, *arguments):
        return subprocess.run([self.program, *map(str, arguments)], capture_output=True, text=True, timeout=TIMEOUT_S,
                              env=self.environment(), check=False)

    def discovered(self, name):
        """The address that the guide's function finds; empty where it finds none."""
        found = self.run_go("discover", name)
        if found.returncode != 0:
            self.assertIn("no healthy instances", found.stderr)
            return ""
        return found.stdout.strip()

    def test_a_service_is_registered_checked_discovered_taken_out_and_back_and_gone(self):
        service = Service()
        self.addCleanup(service.stop)
        name, address = "user-service", f"127.0.0.1:{service.port}"
        self.assertEqual(self.discovered(name), "")
        registered = self.run_go("register", name, "127.0.0.1", service.port)
        self.assertEqual((registered.returncode, registered.stderr), (0, ""))
        self.addCleanup(self.run_go, "deregister", name)
        poll_until(lambda: self.discovered(name) == address, "the service is discovered")
        self.assertGreater(service.asked, 0)
        service.status = 503
        poll_until(lambda: self.discovered(name) == "", "a service that is sick is out of rotation")
        service.status = 200
        poll_until(lambda: self.discovered(name) == address, "a service that is well again is back")
        self.assertEqual(self.run_go("deregister", name).returncode, 0)
        poll_until(lambda: self.discovered(name) == "", "a service that deregistered is gone")
        asked = service.asked
        again = self.run_go("deregister", name)
        self.assertNotEqual(again.returncode, 0)
        self.assertIn("Unknown service ID", again.stderr)
        self.assertLessEqual(service.asked, asked + 1)

    def test_every_call_of_the_official_client_is_answered_as_by_an_agent(self):
        tour = self.run_go("tour")
        self.assertEqual((tour.returncode, tour.stderr), (0, ""))
        self.assertEqual(len(tour.stdout.splitlines()), 11)

    def test_our_own_client_announces_and_follows_an_instance(self):
        probe = subprocess.Popen([os.environ["REGISTRY_PROBE"]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                 env=self.environment())
        self.addCleanup(probe.wait, TIMEOUT_S)
        self.addCleanup(probe.stdout.close)
        self.addCleanup(probe.stdin.close)

        def ask(word):
            probe.stdin.write(word + "\n")
            probe.stdin.flush()
            return probe.stdout.readline().strip()

        poll_until(lambda: ask("where") == "here", "the instance is found")
        ask("sick")
        poll_until(lambda: ask("where") == "nowhere", "a sick instance is left out")
        ask("well")
        poll_until(lambda: ask("where") == "here", "a well one is back")
        ask("stop")
        poll_until(lambda: ask("where") == "nowhere", "an instance that stopped is gone")


if __name__ == "__main__":
    unittest.main()
