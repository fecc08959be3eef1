"""Kills the shop at every crash point, in the monolith and split, and again while it recovers; and audits what is left.

    SEAMLINE_BINARY=build/ci/seamline tests/crash/crash_test.py [--seed N] [--only TEXT] [--jobs N] [--verbose]

The points are those of the sources: a new one is found by itself. Which of them a day at the shop passes is recorded first; a point
that none passes is a failure, and so is one that does not kill when it is armed."""
import argparse
import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

sys.path += [str(Path(__file__).resolve().parents[1] / folder) for folder in ("system", "audit", "support")]

import points  # noqa: E402
from crash_case import PLACEMENTS, PROFILES, run_case  # noqa: E402
from plan import Recordings, make_cases  # noqa: E402
from recording import make_template, record  # noqa: E402

FAST_FOLDER = "/dev/shm"  # what SIGKILL leaves is the same on any file system


def make_folder():
    return Path(tempfile.mkdtemp(prefix="seamline-crash-", dir=FAST_FOLDER if os.access(FAST_FOLDER, os.W_OK) else None))


def record_all(pool, folder, template, names):
    """Records each kind of day in each placement; where a point was missed by all, up to two days more, as some hang on who is first."""
    recordings = Recordings({})
    for attempt in range(3):
        days = {(placement, profile): pool.submit(record, folder / f"record-{attempt}-{placement}-{profile}", template, placement, profile)
                for placement in PLACEMENTS for profile in PROFILES}
        for key, day in days.items():
            recordings.add(*key, *day.result())
        if names <= recordings.names():
            break
    return recordings


def run_all(pool, folder, template, cases, verbose):
    """Runs the cases. Returns their outcomes, in the order of the cases."""
    running = {pool.submit(run_case, case, folder / f"case-{number}", template): number for number, case in enumerate(cases)}
    outcomes = {}
    for done in as_completed(running):
        outcome = outcomes[running[done]] = done.result()
        if outcome.violations or verbose:
            print(f"{'FAILED' if outcome.violations else 'held  '} {outcome.seconds:5.2f} s  {outcome.case}", flush=True)
        for violation in outcome.violations[:10]:
            print(f"    {violation}", flush=True)
        if outcome.violations:
            print(outcome.log, flush=True)
    return [outcomes[number] for number in range(len(cases))]


def print_table(recordings, outcomes):
    """One line for each point in each process."""
    passed = {placement: recordings.passed(placement) for placement in PLACEMENTS}
    print(f"{'point':44} {'placement':9} {'process':9} {'day':8} {'times':>5} {'killed at':>9} {'kills':>5} {'orders':>6} result")
    for outcome in outcomes:
        case, first = outcome.case, outcome.case.arms[0]
        _, times = passed[case.placement][case.process, first.name]
        result = "held" if not outcome.violations else f"FAILED: {outcome.violations[0]}"
        then = "".join(f", then {arm.name}" for arm in case.arms[1:])
        print(f"{first.name:44} {case.placement:9} {case.process:9} {case.profile:8} {times:5} {first.nth:9} {outcome.kills:5} "
              f"{outcome.acknowledged:6} {result}{then}")


def print_totals(seed, names, outcomes, seconds):
    kills = sum(outcome.kills for outcome in outcomes)
    again = Counter(outcome.kills for outcome in outcomes if len(outcome.case.arms) > 1)
    failed = sum(bool(outcome.violations) for outcome in outcomes)
    print(f"{len(names)} points in {len(outcomes)} cases: {kills} kills, {again[2] + again[3]} points with a second one during the recovery "
          f"({again[3]} of them with a third), {sum(outcome.acknowledged for outcome in outcomes)} orders acknowledged; "
          f"{failed} cases failed; {seconds:.0f} s; --seed {seed}", flush=True)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--seed", type=int, default=int(os.environ.get("SEAMLINE_TEST_SEED", random.SystemRandom().randrange(2**32))))
    arguments.add_argument("--only", default="", help="cases whose description has this text")
    arguments.add_argument("--jobs", type=int, default=2 * (os.cpu_count() or 1), help="cases at once")
    arguments.add_argument("--verbose", action="store_true", help="a line for each case when it ends")
    options = arguments.parse_args()
    print(f"--seed {options.seed}", flush=True)
    begin, folder = time.monotonic(), make_folder()
    try:
        template = make_template(folder / "template")
        with ProcessPoolExecutor(options.jobs) as pool:
            names = set(points.all_names())
            recordings = record_all(pool, folder, template, names)
            problems = [f"never passed on any day: {name}" for name in sorted(names - recordings.names())]
            problems += [f"passed, and not in the sources: {name}" for name in sorted(recordings.names() - names)]
            singles, doubles = make_cases(recordings, options.seed)
            cases = [case for case in singles + doubles if options.only in str(case)]
            print(f"recorded in {time.monotonic() - begin:.1f} s; {len(cases)} cases", flush=True)
            outcomes = run_all(pool, folder, template, cases, options.verbose)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print_table(recordings, outcomes)
    print("\n".join(problems))
    print_totals(options.seed, names, outcomes, time.monotonic() - begin)
    return 1 if problems or any(outcome.violations for outcome in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main())
