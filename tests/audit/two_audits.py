#!/usr/bin/env python3
"""Both auditors over one shop: `seamline audit`, and the one of this folder. They were written from one page by people who did not look
at each other's work; where they disagree, one of them is wrong, or the page is."""
import argparse
import json
import os
import subprocess
import sys

import auditor
from cut import CannotRead
from places import add_config_flags, config_of, storage_flags
from quiet import wait_until_quiet

TIMEOUT_S = 120
# What two auditors of the same stores must say alike of each invariant.
SAID_ALIKE = ("holds", "outcome", "examined")


class Disagreement(AssertionError):
    """The auditors do not say the same."""


def program_audit(data_dir, live=False, history=None, config=None):
    """The report of `seamline audit`, of the program that SEAMLINE_BINARY names. Raises CannotRead."""
    command = [os.environ["SEAMLINE_BINARY"], "audit", "--data-dir", str(data_dir), "--json", *storage_flags(config)]
    command += (["--live"] if live else []) + (["--history", str(history)] if history else [])
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SEAMLINE_")}
    environment["MONGOC_DISABLE_SHM"] = "1"  # as tests/run has it
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, env=environment, check=False)
    if done.returncode == auditor.UNREADABLE:
        raise CannotRead(done.stderr.strip())
    try:
        report = json.loads(done.stdout)
    except ValueError as problem:
        said = done.stdout[:500] + done.stderr[:2000]
        raise Disagreement(f"seamline audit ended with {done.returncode} and no report: {said}") from problem
    if done.returncode != (auditor.CLEAN if report["clean"] else auditor.VIOLATED):
        raise Disagreement(f"seamline audit ended with {done.returncode}, and says clean: {report['clean']}")
    return report


def differences(ours, theirs, at_rest=True):
    """What two reports do not say alike. If the stores were not at rest, each auditor saw them at a moment of its own: then only what is
    violated, and which invariants were checked, can be compared."""
    found = [f"{name}: {ours[name]} and {theirs[name]}" for name in ("mode", "clean") if ours[name] != theirs[name]]
    codes = [[check["code"] for check in report["checks"]] for report in (ours, theirs)]
    if codes[0] != codes[1]:
        return [*found, f"the codes {codes[0]} and {codes[1]}"]
    for our, their in zip(ours["checks"], theirs["checks"]):
        for name in SAID_ALIKE:
            if not at_rest and name == "examined" or our[name] == their[name]:
                continue
            if at_rest or name == "holds" or "violated" in (our[name], their[name]):
                found.append(f"{our['code']}: {name} is {our[name]!r} and {their[name]!r}; {our['examples'][:3]} and "
                             f"{their['examples'][:3]}")
    return found


def or_unreadable(audit_with, *arguments):
    """A report, or why there is none."""
    try:
        return audit_with(*arguments)
    except CannotRead as problem:
        return problem


def audit(data_dir, live=False, history=None, at_rest=None, config=None):
    """Runs both, and returns the violations, each in a line with its code; empty where all is well. `live`: something is under way.
    `at_rest`: nobody writes meanwhile; if that is not said, it is so unless it is live. `config`: what the shop was started with, for
    stores on a server (places.py). Raises Disagreement and CannotRead."""
    ours = or_unreadable(auditor.audit, data_dir, live, history, config)
    theirs = or_unreadable(program_audit, data_dir, live, history, config)
    unreadable = [problem for problem in (ours, theirs) if isinstance(problem, CannotRead)]
    if len(unreadable) == 1:
        raise Disagreement(f"one of tests/audit and seamline audit cannot read {data_dir}: {unreadable[0]}")
    if unreadable:
        raise unreadable[0]
    if differs := differences(ours, theirs, not live if at_rest is None else at_rest):
        raise Disagreement("tests/audit and seamline audit disagree about " + "\n".join([str(data_dir), *differs]))
    return auditor.violations(ours)


def main():
    parser = argparse.ArgumentParser(description="Runs both auditors over the stores of a shop, and holds them against each other.")
    parser.add_argument("data_dir")
    parser.add_argument("--live", action="store_true")
    parser.add_argument("--history")
    parser.add_argument("--wait", type=float, metavar="SECONDS", help="wait until nothing is under way, for so long at most")
    add_config_flags(parser)
    arguments = parser.parse_args()
    config = config_of(arguments)
    try:
        if arguments.wait is not None:
            wait_until_quiet(arguments.data_dir, arguments.wait, config=config)
        found = audit(arguments.data_dir, arguments.live, arguments.history, config=config)
    except (CannotRead, AssertionError) as problem:
        print(problem, file=sys.stderr)
        return auditor.UNREADABLE
    print("\n".join(found) if found else "both auditors: clean")
    return auditor.VIOLATED if found else auditor.CLEAN


if __name__ == "__main__":
    sys.exit(main())
