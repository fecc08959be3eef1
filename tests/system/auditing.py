"""The auditors of tests/audit, for the tests of this folder."""
import sys
from pathlib import Path

AUDIT = Path(__file__).resolve().parents[1] / "audit"
TWO_AUDITS = AUDIT / "two_audits.py"
sys.path.append(str(AUDIT))

from client_history import MAKES_AN_ORDER, History, now_ms  # noqa: E402,F401
from cut import MODULES, connect  # noqa: E402,F401
from places import place_of  # noqa: E402
from records import Records  # noqa: E402,F401
from two_audits import audit  # noqa: E402,F401
from quiet import wait_until_quiet  # noqa: E402,F401


def has_stores(data_dir, config=None):
    """Whether all four stores lie in this folder, or are said to be on a server."""
    places = [place_of(data_dir, module, config) for module in MODULES]
    return all(place.kind != "sqlite" or place.file.exists() for place in places)
