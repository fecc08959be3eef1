"""Reads a source tree: its files, its C++ without comments, its CMake calls and its includes."""
import os
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

FIXTURES = "tests/architecture/fixtures"
LEFT_OUT = {".git", "build", "data", "node_modules", "__pycache__", "EXPECTED"}
CODE = (".hpp", ".cpp")


@dataclass(frozen=True, order=True)
class Violation:
    path: str
    line: int
    message: str

    def __str__(self):
        return f"{self.path}:{self.line}: {self.message}"


def files(root, *tops, suffixes=CODE):
    """The files under the given folders (all of them without any), as paths relative to the root, in order."""
    found = []
    for top in tops or (".",):
        for folder, subfolders, names in os.walk(root / top):
            here = Path(folder).relative_to(root)
            subfolders[:] = [name for name in subfolders
                             if name not in LEFT_OUT and not (here / name).as_posix().startswith(FIXTURES)]
            found += [(here / name).as_posix() for name in names
                      if name not in LEFT_OUT and (suffixes is None or name.endswith(suffixes))]
    return sorted(found)


def folders(root, top):
    """The names of the folders right under `top`, in order."""
    parent = root / top
    return sorted(path.name for path in parent.iterdir() if path.is_dir() and path.name not in LEFT_OUT) if parent.is_dir() else []


def modules(root):
    return [name for name in folders(root, "modules")]


@lru_cache(maxsize=None)
def read(path):
    return path.read_text(encoding="utf-8")


def lines(root, path):
    return read(root / path).splitlines()


TOKENS = re.compile(
    r"""//[^\n]*|/\*.*?\*/|R"(?P<mark>[^(\s]*)\(.*?\)(?P=mark)"|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n]){1,6}'""", re.DOTALL)


def blank(text):
    return re.sub(r"[^\n]", " ", text)


@lru_cache(maxsize=None)
def without_comments(path):
    """C++ with its comments blanked; every line stays where it is."""
    return TOKENS.sub(lambda token: blank(token[0]) if token[0].startswith("/") else token[0], read(path))


@lru_cache(maxsize=None)
def code_only(path):
    """C++ with comments and the insides of literals blanked; every line stays where it is."""
    def shell(token):
        return blank(token[0]) if token[0].startswith("/") else '"' + blank(token[0][1:-1]) + '"'
    return TOKENS.sub(shell, read(path))


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


@dataclass(frozen=True)
class Include:
    line: int
    name: str
    is_quoted: bool


def includes(root, path):
    found = []
    for number, line in enumerate(without_comments(root / path).splitlines(), 1):
        match = re.match(r'\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)', line)
        if match:
            found.append(Include(number, match[1] or match[2], match[1] is not None))
    return found


def resolve(root, path, name):
    """The file of the project that `#include "name"` in `path` means; None where it is no file of the project."""
    parts = path.split("/")
    own = "/".join(parts[:2])
    first = name.split("/")[0]
    places = [f"{'/'.join(parts[:-1])}/{name}", f"{own}/{name}", f"{own}/contract/{name}", f"src/{name}",
              f"modules/{first}/contract/{name}", f"modules/{name}", f"tests/{name}", f"app/{name}", name]
    return next((place for place in places if (root / place).is_file()), None)


def cmake_calls(root, path, function):
    """The calls of a CMake function in a file: (line, words), comments left out."""
    if not (root / path).is_file():
        return []
    text = re.sub(r"#[^\n]*", lambda comment: blank(comment[0]), read(root / path))
    return [(line_of(text, match.start()), match[1].split())
            for match in re.finditer(rf"(?<![\w-]){function}\s*\(([^)]*)\)", text)]


def words_after(words, keyword, keywords):
    """The words of one keyword argument of a CMake call."""
    if keyword not in words:
        return []
    rest = words[words.index(keyword) + 1:]
    return rest[:next((i for i, word in enumerate(rest) if word in keywords), len(rest))]


@dataclass(frozen=True)
class Layer:
    line: int
    sources: tuple
    depends: tuple


def layers(root):
    """The folders of the kernel by name, as their CMakeLists.txt declare them."""
    found = {}
    for name in folders(root, "src"):
        for line, words in cmake_calls(root, f"src/{name}/CMakeLists.txt", "seamline_library"):
            keywords = ("SOURCES", "DEPENDS")
            depends = [word.removeprefix("seamline_") for word in words_after(words, "DEPENDS", keywords) if word.startswith("seamline_")]
            found[words[0]] = Layer(line, tuple(words_after(words, "SOURCES", keywords)), tuple(depends))
    return found


@dataclass(frozen=True)
class Edges:
    line: int
    calls: tuple
    hears: tuple


def edges(root):
    """What each module's CMakeLists.txt says that it calls and hears."""
    found = {}
    for name in modules(root):
        for line, words in cmake_calls(root, f"modules/{name}/CMakeLists.txt", "seamline_module"):
            keywords = ("CALLS", "HEARS", "DEPENDS")
            found[name] = Edges(line, tuple(words_after(words, "CALLS", keywords)), tuple(words_after(words, "HEARS", keywords)))
    return found
