"""Who may include whom."""
import re

from .project import (Violation, cmake_calls, code_only, edges, files, includes, layers, line_of, modules, read, resolve)

# A layer depends on layers of a lower rank, or of its own. Every other layer of the kernel has the rank between.
RANKS = {"base": 0, "contract": 1, "host": 3}
RANK_BETWEEN = 2


def reachable(layer, declared):
    """What a layer may include: itself, and all that its DEPENDS reach."""
    reached, open_ones = set(), [layer]
    while open_ones:
        name = open_ones.pop()
        if name not in reached:
            reached.add(name)
            open_ones += declared[name].depends if name in declared else []
    return reached


def kernel_layers(root):
    """A folder of src includes only what its DEPENDS reach, and depends only on folders that come before it."""
    declared = layers(root)
    order = [words[0] for _, words in cmake_calls(root, "src/CMakeLists.txt", "add_subdirectory")]
    violations = []
    for name, layer in declared.items():
        place = f"src/{name}/CMakeLists.txt"
        for other in layer.depends:
            if other not in declared:
                violations.append(Violation(place, layer.line, f"{name} depends on {other}, which is no folder of the kernel"))
            elif RANKS.get(other, RANK_BETWEEN) > RANKS.get(name, RANK_BETWEEN) or order.index(other) > order.index(name):
                violations.append(Violation(place, layer.line, f"{name} depends on {other}, which comes after it"))
        allowed = reachable(name, declared)
        for path in files(root, f"src/{name}"):
            for include in includes(root, path):
                first = include.name.split("/")[0]
                if first in declared and first not in allowed:
                    violations.append(Violation(path, include.line, f"{name} includes {include.name}, but does not depend on {first}"))
    return sorted(violations)


def kernel_knows_no_module(root):
    """The kernel includes no file of modules or app, and names no module's namespace."""
    names = modules(root)
    violations = []
    for path in files(root, "src"):
        for include in includes(root, path):
            meant = resolve(root, path, include.name) or include.name
            if meant.startswith(("modules/", "app/")):
                violations.append(Violation(path, include.line, f"the kernel includes {include.name}"))
        code = code_only(root / path)
        for match in re.finditer(rf"(?<![\w:])(?:seamline::)?({'|'.join(names) or '(?!)'})::", code):
            violations.append(Violation(path, line_of(code, match.start()), f"the kernel names the module {match[1]}"))
    return sorted(violations)


def module_boundaries(root):
    """A module includes of another only the contract, and only of one that its CMake line calls or hears; nothing of app."""
    declared = edges(root)
    violations = []
    for path in files(root, "modules"):
        own = path.split("/")[1]
        for include in includes(root, path):
            meant = resolve(root, path, include.name) or include.name
            other = meant.split("/")[1] if meant.startswith("modules/") else own
            if ".." in include.name.split("/"):
                violations.append(Violation(path, include.line, f"{include.name} climbs out of its folder"))
            elif meant.startswith(("app/", "tests/")):
                violations.append(Violation(path, include.line, f"the module {own} includes {meant}"))
            elif other == own:
                continue
            elif not meant.startswith(f"modules/{other}/contract/{other}/"):
                violations.append(Violation(path, include.line, f"{include.name} is no part of the contract of {other}"))
            elif own not in declared or other not in declared[own].calls + declared[own].hears:
                violations.append(Violation(path, include.line, f"{own} includes {include.name}, but neither calls nor hears {other}"))
    return sorted(violations)


def contract_is_alone(root):
    """A contract includes base, the contract layer and itself: it says what a module offers and depends on nobody."""
    violations = []
    for module in modules(root):
        for path in files(root, f"modules/{module}/contract"):
            for include in includes(root, path):
                if include.is_quoted and include.name.split("/")[0] not in ("base", "contract", module):
                    violations.append(Violation(path, include.line, f"the contract of {module} includes {include.name}"))
    return sorted(violations)


# base/fault.hpp brings macros that are nothing in a release.
DOMAIN_MAY_INCLUDE = {"base/assert.hpp", "base/fault.hpp", "base/id.hpp", "base/money.hpp", "base/result.hpp", "contract/contract.hpp", "contract/fields.hpp"}
NOT_PURE = {"chrono", "condition_variable", "cstdio", "ctime", "filesystem", "fstream", "future", "iostream", "mutex", "random",
            "shared_mutex", "sstream", "thread"}


def domain_is_pure(root):
    """A domain decides from what it is given: no I/O, JSON, SQL, clock or randomness."""
    violations = []
    for module in modules(root):
        for path in files(root, f"modules/{module}/domain"):
            for include in includes(root, path):
                is_own = include.name.startswith((f"{module}/", "domain/"))
                is_pure = is_own or include.name in DOMAIN_MAY_INCLUDE if include.is_quoted else (
                    include.name not in NOT_PURE and "/" not in include.name and "." not in include.name)
                if not is_pure:
                    violations.append(Violation(path, include.line, f"the domain of {module} includes {include.name}"))
            code = code_only(root / path)
            for match in re.finditer(r"\b(?:Clock|IdSource|Random|json::|store::|host::|\w+Repository)\b", code):
                violations.append(Violation(path, line_of(code, match.start()), f"the domain of {module} uses {match[0]}"))
    return sorted(violations)


