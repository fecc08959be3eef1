"""How the code is written, as far as a text scan can tell."""
import re

from .project import Violation, code_only, files, line_of, lines, read, without_comments

PRODUCT = ("src", "modules", "app")
MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60
# A file that must be longer, with the reason. Empty is best.
LONGER_FILES = {}


def file_length(root):
    """A file has at most 400 lines: what is longer does two things."""
    return [Violation(path, MAX_FILE_LINES + 1, f"has {len(lines(root, path))} lines; at most {MAX_FILE_LINES}")
            for path in files(root, *PRODUCT) if len(lines(root, path)) > MAX_FILE_LINES and path not in LONGER_FILES]


TYPE_OR_NAMESPACE = re.compile(r"^\s*(?:template\s*<.*>\s*)?(?:inline\s+|typedef\s+)?(?:namespace|class|struct|enum|union|extern)\b", re.DOTALL)


def function_bodies(code):
    """(line, lines) of each outermost function body, by counting braces. A lambda or a local class counts into its function."""
    since, depth, opened = 0, 0, None
    for match in re.finditer(r"[{};]", code):
        if match[0] == "{":
            head = code[since:match.start()]
            depth += 1
            if opened is None and "(" in head and not TYPE_OR_NAMESPACE.match(head) and not head.rstrip().endswith(("=", ",", "(", "return")):
                opened = (depth, match.start())
        elif match[0] == "}":
            if opened and opened[0] == depth:
                first = line_of(code, opened[1])
                yield first, line_of(code, match.start()) - first + 1
                opened = None
            depth -= 1
        since = match.end()


def function_length(root):
    """A function fits on a screen: at most 60 lines."""
    violations = []
    for path in files(root, *PRODUCT):
        code = re.sub(r"^\s*#[^\n]*", "", code_only(root / path), flags=re.MULTILINE)
        for line, length in function_bodies(code):
            if length > MAX_FUNCTION_LINES:
                violations.append(Violation(path, line, f"a function of {length} lines; at most {MAX_FUNCTION_LINES}"))
    return violations


# clang-format breaks lines at its ColumnLimit where it can; this is what no line exceeds but one with a raw string.
MAX_COLUMNS = 130
OTHER_CHARACTERS = "…"
TEXTS = (".hpp", ".cpp", ".sql", ".cmake", "CMakeLists.txt", ".py")


def line_form(root):
    """A line is at most 130 columns wide (raw strings aside), has no tab and no blank at its end, and a file ends with a line break."""
    violations = []
    for path in files(root, *PRODUCT, "migrations", "tests", suffixes=TEXTS):
        for number, line in enumerate(lines(root, path), 1):
            # A raw string is data: breaking it would change it.
            if len(line) > MAX_COLUMNS and 'R"(' not in line and path.endswith((".hpp", ".cpp")):
                violations.append(Violation(path, number, f"is {len(line)} columns wide; at most {MAX_COLUMNS}"))
            if "\t" in line:
                violations.append(Violation(path, number, "has a tab"))
            if line != line.rstrip():
                violations.append(Violation(path, number, "has a blank at its end"))
            others = sorted({character for character in line if ord(character) > 126} - set(OTHER_CHARACTERS))
            if others and not path.startswith("tests/"):
                violations.append(Violation(path, number, f"has {' '.join(f'U+{ord(other):04X}' for other in others)}; plain ASCII will do"))
        if read(root / path) and not read(root / path).endswith("\n"):
            violations.append(Violation(path, len(lines(root, path)), "does not end with a line break"))
    return violations


def headers(root):
    """A header begins with #pragma once, and forces no namespace on who includes it."""
    violations = []
    for path in files(root, suffixes=(".hpp",)):
        code = code_only(root / path)
        if not code.lstrip().startswith("#pragma once"):
            violations.append(Violation(path, 1, "does not begin with #pragma once"))
        for match in re.finditer(r"\busing\s+namespace\b", code):
            violations.append(Violation(path, line_of(code, match.start()), "using namespace in a header"))
    return violations


VAGUE = {"util", "utils", "utility", "utilities", "helper", "helpers", "misc", "common", "stuff", "manager"}
SHORTENED = {"mgr", "impl", "tmp", "cfg", "conf", "ctx", "msg", "svc", "repo", "btn", "calc", "init", "param", "params", "req", "res",
             "resp", "err", "ptr", "num", "str", "val", "addr"}


def file_names(root):
    """A file is named in lower case by what it holds: no vague word, no abbreviation."""
    violations = []
    for path in files(root, "src", "modules", "app", "tests", suffixes=(".hpp", ".cpp", ".py")):
        name = path.split("/")[-1].rsplit(".", 1)[0].strip("_")
        parts = set(name.split("_")) if name != "init" else set()
        if not re.fullmatch(r"[a-z0-9_]+", name):
            violations.append(Violation(path, 1, "the name is not snake_case"))
        for part in sorted(parts & VAGUE):
            violations.append(Violation(path, 1, f"\"{part}\" says nothing of what is in it"))
        for part in sorted(parts & SHORTENED):
            violations.append(Violation(path, 1, f"\"{part}\" is an abbreviation"))
    return violations


