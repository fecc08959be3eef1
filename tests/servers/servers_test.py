"""Each server starts, answers a client, keeps its data over a kill, loses it by a wipe, and leaves nothing behind."""
import base64
import json
import re
import shutil
import socket
import struct
import subprocess
import time
import unittest
import urllib.request
from pathlib import Path

from servers import Collector, Consul, Ferret, Kafka, Nats, Postgres, ServerProblem

TIMEOUT_S = 60


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def poll_until(condition, what):
    give_up = time.monotonic() + TIMEOUT_S
    while not condition():
        if time.monotonic() > give_up:
            raise AssertionError(f"not within {TIMEOUT_S} s: {what}")
        time.sleep(0.02)


class Cases:
    """What every server has in common. A subclass says how to write a text to it and how to read all texts back."""

    def make(self):
        raise NotImplementedError

    def setUp(self):
        self.server = self.make()
        self.addCleanup(self.server.close)

    def test_what_was_written_survives_a_kill_and_a_stop_but_no_wipe(self):
        address = self.server.address
        self.write("one")
        self.server.kill()
        with self.assertRaises(OSError):
            self.connect()
        self.server.start()
        self.write("two")
        self.server.stop()
        self.server.start()
        self.assertEqual((self.read(), self.server.address), (["one", "two"], address))
        with self.assertRaises(ServerProblem):
            self.server.wipe()
        self.server.stop()
        self.server.wipe()
        self.server.start()
        self.write("three")
        self.assertEqual((self.read(), self.server.address), (["three"], address))

    def test_a_paused_server_answers_when_it_is_resumed(self):
        self.server.pause()
        self.assertIn(self.state(), "Tt")
        self.server.resume()
        self.write("one")
        self.assertEqual(self.read(), ["one"])

    def test_the_end_of_its_input_ends_it(self):
        self.assert_ends(self.server.close)

    def test_a_signal_ends_it(self):
        self.assert_ends(self.server._process.terminate)

    def test_it_does_not_outlive_a_kill_of_what_runs_it(self):
        """The folder does: nobody is left to remove it."""
        self.addCleanup(shutil.rmtree, self.folder())
        self.assert_ends(self.server._process.kill, leaves_folder=True)

    def assert_ends(self, end, leaves_folder=False):
        pid, folder = self.server.details["pid"], self.folder()
        end()
        self.server._process.wait(TIMEOUT_S)
        poll_until(lambda: not is_alive(pid), "the server has ended")
        self.assertEqual(folder.exists(), leaves_folder)

    def folder(self):
        return Path(self.server.details["log"]).parent

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.server.port), TIMEOUT_S)

    def state(self):
        return Path(f"/proc/{self.server.details['pid']}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]


class KafkaTest(Cases, unittest.TestCase):
    def make(self):
        return Kafka()

    def kcat(self, *arguments, given=None):
        return subprocess.run(["kcat", "-q", "-b", self.server.address, "-t", "texts", *arguments], input=given, text=True,
                              capture_output=True, timeout=TIMEOUT_S, check=True).stdout

    def write(self, text):
        self.kcat("-P", given=text)

    def read(self):
        return self.kcat("-C", "-o", "beginning", "-e").split()

    def test_a_wiped_broker_is_another_cluster(self):
        before = self.server.details["cluster_id"]
        self.server.kill()
        self.server.wipe()
        self.server.start()
        self.assertNotEqual(self.server.details["cluster_id"], before)


class NatsTest(Cases, unittest.TestCase):
    OPTIONS = ()

    def make(self):
        return Nats(*self.OPTIONS)

    def ask(self, subject, payload):
        """One request of JetStream's API over a connection of its own (docs.nats.io, the client protocol)."""
        with self.connect() as connection, connection.makefile("rwb") as lines:
            self.assertIn(b"INFO", lines.readline())
            body = payload.encode()
            lines.write(b'CONNECT {"verbose":false}\r\nSUB answers 1\r\nPUB %s answers %d\r\n%s\r\n'
                        % (subject.encode(), len(body), body))
            lines.flush()
            words = lines.readline().split()
            self.assertEqual(words[0], b"MSG", words)
            return json.loads(lines.read(int(words[-1])))

    def write(self, text):
        self.ask("$JS.API.STREAM.CREATE.TEXTS", json.dumps({"name": "TEXTS", "subjects": ["texts"], "storage": "file"}))
        self.assertIn("seq", self.ask("texts", text))

    def read(self):
        last = self.ask("$JS.API.STREAM.INFO.TEXTS", "")["state"]["last_seq"]
        messages = (self.ask("$JS.API.STREAM.MSG.GET.TEXTS", json.dumps({"seq": seq})) for seq in range(1, last + 1))
        return [base64.b64decode(message["message"]["data"]).decode() for message in messages]


class NatsNewerTest(NatsTest):
    OPTIONS = ("--newer",)


class PostgresTest(Cases, unittest.TestCase):
    def make(self):
        return Postgres()

    def sql(self, statement):
        return subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", self.server.details["conninfo"]], input=statement, text=True,
                              capture_output=True, timeout=TIMEOUT_S, check=True).stdout

    def write(self, text):
        self.sql("CREATE TABLE IF NOT EXISTS texts (id int GENERATED ALWAYS AS IDENTITY, body text);"
                 f"INSERT INTO texts (body) VALUES ('{text}')")

    def read(self):
        return self.sql("SELECT body FROM texts ORDER BY id").split()

    def test_a_killed_server_leaves_no_shared_memory(self):
        words = (Path(self.server.details["log"]).parent / "data/postmaster.pid").read_text().splitlines()[6].split()
        segment = lambda: words[1] in [line.split()[1] for line in Path("/proc/sysvipc/shm").read_text().splitlines()]
        self.assertTrue(segment())
        self.server.kill()
        self.assertTrue(segment())
        self.server.close()
        self.assertFalse(segment())

    def test_its_sessions_end_with_it_and_stop_with_it(self):
        with subprocess.Popen(["psql", "-X", self.server.details["conninfo"], "-c", "SELECT pg_sleep(1000)"],
                              stderr=subprocess.DEVNULL) as session:
            poll_until(lambda: "1" in self.sql("SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%sleep(1000)' AND pid <> "
                                               "pg_backend_pid()"), "the session runs")
            self.server.kill()
            self.assertNotEqual(session.wait(TIMEOUT_S), 0)
        self.server.start()


