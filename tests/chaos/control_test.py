"""The naive control: a shop that makes the classic mistakes, under such a storm. Both auditors must find what is lost, and what happened
twice: a storm or an auditor that finds nothing here, would find nothing elsewhere either."""
import unittest

from chaos_test import ChaosCase

import auditor
import two_audits
from storm import WEIGHTS, Kill, Weather

# Publishing behind the commit, so that a kill between the two loses the word; a consumer that does not keep how far it is, and hears all
# of a log again; an answer that is not remembered, so that a repeat makes another order.
MISTAKES = "publish-after-commit,no-cursor,blind-retry"
SECONDS = 40
# The moment behind a commit is short, and a kill must find it: the same faults, but more kills, and far more load on a real disk.
WEATHER = Weather(weights={**WEIGHTS, Kill: 120})
RATE = 1500
# An acknowledged order is gone, or never ended; a thing that has happened and that nobody was told of.
LOST = {"C1": "acknowledged orders", "C8": "ends of acknowledged orders", "O8": "ends of orders", "O4": "announcements of orders"}
# Several orders for one wish; money moved twice.
DOUBLED = {"C2": "answers to one key", "C4": "orders of one key", "C7": "orders beside the one of the key", "M5": "moves of money"}


class ControlTest(ChaosCase):
    def test_the_classic_mistakes_are_found(self):
        found = {}

        def judge(*stores, config):
            """Each auditor by itself: on what is broken in so many ways they need not say the same of everything."""
            for name, audit in (("seamline audit", two_audits.program_audit), ("tests/audit", auditor.audit)):
                found[name] = {check["code"]: check["violations"] for check in audit(*stores, config=config)["checks"] if check["violations"]}
            return []
        self.play("monolith", SECONDS, rate=RATE, clients=64, weather=WEATHER, has_small_disk=False, quiet_timeout_s=5, judge=judge,
                  environment={"SEAMLINE_MISTAKES": MISTAKES})
        for name, violated in found.items():
            print(f"{name} finds {violated}")
            for kind, evidence in (("lost", LOST), ("doubled", DOUBLED)):
                shown = [f"{violated[code]} {what} ({code})" for code, what in evidence.items() if code in violated]
                print(f"  {kind}: {', '.join(shown)}")
                self.assertTrue(shown, f"{name} finds nothing {kind} among {violated}")


if __name__ == "__main__":
    unittest.main()
