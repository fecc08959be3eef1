"""Every seeded bug is caught by both auditors, by the invariants that are named; and without the bugs they find nothing."""
import signal
import tempfile
import unittest
from pathlib import Path

import readme
import runner
import table

# The one invariant that is about the clients' own bookkeeping: no bug of a shop breaks it.
OF_THE_CLIENTS = {"A2"}


class MistakesTest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        with tempfile.TemporaryDirectory(prefix="seamline-mistakes-") as folder:
            cls.clean, cls.verdicts = runner.try_all(Path(folder))

    def test_both_auditors_catch_every_bug(self):
        for mistake in table.MISTAKES:
            verdict = self.verdicts[mistake.name]
            print(f"{mistake.name:28} {mistake.kind:6} {mistake.workload:28} seamline audit: {' '.join(verdict.program):40} "
                  f"tests/audit: {' '.join(verdict.python)}")
            for auditor, codes in (("seamline audit", verdict.program), ("tests/audit", verdict.python)):
                with self.subTest(mistake=mistake.name, auditor=auditor):
                    missed = set(mistake.caught_by.split()) - set(codes)
                    self.assertFalse(missed, f"{auditor} says that these hold; violated are {codes}")

    def test_they_agree_on_every_bug(self):
        for name, verdict in self.verdicts.items():
            with self.subTest(mistake=name):
                self.assertEqual(verdict.program, verdict.python)

    def test_without_a_bug_they_find_nothing(self):
        for workload, (exit_codes, verdict) in self.clean.items():
            with self.subTest(workload=workload):
                self.assertEqual(runner.Verdict((), ()), verdict)
                is_killed = workload in (table.KILLED, table.KILLED_AFTER_AN_ANSWER)
                self.assertEqual([-signal.SIGKILL, 0] if is_killed else [0], exit_codes)

    def test_every_invariant_catches_a_bug(self):
        expected = {code for mistake in table.MISTAKES for code in mistake.caught_by.split()}
        self.assertEqual(OF_THE_CLIENTS, set(runner.all_codes()) - expected)

    def test_every_bug_has_a_name_of_its_own(self):
        names = [mistake.name for mistake in table.MISTAKES]
        self.assertEqual(sorted(set(names)), sorted(names))

    def test_the_page_is_what_the_table_makes_of_it(self):
        self.assertEqual(readme.page(), readme.README.read_text(encoding="utf-8"), "tests/mistakes/readme.py --write makes it anew")


if __name__ == "__main__":
    unittest.main()
