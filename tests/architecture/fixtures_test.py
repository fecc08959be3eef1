"""Shows that every rule can fail: fixtures/<rule>/ is a small tree that breaks it, and fixtures/<rule>/EXPECTED says where."""
import unittest
from pathlib import Path

from checks import ALL_CHECKS

FIXTURES = Path(__file__).resolve().parent / "fixtures"


class FixturesTest(unittest.TestCase):
    maxDiff = None

    def test_every_rule_has_a_fixture_and_every_fixture_a_rule(self):
        self.assertEqual(sorted(ALL_CHECKS), sorted(folder.name for folder in FIXTURES.iterdir() if folder.is_dir()))


def test_of(name, check):
    def test(self):
        expected = (FIXTURES / name / "EXPECTED").read_text(encoding="utf-8").splitlines()
        self.assertTrue(expected, "A fixture expects at least one violation.")
        self.assertEqual(expected, [str(violation) for violation in check(FIXTURES / name)])
    return test


for name, check in ALL_CHECKS.items():
    setattr(FixturesTest, f"test_{name}", test_of(name, check))

if __name__ == "__main__":
    unittest.main()
