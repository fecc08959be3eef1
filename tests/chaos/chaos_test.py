"""The promise under everything at once: whatever happens to processes, network, disk and clocks while orders flow, nothing that was
acknowledged is lost, nothing happens twice, and once it is over everything ends. Two auditors and the customers' own history say so."""
import os
import random
import shutil
import sys
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / folder) for folder in ("system", "audit", "servers")]

from outside import Needs  # noqa: E402
from play import Run, play  # noqa: E402

# Every way by which events travel, and rows on a server and in files, at once.
ON_SERVERS = Needs({"order": "kafka", "payment": "nats", "inventory": "http", "user": "nats"}, {"payment": "postgres", "user": "postgres"})
# The servers take their share of the machine.
GENTLE = {"rate": 60, "clients": 12}


def seconds(usual):
    """Of the storm; what comes before and after it is beside that."""
    return float(os.environ.get("SEAMLINE_CHAOS_SECONDS", usual))


class ChaosCase(unittest.TestCase):
    """A run in a temporary folder. SEAMLINE_TEST_SEED repeats its faults and orders; what the machine makes of them stays its own
    affair. SEAMLINE_CHAOS_KEEP names a folder in which a run that failed leaves its stores, its history and its logs."""

    def setUp(self):
        self.seed = int(os.environ.get("SEAMLINE_TEST_SEED", random.SystemRandom().randrange(2**32)))
        print(f"\n{self.id()}: SEAMLINE_TEST_SEED={self.seed}", flush=True)
        self.folder = Path(tempfile.mkdtemp(prefix="seamline-chaos-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def play(self, placement, seconds, **more):
        keep = os.environ.get("SEAMLINE_CHAOS_KEEP")
        outcome = play(Run(placement, seconds, self.seed, **more), self.folder, lambda line: print(line, flush=True),
                       keep and Path(keep) / f"{placement}-{self.seed}")
        print(", ".join(f"{count} {name}" for name, count in outcome.totals.items()), flush=True)
        return outcome


class ChaosTest(ChaosCase):
    def assert_well(self, outcome):
        found = outcome.violations
        if found:
            self.fail(f"{len(found)} violations with the seed {self.seed}, among them:\n" + "\n".join(found[:30]))
        for name, least in (("acknowledged", 500), ("confirmed", 100), ("cancelled", 100), ("live audits", 1), ("kills", 10), ("pauses", 2),
                            ("network faults", 3), ("full disks", 1), ("clock jumps", 1), ("file limits", 1)):
            self.assertGreaterEqual(outcome.totals[name], least, f"too little happened for a test: {name}")

    def test_a_shop_in_one_process(self):
        self.assert_well(self.play("monolith", seconds(40)))

    def test_a_shop_with_every_module_apart(self):
        self.assert_well(self.play("split", seconds(40)))

    def test_a_shop_with_every_module_apart_on_servers(self):
        outcome = self.play("split", seconds(50), needs=ON_SERVERS, **GENTLE)
        self.assert_well(outcome)
        self.assertGreaterEqual(outcome.totals["server faults"], 3)


if __name__ == "__main__":
    unittest.main()
