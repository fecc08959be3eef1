"""A consumer that falls far behind, and catches up: 100,000 events wait for it, and neither it nor the publisher needs more memory."""
import signal
import time
import unittest
from contextlib import closing

from chaos_test import ChaosCase

import cut
import two_audits
from play import Load
from quiet import unsettled
from shop import poll_until
from split import SplitShop
from surroundings import memory_kib

EVENTS = 100_000
# By which a process may grow over what the same load needed without a backlog. All of the backlog at once would be several times this.
MOST_GROWTH_KIB = 48 * 1024


class BacklogTest(ChaosCase):
    def setUp(self):
        super().setUp()
        # No order is to end before its payment is heard of, however long that takes.
        self.shop = SplitShop(self.folder / "data", ("payment",), modules__order__deadline_ms=3_600_000,
                              modules__inventory__reservation_ms=3_600_000, modules__payment__retry_ms=20, events__poll_ms=50)
        self.addCleanup(self.shop.close)
        self.payment = self.shop.services["payment"]

    def load(self, history, orders, seed):
        with closing(Load(self.shop.url, self.folder / history, seed, orders=orders, in_flight=64, again=1000, retry=300,
                          answer_timeout=30)) as load:
            report, problems = load.finish(300)
        self.assertEqual((report.get("accepted"), problems), (orders, ""))

    def backlog(self):
        """How many entries of order's log payment has not applied."""
        order, payment = (cut.connect(self.shop.data_dir, module) for module in ("order", "payment"))
        with closing(order), closing(payment):
            head = order.execute("SELECT max(seq) FROM event_log").fetchone()[0]
            return head - payment.execute("SELECT seq FROM cursors WHERE publisher = 'order'").fetchone()[0]

    def memory(self):
        """The most that each process has had since the last time."""
        peaks = {}
        for name, process in self.shop.processes().items():
            peaks[name] = memory_kib(process.process.pid, "VmHWM")
            with open(f"/proc/{process.process.pid}/clear_refs", "w", encoding="ascii") as clear:
                clear.write("5")  # the peak starts again at what is used now (proc(5))
        return peaks

    def wait_quiet(self, timeout_s):
        # Each look reads all orders, at the cost of those who end them.
        poll_until(lambda: not unsettled(self.shop.data_dir), timeout_s, lambda: unsettled(self.shop.data_dir), every_s=2)

    def test_100_000_events_wait_and_are_worked_off(self):
        self.shop.start()
        self.load("history-before", 10_000, self.seed)
        self.wait_quiet(60)
        before = self.memory()
        self.payment.process.send_signal(signal.SIGSTOP)
        started = time.monotonic()
        self.load("history", EVENTS, self.seed + 1)
        placed_s = time.monotonic() - started
        self.assertGreaterEqual(self.backlog(), EVENTS)
        while_away = self.memory()
        started = time.monotonic()
        self.payment.process.send_signal(signal.SIGCONT)
        self.wait_quiet(300)  # for whoever has other work beside it
        caught_up_s = time.monotonic() - started
        while_catching_up = self.memory()
        print(f"{EVENTS} orders in {placed_s:.1f} s without payment, ended {caught_up_s:.1f} s after it came back; memory in KiB: "
              f"{before} before, {while_away} meanwhile, {while_catching_up} behind", flush=True)
        for name, peak in before.items():
            self.assertLess(max(while_away[name], while_catching_up[name]) - peak, MOST_GROWTH_KIB, name)
        self.shop.stop()
        self.assertEqual(two_audits.audit(self.shop.data_dir), [])


if __name__ == "__main__":
    unittest.main()
