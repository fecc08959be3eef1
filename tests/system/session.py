"""Documents that show a session in a shell: their blocks of commands, and whether these print what is shown.

A block ```sh holds commands. The block right behind it, of another language, is what they print: `…` stands for whatever differs
from run to run (times, figures, ids), and a line that is only `…` for any number of lines. Blanks count once. In a block ```json
line breaks do not count: what is printed as one line is shown as several."""
import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"```sh\n(?P<commands>.*?)```\n(?:```(?P<language>\w+)\n(?P<shown>.*?)```\n)?", re.DOTALL)


class Block(NamedTuple):
    line: int
    commands: str
    # Empty where nothing is.
    shown: str
    language: str

    def plain(self, text):
        """A text as it is compared."""
        if self.language == "json":
            return re.sub(r"\s*\n\s*", "", text.strip())
        return "\n".join(re.sub(r"[ \t]+", " ", line).strip() for line in text.strip().split("\n"))

    def is_printed_by(self, printed):
        """Whether that is what is shown, or nothing is."""
        pattern = "\n".join(".*" if line == "…" else "[^\n]+?".join(re.escape(part) for part in line.split("…"))
                            for line in self.plain(self.shown).split("\n"))
        return not self.shown or re.fullmatch(pattern, self.plain(printed), re.DOTALL) is not None


def blocks(text):
    """The blocks of a document, in their order."""
    return [Block(text.count("\n", 0, found.start()) + 1, found["commands"], found["shown"] or "", found["language"] or "")
            for found in BLOCK.finditer(text)]


def make_checkout(folder, program):
    """Makes what the commands find in a checkout with a build: the program under test, and the configuration."""
    build = Path(folder) / "build" / "release"
    build.mkdir(parents=True)
    (build / "seamline").symlink_to(Path(program).resolve())
    (Path(folder) / "config").symlink_to(ROOT / "config")
    return Path(folder)
