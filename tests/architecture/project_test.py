"""Holds every rule against the project itself. Each rule is a test of its own, named after the function that checks it."""
import unittest
from pathlib import Path

from checks import ALL_CHECKS

ROOT = Path(__file__).resolve().parents[2]


class ProjectTest(unittest.TestCase):
    maxDiff = None


def test_of(check):
    def test(self):
        violations = check(ROOT)
        if violations:
            self.fail(f"{check.__doc__}\n" + "\n".join(str(violation) for violation in violations))
    test.__doc__ = check.__doc__
    return test


for name, check in ALL_CHECKS.items():
    setattr(ProjectTest, f"test_{name}", test_of(check))

if __name__ == "__main__":
    unittest.main()
