#!/usr/bin/env python3
"""The second auditor: holds a shop's stores against the invariants of app/audit/README.md. It was written from that page and from the
tables of migrations/ alone, and shares no code with the shop or with `seamline audit`."""
import argparse
import json
import sys

import clients  # noqa: F401: each of these adds its checks
import money  # noqa: F401
import orders  # noqa: F401
import saga  # noqa: F401
import stock  # noqa: F401
import stores  # noqa: F401
import users  # noqa: F401
from checks import CHECKS
from cut import CannotRead
from page import invariants
from places import add_config_flags, config_of
from records import Records

MOST_EXAMPLES = 20
CLEAN, UNREADABLE, VIOLATED = 0, 1, 3


def outcome_of(invariant, examined, violations):
    if violations:
        return "violated"
    return "vacuous" if examined == 0 and invariant.may_be_vacuous else "holds"


def examine(invariant, *records):
    """One check's part of the report."""
    try:
        examined, violations = CHECKS[invariant.code](*records)
    except (TypeError, ValueError, KeyError, AttributeError) as problem:
        # A row that says what no row can say is a violation, wherever a check stumbles over it.
        examined, violations = 0, [f"cannot be examined: {problem!r}"]
    return {"code": invariant.code, "holds": invariant.holds, "invariant": invariant.sentence,
            "outcome": outcome_of(invariant, examined, violations), "examined": examined, "violations": len(violations),
            "examples": violations[:MOST_EXAMPLES]}


def audit(data_dir, live=False, history=None, config=None):
    """The report on the stores in a folder, as the page describes it for --json. `live`: the shop is not quiet, so that only what always
    holds is checked. `history`: a file of what the clients saw. `config`: what the shop was started with, for stores on a server
    (places.py). Raises CannotRead."""
    seen = clients.History(history) if history else None
    with Records(data_dir, config) as records:
        found = [examine(invariant, records, *([seen] if invariant.needs_history else [])) for invariant in invariants()
                 if not (live and invariant.holds == "quiet") and (seen or not invariant.needs_history)]
    return {"mode": "live" if live else "quiet", "clean": not any(check["violations"] for check in found), "checks": found}


def violations(report):
    """Each violation of a report that it has an example of, in one line, with its code."""
    return [f"{check['code']}: {example}" for check in report["checks"] for example in check["examples"]]


def show(report):
    for check in report["checks"]:
        print(f"{check['code']:4} {check['outcome']:8} {check['examined']:>9} examined  {check['invariant']}")
        for example in check["examples"]:
            print(f"       {example}")
    print("clean" if report["clean"] else f"{sum(check['violations'] for check in report['checks'])} violations")


def main():
    parser = argparse.ArgumentParser(description="Audits the stores of a shop, without writing to them.")
    parser.add_argument("data_dir")
    parser.add_argument("--live", action="store_true", help="the shop runs: check only what always holds")
    parser.add_argument("--history", help="a file of what the clients saw")
    parser.add_argument("--json", action="store_true")
    add_config_flags(parser)
    arguments = parser.parse_args()
    try:
        report = audit(arguments.data_dir, arguments.live, arguments.history, config_of(arguments))
    except CannotRead as problem:
        print(problem, file=sys.stderr)
        return UNREADABLE
    if arguments.json:
        print(json.dumps(report))
    else:
        show(report)
    return CLEAN if report["clean"] else VIOLATED


if __name__ == "__main__":
    sys.exit(main())
