"""Rules of the fault build: what it adds stands where a test knows of it, and leaves nothing in a release."""
import ast
import re
from collections import Counter

from .conventions import PRODUCT
from .project import Violation, files, line_of, read, without_comments

MISTAKE = re.compile(r'(?<!define )\bSEAMLINE_MISTAKE\((?P<argument>[^)]*)\)')
KEBAB_CASE = re.compile(r'"[a-z0-9]+(?:-[a-z0-9]+)*"')
TABLE = "tests/mistakes/table.py"


def switches(root):
    """The switches of the table: (name, in how many places, line)."""
    for node in ast.walk(ast.parse(read(root / TABLE))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Switch":
            places = next((keyword.value.value for keyword in node.keywords if keyword.arg == "places"), 1)
            yield node.args[0].value, places, node.lineno


def mistakes(root):
    """A mistake has a name in kebab-case, and stands in the table of tests/mistakes, in as many places as that says."""
    violations, found = [], Counter()
    for path in files(root, *PRODUCT):
        text = without_comments(root / path)
        for match in MISTAKE.finditer(text):
            if KEBAB_CASE.fullmatch(match["argument"]):
                found[match["argument"].strip('"')] += 1
            else:
                violations.append(Violation(path, line_of(text, match.start()), f"the mistake {match['argument']} has no name in kebab-case"))
    known = Counter()
    for name, places, line in switches(root):
        known[name] += 1
        if known[name] > 1:
            violations.append(Violation(TABLE, line, f"the mistake \"{name}\" is in the table already"))
        elif found[name] != places:
            violations.append(Violation(TABLE, line, f"the mistake \"{name}\" stands in {found[name]} places, not in {places}"))
    violations += [Violation(TABLE, 1, f"the mistake \"{name}\" is not in the table") for name in sorted(found.keys() - known.keys())]
    return violations


IFDEF = re.compile(r"#\s*(?P<word>if|ifdef|ifndef|else|elif|endif)\b(?P<condition>.*)")


def faults_stay_out(root):
    """Beside the macros of base/fault.hpp nothing of it is used but between #ifdef SEAMLINE_FAULTS and its #endif."""
    violations = []
    for path in files(root, *PRODUCT):
        if path.startswith("src/base/fault."):
            continue
        open_conditions = []
        for number, line in enumerate(without_comments(root / path).splitlines(), start=1):
            if directive := IFDEF.match(line.strip()):
                if directive["word"].startswith("if"):
                    open_conditions.append(directive["word"] == "ifdef" and directive["condition"].strip() == "SEAMLINE_FAULTS")
                elif directive["word"] == "endif":
                    open_conditions.pop()
                else:
                    open_conditions[-1] = False
            elif re.search(r"\bfault::", line) and not any(open_conditions):
                violations.append(Violation(path, number, "the fault build's own functions in every build"))
    return violations
