"""Documents that show a session in a shell: their blocks of commands, and whether these print what is shown.

A block ```sh holds commands. The block right behind it, of any other language, is what they print: `…` stands for whatever
differs from run to run (times, figures, ids), a line that is only `…` for any number of lines, and blanks are not counted."""
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"```sh\n(.*?)```\n(?:```\w+\n(.*?)```\n)?", re.DOTALL)


def blocks(text):
    """The blocks of a document: [(commands, shown, line)], where shown is empty if nothing is."""
    return [(found[1], found[2] or "", text.count("\n", 0, found.start()) + 1) for found in BLOCK.finditer(text)]


def pattern_of(shown):
    """What is shown, as a pattern for the whole of what is printed, both as without_extra_blanks() leaves them."""
    lines = [".*" if line == "…" else ".+?".join(re.escape(part) for part in line.split("…")).replace(".+?", "[^\n]+?")
             for line in without_extra_blanks(shown).split("\n")]
    return re.compile("\n".join(lines), re.DOTALL)


def without_extra_blanks(text):
    """Each line with one blank for many, and none at its ends."""
    return "\n".join(re.sub(r"[ \t]+", " ", line).strip() for line in text.strip().split("\n"))


def without_line_breaks(text):
    """For what is printed as one line, and shown as several."""
    return re.sub(r"\s*\n\s*", "", text.strip())


def make_checkout(folder, program):
    """What the commands find in a checkout with a build, at that folder: the program under test, and the configuration."""
    build = Path(folder) / "build" / "release"
    build.mkdir(parents=True)
    (build / "seamline").symlink_to(Path(program).resolve())
    (Path(folder) / "config").symlink_to(ROOT / "config")
    return Path(folder)