class FerretTest(Cases, unittest.TestCase):
    def make(self):
        return Ferret()

    def ask(self, document):
        """The bytes of the answer to one command, in OP_MSG (the MongoDB wire protocol)."""
        body = struct.pack("<iB", 0, 0) + document
        with self.connect() as connection, connection.makefile("rwb") as stream:
            stream.write(struct.pack("<iiii", len(body) + 16, 1, 0, 2013) + body)
            stream.flush()
            size, = struct.unpack("<i", stream.read(4))
            return stream.read(size - 4)

    def write(self, text):
        inserted = bson(("insert", "texts"), ("documents", [bson(("body", text))]), ("$db", "test"))
        self.assertIn(b"\x01ok\0" + struct.pack("<d", 1), self.ask(inserted))

    def read(self):
        answer = self.ask(bson(("find", "texts"), ("$db", "test")))
        return [body.decode() for body in re.findall(rb"\x02body\0....(\w+)\0", answer, re.DOTALL)]


def bson(*members):
    """A document of texts and lists of documents (bsonspec.org)."""
    body = b""
    for name, value in members:
        if isinstance(value, list):
            items = b"".join(b"\x03%d\0%s" % item for item in enumerate(value))
            body += b"\x04%s\0" % name.encode() + struct.pack("<i", len(items) + 5) + items + b"\0"
        else:
            body += b"\x02%s\0" % name.encode() + struct.pack("<i", len(value) + 1) + value.encode() + b"\0"
    return struct.pack("<i", len(body) + 5) + body + b"\0"


class CollectorTest(Cases, unittest.TestCase):
    def make(self):
        return Collector()

    def write(self, text):
        before = len(self.read())
        span = {"traceId": "5b8efff798038103d269b633813fc60c", "spanId": "eee19b7ec3c1b174", "name": text}
        body = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}).encode()
        request = urllib.request.Request(self.server.details["url"] + "/v1/traces", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as reply:
            self.assertEqual(reply.status, 200)
        poll_until(lambda: len(self.read()) > before, "the span is in the file")

    def read(self):
        received = Path(self.server.details["output"])
        lines = received.read_text(encoding="utf-8").splitlines() if received.exists() else []
        return [span["name"] for line in lines for resource in json.loads(line)["resourceSpans"]
                for scope in resource["scopeSpans"] for span in scope["spans"]]


class ConsulTest(Cases, unittest.TestCase):
    def make(self):
        return Consul()

    def ask(self, method, path, body=None):
        request = urllib.request.Request(self.server.details["url"] + path, body, method=method)
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as reply:
            return json.loads(reply.read())

    def write(self, text):
        self.assertTrue(self.ask("PUT", f"/v1/kv/texts/{text}", b""))

    def read(self):
        return [entry["Key"].removeprefix("texts/") for entry in self.ask("GET", "/v1/kv/texts/?recurse")]


if __name__ == "__main__":
    unittest.main()
