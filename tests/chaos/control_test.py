"""The naive control: a shop that makes the classic mistakes, under the same storm. Both auditors must find orders that are lost and
effects that happened twice: what finds nothing here, would find nothing elsewhere."""
import unittest
from collections import Counter

from chaos_test import ChaosCase

# Publishing behind the commit, where a kill comes between; consumers who forget how far they were; answers that are not remembered.
MISTAKES = "publish-after-commit,no-cursor,blind-retry"
SECONDS = 40
# What says that something is lost: an acknowledged order that is gone, an order that was never announced or whose word never came, so
# that it never ended; and that something happened twice: orders under one key, charges, and goods.
LOST = {"C1", "C8", "O4", "O8", "M16", "S12", "X2", "G1"}
DOUBLED = {"C2", "C4", "I1", "M5", "M8", "M9", "M16", "S6", "S12"}


class ControlTest(ChaosCase):
    def test_the_classic_mistakes_are_found(self):
        for placement in ("monolith",):
            outcome = self.play(placement, SECONDS, quiet_timeout_s=10, SEAMLINE_MISTAKES=MISTAKES)
            found = Counter(violation.split(":")[0] for violation in outcome.violations)
            print(dict(found))
            for violation in outcome.violations:
                print("   ", violation[:300])


if __name__ == "__main__":
    unittest.main()
