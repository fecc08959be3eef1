"""The README's curl session, run as it stands against the demo: each block of commands shows what the block behind it shows."""
import re
import subprocess
import unittest
from pathlib import Path

import shop

ROOT = Path(__file__).resolve().parents[2]
# A block of commands, and the block behind it with what they print, where there is one.
SESSION = re.compile(r"```sh\n(.*?)```\n(?:```json\n(.*?)```\n)?", re.DOTALL)


def pattern_of(shown):
    """What is shown, as a pattern: `…` stands for anything that differs from run to run."""
    return ".+?".join(re.escape(part) for part in shown.strip().split("…")) + r"\s*"


def without_line_breaks(text):
    return re.sub(r"\s*\n\s*", "", text.strip())


class ReadmeTest(unittest.TestCase):
    def setUp(self):
        self.demo = subprocess.Popen([shop.binary(), "demo", "--set", "listen=127.0.0.1:0", "--set", "admin=127.0.0.1:0"],
                                     stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=shop.clean_environment())
        self.addCleanup(self.end)
        printed = []
        for line in self.demo.stdout:
            printed.append(line)
            if line.startswith("Ctrl-C"):
                break
        self.url = re.search(r"API\s+(http://\S+)", "".join(printed))[1]

    def end(self):
        self.demo.terminate()
        self.assertEqual(0, self.demo.wait(shop.STOP_TIMEOUT_S))
        self.demo.stdout.close()

    def test_every_block_shows_what_the_readme_shows(self):
        session = SESSION.findall((ROOT / "README.md").read_text(encoding="utf-8"))
        self.assertGreaterEqual(len(session), 3)
        before = "set -euo pipefail\n"
        for commands, shown in session:
            commands = re.sub(r"^SHOP=.*$", f"SHOP={self.url}", commands, flags=re.MULTILINE)
            # Variables live on from block to block, as in a terminal; what earlier blocks printed is dropped.
            done = subprocess.run(["bash", "-c", f"{{ {before}:; }} >/dev/null\n{commands}"], capture_output=True, text=True, timeout=60,
                                  check=False)
            self.assertEqual(0, done.returncode, done.stderr)
            if shown:
                self.assertRegex(without_line_breaks(done.stdout), f"^{pattern_of(without_line_breaks(shown))}$")
            before += re.sub(r"^curl.*?[^\\]$\n?", "", commands, flags=re.MULTILINE | re.DOTALL)


if __name__ == "__main__":
    unittest.main()
