"""The folders: each thing has one place, and each module the same shape."""
from .project import Violation, cmake_calls, folders, modules, read

TOP_FOLDERS = {"src", "modules", "app", "migrations", "config", "tests", ".ci"}
TOP_FILES = {"CMakeLists.txt", "CMakePresets.json", "README.md", "LICENSE", ".gitignore", ".clang-format"}


def ignored(root):
    """What .gitignore leaves out at the top; .git may be a file, in a work tree of its own."""
    listed = read(root / ".gitignore").split() if (root / ".gitignore").is_file() else []
    return {line.strip("/") for line in listed} | {".git", "EXPECTED"}


def top_level(root):
    """Nothing stands at the top but the folders and files of the plan."""
    violations = []
    for path in sorted(root.iterdir()):
        allowed = TOP_FOLDERS if path.is_dir() else TOP_FILES
        if path.name not in allowed | ignored(root):
            violations.append(Violation(path.name, 1, "has no place at the top"))
    return violations


MODULE_FOLDERS = {"contract", "domain", "application", "storage"}
MODULE_FILES = {"README.md", "CMakeLists.txt", "module.hpp", "module.cpp"}


def module_shape(root):
    """Every module has the same files and folders."""
    violations = []
    for module in modules(root):
        here = root / "modules" / module
        contract = {f"contract/{module}/{name}.hpp" for name in ("operations", "events", "contract")}
        for name in sorted(MODULE_FILES | contract):
            if not (here / name).is_file():
                violations.append(Violation(f"modules/{module}/{name}", 1, "is missing"))
        for name in sorted(MODULE_FOLDERS):
            if not (here / name).is_dir():
                violations.append(Violation(f"modules/{module}/{name}", 1, "is missing"))
        for path in here.iterdir():
            if path.name not in (MODULE_FOLDERS if path.is_dir() else MODULE_FILES):
                violations.append(Violation(f"modules/{module}/{path.name}", 1, "is no part of a module's shape"))
        for path in (here / "contract").rglob("*"):
            relative = path.relative_to(here).as_posix()
            if path.is_file() and relative not in contract:
                violations.append(Violation(f"modules/{module}/{relative}", 1, "a contract has operations, events and contract, nothing else"))
        calls = cmake_calls(root, f"modules/{module}/CMakeLists.txt", "seamline_module")
        if (here / "CMakeLists.txt").is_file() and [words[0] for _, words in calls] != [module]:
            violations.append(Violation(f"modules/{module}/CMakeLists.txt", 1, f"needs one line seamline_module({module} ...)"))
    return sorted(violations)


def folders_are_built(root):
    """A folder with a CMakeLists.txt is added by the folder above it."""
    violations = []
    for top in ("src", "modules", "tests", "app"):
        for name in folders(root, top):
            if not (root / top / name / "CMakeLists.txt").is_file():
                continue
            above = root / top / "CMakeLists.txt"
            if not above.is_file() or name not in read(above).replace("(", " ").replace(")", " ").split():
                violations.append(Violation(f"{top}/{name}/CMakeLists.txt", 1, f"{top}/CMakeLists.txt does not add it"))
    return violations
