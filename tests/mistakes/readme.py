#!/usr/bin/env python3
"""The page of the seeded bugs, from their table: `readme.py` prints it, `readme.py --write` makes it README.md, which a test compares."""
import sys
from pathlib import Path

import table

README = Path(__file__).resolve().parent / "README.md"
INTRODUCTION = """# The auditor is audited

An audit that finds nothing proves nothing until it is known what it would find. Here are {count} bugs that somebody could have made,
each made on purpose; both auditors, `seamline audit` and `tests/audit`, must catch every one, by the invariants that its line names
([app/audit/README.md](../../app/audit/README.md) says what they are). The same workloads without the bugs must be clean.

- A **switch** is `SEAMLINE_MISTAKE("name")` in the code of the fault build ([src/base/fault.hpp](../../src/base/fault.hpp)), where a
  careless developer would have erred. There are {switches}. `SEAMLINE_MISTAKES=name` in the environment makes a program err so;
  `name:7` makes it err every seventh time. In a release build there is nothing of it.
- An **edit** is done to the stores of a stopped shop that did no wrong. There are {edits}. Where it touches an event log, the log's
  chain is made anew and all cursors are brought to its end, as whoever covers his traces would do: X1 must not be all that notices.

`mistaken_shop` plays a workload ([workloads.cpp](workloads.cpp)) under a bug and leaves the stores; [runner.py](runner.py) does so for all
of them, and `ctest -R "seeded bug"` holds the verdicts against [table.py](table.py), from which this page is made
(`tests/mistakes/readme.py --write`).
"""


def lines_of(mistakes):
    yield "| bug | what is wrong | provoked by | caught by |"
    yield "|---|---|---|---|"
    for mistake in mistakes:
        workload = f"`{mistake.workload}`" + (f", killed at `{mistake.crash_at}`" if getattr(mistake, "crash_at", "") else "")
        workload += f", with `{mistake.beside}`" if getattr(mistake, "beside", "") else ""
        name = mistake.name + (f":{mistake.every}" if getattr(mistake, "every", 1) > 1 else "")
        yield f"| `{name}` | {mistake.says} | {workload} | {', '.join(mistake.caught_by.split())} |"


def page():
    introduction = INTRODUCTION.format(count=len(table.MISTAKES), switches=len(table.SWITCHES), edits=len(table.EDITS))
    parts = [introduction, "## Switches", "", *lines_of(table.SWITCHES), "", "## Edits", "", *lines_of(table.EDITS)]
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        README.write_text(page(), encoding="utf-8")
    else:
        print(page(), end="")
