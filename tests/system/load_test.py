"""seamline load --history: what clients asked and were told is on record, whatever happens to the shop or to the load itself."""
import json
import signal
import subprocess
import unittest
from collections import defaultdict

from auditing import connect
from proxy import Proxy
from shop import ShopTest, binary, clean_environment, poll_until, run

OK, USAGE, PROBLEMS = 0, 2, 3
FIELDS = {"attempt", "operation", "key", "start_ms", "end_ms", "outcome"}
OUTCOMES = {"ok", "failed", "unknown"}


def read_history(path):
    """The lines of a history, each a whole JSON object: what is not, raises."""
    content = path.read_bytes()
    assert content.endswith(b"\n") or not content, "the last line is cut short"
    return [json.loads(line) for line in content.decode().split("\n")[:-1]]


def placed_keys(shop):
    """key -> order id, of the order module's own store."""
    connection = connect(shop.data_dir, "order")
    try:
        return {key: json.loads(reply)["order_id"] for key, reply in
                connection.execute("SELECT key, reply FROM idempotency WHERE operation = 'order.place_order'")}
    finally:
        connection.close()


class LoadTest(ShopTest):
    def setUp(self):
        super().setUp()
        self.server = self.shop(modules__payment__retry_ms=20).start()
        self.history = self.folder / "history"

    def load(self, *arguments, url=None):
        return run("load", "--url", url or self.server.url, "--history", str(self.history), "--json", *arguments)

    def start_load(self, *arguments, url=None):
        process = subprocess.Popen([binary(), "load", "--url", url or self.server.url, "--history", str(self.history), "--json", *arguments],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=clean_environment())
        self.addCleanup(self.end, process)
        return process

    def end(self, process):
        if process.poll() is None:
            process.kill()
        process.communicate()

    def lines(self):
        return read_history(self.history) if self.history.exists() else []

    def by_key(self):
        attempts = defaultdict(list)
        for line in self.lines():
            attempts[line["key"]].append(line)
        return attempts

    def test_every_order_is_a_line_with_its_key_its_times_and_its_outcome(self):
        loaded = self.load("--orders", "200", "--in-flight", "8", "--tokens", "tok_ok=2,tok_declined=1,tok_timeout=1")
        self.assertEqual((loaded.returncode, loaded.stderr), (OK, ""), loaded)
        report, lines = json.loads(loaded.stdout), self.lines()
        self.assertEqual((report["attempts"], report["accepted"], report["unknown"]), (200, 200, 0))
        self.assertEqual([line["attempt"] for line in lines], list(range(1, 201)))
        self.assertEqual({line["key"]: line["order_id"] for line in lines}, placed_keys(self.server))
        for line in lines:
            self.assertEqual(set(line), FIELDS | {"status", "order_id"})
            self.assertEqual((line["operation"], line["outcome"], line["status"]), ("order.place_order", "ok", 201))
            self.assertGreaterEqual(line["end_ms"], line["start_ms"])
        self.assertGreater(report["cancelled"], 20, "a quarter was to be declined")
        self.assertGreater(report["confirmed"], 50)

    def test_new_orders_come_at_a_rate_and_for_a_time(self):
        loaded = self.load("--seconds", "2", "--rate", "50", "--in-flight", "8")
        self.assertEqual(loaded.returncode, OK, loaded)
        lines = self.lines()
        self.assertEqual(len(lines), 100)
        self.assertGreaterEqual(lines[-1]["start_ms"] - lines[0]["start_ms"], 1900)

    def test_a_history_is_never_overwritten(self):
        self.history.write_text("of another run\n")
        loaded = self.load("--orders", "1")
        self.assertEqual((loaded.returncode, loaded.stdout), (USAGE, ""), loaded)
        self.assertIn("is there already", loaded.stderr)
        self.assertEqual(self.history.read_text(), "of another run\n")
        self.assertEqual(self.server.counts()["confirmed"], 0)

    def test_a_mix_that_is_none_is_refused(self):
        for mix in ("tok_ok", "tok_ok=", "=1", "tok_ok=0", "tok_ok=1,,tok_declined=1", "tok_ok=x", "tok_ok=-1"):
            with self.subTest(mix=mix):
                self.assertEqual(self.load("--tokens", mix).returncode, USAGE)
        self.assertFalse(self.history.exists())

    def test_a_request_without_an_answer_is_repeated_under_its_key(self):
        proxy = Proxy(self.server.address())
        self.addCleanup(proxy.close)
        proxy.reset_after_answer(b"POST /orders", times=40)
        loaded = self.load("--orders", "100", "--in-flight", "4", url=proxy.url)
        self.assertEqual(loaded.returncode, OK, loaded)
        attempts = self.by_key()
        self.assertEqual(len(attempts), 100)
        self.assertEqual(sum(len(lines) for lines in attempts.values()), json.loads(loaded.stdout)["attempts"])
        repeated = [lines for lines in attempts.values() if len(lines) > 1]
        self.assertEqual(sum(len(lines) - 1 for lines in repeated), 40, "each lost answer leads to one repeat")
        for lines in attempts.values():
            self.assertEqual([line["outcome"] for line in lines], ["unknown"] * (len(lines) - 1) + ["ok"])
            self.assertTrue(all("status" not in line for line in lines[:-1]), lines)
        self.assertEqual({key: lines[-1]["order_id"] for key, lines in attempts.items()}, placed_keys(self.server))

    def test_some_acknowledged_orders_are_asked_for_again_later(self):
        loaded = self.load("--orders", "100", "--in-flight", "1", "--again", "10")
        self.assertEqual((loaded.returncode, json.loads(loaded.stdout)["accepted"]), (OK, 100), loaded)
        attempts = self.by_key()
        again = [lines for lines in attempts.values() if len(lines) > 1]
        self.assertEqual((len(attempts), [len(lines) for lines in again]), (100, [2] * 9))
        for first, second in again:
            self.assertEqual((second["outcome"], second["order_id"]), ("ok", first["order_id"]))
            self.assertGreater(second["attempt"] - first["attempt"], 9)

    def test_a_refusal_for_good_is_not_repeated(self):
        loaded = self.load("--orders", "20", "--in-flight", "2", "--tokens", "tok_" + "x" * 500 + "=1")
        self.assertEqual(loaded.returncode, PROBLEMS, loaded)
        self.assertEqual([(line["outcome"], line["status"]) for line in self.lines()], [("failed", 422)] * 20)

    def test_a_shop_that_is_away_is_waited_for(self):
        server = self.shop("fixed", listen=f"127.0.0.1:{self.server.address()[1]}", modules__payment__retry_ms=20)
        url = self.server.url
        self.server.stop()
        process = self.start_load("--seconds", "2", "--in-flight", "4", url=url)
        self.assertIsNone(process.poll())
        server.start()
        poll_until(lambda: any(line["outcome"] == "ok" for line in self.lines()), 20, "orders are placed")
        server.kill()
        poll_until(lambda: sum(line["outcome"] == "unknown" for line in self.lines()) > 8, 20, "customers ask in vain")
        server.start()
        out, problems = process.communicate(timeout=60)
        self.assertEqual((process.returncode, problems), (OK, ""), out)
        attempts = self.by_key()
        self.assertEqual({lines[-1]["outcome"] for lines in attempts.values()}, {"ok"})
        self.assertEqual({key: lines[-1]["order_id"] for key, lines in attempts.items()}, placed_keys(server))
        self.assertTrue(any(len(lines) > 1 for lines in attempts.values()))

    def test_an_order_whose_outcome_stays_unknown_is_given_up_in_time(self):
        proxy = Proxy(self.server.address())
        self.addCleanup(proxy.close)
        proxy.reset_after_answer(b"POST /orders")
        loaded = self.load("--orders", "4", "--in-flight", "4", "--retry", "1", url=proxy.url)
        self.assertEqual(loaded.returncode, PROBLEMS, loaded)
        self.assertEqual(json.loads(loaded.stdout)["unknown"], 4)
        self.assertEqual({line["outcome"] for line in self.lines()}, {"unknown"})
        self.assertEqual(self.by_key().keys(), placed_keys(self.server).keys())

    def test_a_killed_load_leaves_whole_lines_and_none_of_its_requests_out(self):
        for round_number in range(5):
            self.history = self.folder / f"history-{round_number}"
            known = placed_keys(self.server).keys()
            process = self.start_load("--seconds", "60", "--in-flight", "16")
            poll_until(lambda: self.history.exists() and self.history.stat().st_size > 256 * (100 + 37 * round_number), 20, "a load")
            process.send_signal(signal.SIGKILL)
            self.assertEqual(process.wait(20), -signal.SIGKILL)
            lines = self.lines()
            self.assertEqual([line["attempt"] for line in lines], list(range(1, len(lines) + 1)))
            self.assertTrue(all(line["outcome"] in OUTCOMES for line in lines))
            # What was sent last may still arrive.
            poll_until(lambda: self.server.counts()["placed"] == 0, 20, "quiet")
            self.assertEqual(placed_keys(self.server).keys() - known - {line["key"] for line in lines}, set())
            acknowledged = {line["key"]: line["order_id"] for line in lines if line["outcome"] == "ok"}
            self.assertEqual(acknowledged.items() - placed_keys(self.server).items(), set())

    def test_a_history_without_room_stops_the_load(self):
        limited = ["bash", "-c", 'ulimit -f 16; trap "" XFSZ; exec "$@"', "bash"]  # 16 KiB, as a full disk
        command = [binary(), "load", "--url", self.server.url, "--history", str(self.history), "--orders", "1000", "--in-flight", "4"]
        loaded = subprocess.run([*limited, *command], capture_output=True, text=True, timeout=60, env=clean_environment(), check=False)
        self.assertEqual(loaded.returncode, 1, loaded)
        self.assertIn("Cannot write the history", loaded.stderr)
        self.assertEqual(len(self.lines()), 64)
        self.assertEqual(placed_keys(self.server).keys() - self.by_key().keys(), set())


if __name__ == "__main__":
    unittest.main()