INSIDE = {"domain": {"domain"}, "storage": {"domain", "storage"}, "application": {"domain", "storage", "application"}}


def module_inside(root):
    """Within a module domain knows only itself, storage knows domain, application knows both, and module.hpp is for the outside."""
    violations = []
    for module in modules(root):
        for folder, allowed in INSIDE.items():
            for path in files(root, f"modules/{module}/{folder}"):
                for include in includes(root, path):
                    first = include.name.split("/")[0]
                    if include.is_quoted and (first in INSIDE and first not in allowed or first == "module.hpp"):
                        violations.append(Violation(path, include.line, f"{folder} includes {include.name}"))
    return sorted(violations)


def audit_is_independent(root):
    """The audit includes nothing of the shop but base: what it finds is decided by none of the code that it judges."""
    violations = []
    for path in files(root, "app/audit"):
        for include in includes(root, path):
            if include.is_quoted and include.name.split("/")[0] not in ("audit", "base"):
                violations.append(Violation(path, include.line, f"the audit includes {include.name}"))
    return sorted(violations)


# Headers that are heavy, or that only one place may know: what the name starts with, where it may stand, and why.
CONFINED = [
    ("rapidjson/", ("src/base/json.cpp",), "it is heavy; base/json.hpp has what others need"),
    ("CLI/", ("app/cli/", "app/main.cpp"), "only the command line knows its library"),
    ("Poco/JWT/", ("src/security/",), "tokens are read and written in one place"),
    ("Poco/Net/", ("src/http/", "tests/bench/bare_poco.cpp"), "only src/http knows sockets"),
    ("spdlog/", ("src/observe/",), "observe/log.hpp has what others need"),
    ("sqlite3.h", ("src/store/sqlite.cpp", "app/audit/database.cpp", "tests/store/", "tests/disk/", "tests/support/simulated_"),
     "the store's Connection is all that others see; the audit reads by itself"),
    ("librdkafka/", ("src/events/kafka_", "tests/events/kafka_", "tests/bench/"), "only the broker of Kafka knows its library"),
    ("libpq-fe.h", ("src/store/postgres", "app/audit/postgres_origin.cpp"),
     "the store's Connection is all that others see; the audit reads by itself"),
    ("mongoc/", ("src/store/mongodb.cpp", "app/audit/mongodb_origin.cpp"),
     "the store's DocumentCollection is all that others see; the audit reads by itself"),
    ("bson/", ("src/store/bson", "app/audit/bson_view"), "the store's Document is all that others see; the audit reads by itself"),
    ("argon2.h", ("src/security/", "tests/security/"), "passwords are hashed in one place"),
    ("nats/", ("src/events/nats_", "tests/events/nats_"), "events/nats_broker.hpp is all that others see"),
    # The tests check by OpenSSL itself what ours made.
    ("openssl/", ("src/base/hash.cpp", "src/security/", "tests/security/", "tests/user/keys_test.cpp"),
     "digests and signatures are made in one place each"),
    ("catch2/", ("tests/support/",), "support/catch.hpp hides which version it is"),
]
AT_MOST_ONE_FILE = "Poco/JWT/"


def confined_headers(root):
    """Heavy headers and those of outside libraries stand only where they are listed."""
    violations = []
    users_of_one = set()
    for path in files(root):
        for include in includes(root, path):
            for start, places, reason in CONFINED:
                if include.name.startswith(start) and not path.startswith(places):
                    violations.append(Violation(path, include.line, f"{include.name} belongs into {' or '.join(places)}: {reason}"))
            if include.name.startswith(AT_MOST_ONE_FILE):
                users_of_one.add(path)
                if len(users_of_one) > 1 and path == max(users_of_one):
                    violations.append(Violation(path, include.line, f"{include.name} stands in more than one file"))
    return sorted(violations)


def is_built(root, path):
    """Whether the nearest CMakeLists.txt names a .cpp, or takes all that there are."""
    parts = path.split("/")
    for depth in range(len(parts) - 1, 0, -1):
        place = "/".join(parts[:depth]) + "/CMakeLists.txt"
        if not (root / place).is_file() or not read(root / place).strip():
            continue
        if cmake_calls(root, place, "seamline_module") or "*.cpp" in read(root / place):
            return True
        if re.search(rf"(?<![\w/]){re.escape('/'.join(parts[depth:]))}(?![\w.])", read(root / place)):
            return True
    return False


def used_files(root):
    """Every .cpp is in a target, and every .hpp is included by another file."""
    paths = files(root)
    used = {resolve(root, path, include.name) for path in paths for include in includes(root, path)}
    violations = []
    for path in paths:
        if path.endswith(".cpp") and not is_built(root, path):
            violations.append(Violation(path, 1, "no CMakeLists.txt builds it"))
        if path.endswith(".hpp") and path not in used:
            violations.append(Violation(path, 1, "nobody includes it"))
    return sorted(violations)
