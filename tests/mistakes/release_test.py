"""What the fault build adds is not in a release: neither a name of a mistake or of a crash point, nor a function of src/base/fault.hpp."""
import os
import re
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ("src/store/event_log.cpp", "modules/payment/application/settlement.cpp")
# Names of several words: one of a single word may be there for other reasons.
NAME = re.compile(r'SEAMLINE_(?:MISTAKE\(|CRASH_POINT\([^;]*, )"(\w+-[\w-]+)"\)')
# As the compiler writes seamline::fault:: into the names of functions.
FUNCTIONS = b"8seamline5fault"


def left_in(path):
    """The names of the sources that stand in a compiled file, and the fault build's functions."""
    names = [name for source in SOURCES for name in NAME.findall((ROOT / source).read_text(encoding="utf-8"))]
    compiled = Path(path).read_bytes()
    return {name for name in [*names, FUNCTIONS.decode()] if name.encode() in compiled}


class ReleaseTest(unittest.TestCase):
    def test_nothing_is_left_without_the_option(self):
        objects = os.environ["SEAMLINE_WITHOUT_FAULTS"].split(":")
        self.assertEqual(len(SOURCES), len(objects))
        for path in objects:
            self.assertEqual(set(), left_in(path), path)

    def test_with_it_they_are_found(self):
        self.assertGreater(len(left_in(os.environ["SEAMLINE_MISTAKEN_SHOP"])), 20)


if __name__ == "__main__":
    unittest.main()
