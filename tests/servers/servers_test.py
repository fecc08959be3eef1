"""Each server starts, answers a client, keeps its data over a kill, loses it by a wipe, and leaves nothing behind."""
import base64
import json
import shutil
import socket
import subprocess
import time
import unittest
from pathlib import Path

from servers import Kafka, Nats, ServerProblem

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
            socket.create_connection(("127.0.0.1", self.server.port), 5)
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
        with socket.create_connection(("127.0.0.1", self.server.port), TIMEOUT_S) as connection, connection.makefile("rwb") as lines:
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


if __name__ == "__main__":
    unittest.main()
