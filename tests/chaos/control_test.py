"""The naive control: a shop that makes the classic mistakes, under such a storm. Both auditors must find what is lost, and what happened
twice: a storm or an auditor that finds nothing here, would find nothing elsewhere either."""
import unittest
from collections import Counter

from chaos_test import ChaosCase

# Publishing behind the commit, so that a kill between the two loses the word; a consumer that does not keep how far it is, and hears all
# of a log again; an answer that is not remembered, so that a repeat makes another order.
MISTAKES = "publish-after-commit,no-cursor,blind-retry"
SECONDS = 40
MEAN_PAUSE_S = 0.3
# An acknowledged order is gone, or never ended; a thing that has happened and that nobody was told of.
LOST = {"C1": "acknowledged orders", "C8": "ends of acknowledged orders", "O8": "ends of orders", "O4": "announcements of orders",
        "M8": "money of orders", "S5": "goods of orders"}
# Several orders for one wish; money moved twice.
DOUBLED = {"C2": "answers to one key", "C4": "orders of one key", "C7": "orders beside the one of the key", "M5": "moves of money"}


class ControlTest(ChaosCase):
    def test_the_classic_mistakes_are_found(self):
        outcome = self.play("monolith", SECONDS, quiet_timeout_s=10, mean_pause_s=MEAN_PAUSE_S, SEAMLINE_MISTAKES=MISTAKES)
        codes = Counter(violation.split(":")[0] for violation in outcome.violations)
        # An auditor gives twenty examples at most.
        print("violations, by their invariants: " + ", ".join(f"{code} {count}{'+' if count == 20 else ''}" for code, count in codes.items()))
        self.assertIn("O4", codes, "an announcement that a kill has swallowed is found")
        for name, evidence in (("lost", LOST), ("doubled", DOUBLED)):
            found = {code: what for code, what in evidence.items() if codes[code]}
            print(f"{name}: {', '.join(f'{what} ({code})' for code, what in found.items())}")
            self.assertGreaterEqual(len(found), 2, f"what was {name} is found in more than one way: {codes}")


if __name__ == "__main__":
    unittest.main()