# Written in halves, so that this file does not find itself.
UNFINISHED = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")


def nothing_unfinished(root):
    """What is left to do stands in an issue, not in the code."""
    violations = []
    for path in files(root, suffixes=TEXTS + (".json", ".html", ".js", ".sh")):
        for number, line in enumerate(lines(root, path), 1):
            for match in UNFINISHED.finditer(line):
                violations.append(Violation(path, number, f"{match[0]}: file an issue"))
    return violations


TEST_NAME = re.compile(r'(?:TEST_CASE|rc::prop)\(\s*"((?:[^"\\]|\\.)*)"')


def test_names(root):
    """The name of a test holds no semicolon: CMake would take it for two tests, and run neither."""
    violations = []
    for path in files(root, "tests"):
        text = read(root / path)
        for match in TEST_NAME.finditer(text):
            if ";" in match[1]:
                violations.append(Violation(path, line_of(text, match.start()), "a test's name holds a semicolon"))
    return violations


CRASH_POINT = re.compile(r'(?<!define )\bSEAMLINE_CRASH_POINT\((?P<rest>[^;]*)')
CRASH_POINT_NAME = re.compile(r'[^;]*,\s*"(?P<name>[^"]*)"\)')


def crash_points(root):
    """A crash point has a name of its own, in kebab-case and in the text, so that tests/crash finds it and kills at that place."""
    violations, known = [], {}
    for path in files(root, *PRODUCT):
        text = without_comments(root / path)
        for match in CRASH_POINT.finditer(text):
            place = (path, line_of(text, match.start()))
            name = CRASH_POINT_NAME.match(match["rest"])
            if not name:
                violations.append(Violation(*place, "a crash point without a name in the text"))
            elif not re.fullmatch(r"[a-z]+(?:-[a-z]+)*", name["name"]):
                violations.append(Violation(*place, f"the crash point \"{name['name']}\" is not in kebab-case"))
            elif name["name"] in known:
                violations.append(Violation(*place, f"the crash point \"{name['name']}\" is in {known[name['name']]} as well"))
            elif name:
                known[name["name"]] = path
    return violations


def uses_of(root, pattern, tops, allowed, message):
    violations = []
    for path in files(root, *tops):
        if any(path.startswith(place) for place in allowed):
            continue
        code = code_only(root / path)
        for match in re.finditer(pattern, code):
            violations.append(Violation(path, line_of(code, match.start()), f"{match[0].rstrip('(')}: {message}"))
    return violations


# Where a thread may sleep, and why.
SLEEPERS = {
    "src/base/loop.cpp": "the thread around a loop",
    "src/resilience/pause.cpp": "a caller's own thread, before it repeats its call",
    "src/store/postgres_connection.cpp": "the writer, until it knows whether its last commit took place",
    "tests/store/postgres_outage_test.cpp": "a server must stay silent for longer than its client waits",
    "app/cli/load.cpp": "a client that asks a server again until all orders have ended",
    "app/cli/module_list.cpp": "a sample has a length",
    "tests/bench/": "a benchmark that waits for the end of what it measures",
    "tests/base/loop_test.cpp": "an idle loop must be seen to stay idle for a while",
    "tests/support/": "poll-until, the one way in which a test waits",
}


def sleeping(root):
    """Nothing sleeps but the thread around a loop; a test polls."""
    return uses_of(root, r"\b(?:sleep_for|sleep_until|usleep|nanosleep|sleep)\s*\(", (*PRODUCT, "tests"), SLEEPERS,
                   "only the places listed in checks/conventions.py sleep")


# Where the machine's time or randomness is read, and why.
TIME_AND_RANDOMNESS = {"src/base/clock.cpp": "Clock", "src/base/random.cpp": "Random"}
# Where a duration is measured that no decision of the product hangs on.
STOPWATCHES = {
    "src/seam/seam.hpp": "a metered call must cost less than a virtual call to a clock",
    "src/http/server.cpp": "socket timeouts, which no test steps",
    "src/store/postgres_session.cpp": "socket timeouts, which no test steps",
    "src/store/postgres_connection.cpp": "pauses between tries to reach a server, which no test steps",
    "src/host/host.cpp": "how long a stop may take in all; it waits on condition variables, which count real time",
}


def time_and_randomness(root):
    """Time and randomness come from Clock and Random, which are passed in: so every run can be repeated."""
    message = "take a Clock& or Random&"
    wall = uses_of(root, r"\bsystem_clock\b|\bstd::rand\b|(?<![\w:.>])s?rand\(|(?<![\w:.>])time\(|\brandom_device\b|\bmt19937(?:_64)?\b"
                   r"|\bgettimeofday\b|\bclock_gettime\b|\bgetrandom\b", PRODUCT, TIME_AND_RANDOMNESS, message)
    steady = uses_of(root, r"\bsteady_clock\b", ("src", "modules"), TIME_AND_RANDOMNESS | STOPWATCHES, message)
    return sorted(wall + steady)
