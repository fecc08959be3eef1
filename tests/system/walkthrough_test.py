"""migrations/README.md, run from its first command to its last in one shell: each block prints what the page shows behind it.

The commands run as they stand, with an audit before the last of them, and on free ports: each of the usual ports is replaced in them
by a free one, and back in what they print. What else may differ is marked in the page itself; see session.py."""
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import auditing
import shop
from session import ROOT, blocks, make_checkout
from split import free_ports

PAGE = ROOT / "migrations" / "README.md"
USUAL_PORTS = ("8080", "8081", "8090", "8091", "8101", "8102", "8103", "8104", "8194")
TIMEOUT_S = 100
BOTH_CLEAN = "both auditors: clean\n"
END_OF_BLOCK = "--- end of block {} ---"


class WalkthroughTest(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="seamline-test-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.checkout = make_checkout(self.folder / "checkout", shop.binary())
        (self.folder / "tmp").mkdir()
        self.ports = dict(zip(USUAL_PORTS, map(str, free_ports(len(USUAL_PORTS)))))

    def with_ports(self, text, ports):
        return re.sub(r"\b(" + "|".join(ports) + r")\b", lambda found: ports[found[1]], text)

    def run_in_one_shell(self, commands):
        """Runs all commands one after the other, and ends whatever they left running. Returns all that was printed."""
        script, printed = self.folder / "session.sh", self.folder / "printed"
        script.write_text("set -eu\n" + "".join(f"{block}\necho '{END_OF_BLOCK.format(number)}'\n" for number, block in
                                                          enumerate(commands)), encoding="utf-8")
        with open(printed, "wb") as output:
            # A session of its own: all that it starts is in its process group, which has its id.
            shell = subprocess.Popen(["bash", str(script)], cwd=self.checkout, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                     env=shop.clean_environment(TMPDIR=str(self.folder / "tmp")), start_new_session=True)
            try:
                shell.wait(TIMEOUT_S)
            except subprocess.TimeoutExpired:
                pass
            self.left_running = self.end(shell)
        return printed.read_text(encoding="utf-8", errors="replace")

    def end(self, shell):
        """Kills what is left of the shell's process group. Returns whether anything was."""
        try:
            os.killpg(shell.pid, signal.SIGKILL)
        except ProcessLookupError:
            return False
        finally:
            shell.wait(shop.STOP_TIMEOUT_S)
        return True

    def logs(self):
        return "".join(f"--- {path.name} ---\n{path.read_text(errors='replace')[-2000:]}" for path in (self.folder / "tmp").glob("*/*.log"))

    def audit(self):
        """What is added to the page before its last block, which takes the shop away: both auditors over the stores that it has made."""
        return f"SEAMLINE_BINARY='{shop.binary()}' '{sys.executable}' -B '{auditing.TWO_AUDITS}' --wait 20 data\n"

    def test_every_block_prints_what_the_page_shows(self):
        session = blocks(PAGE.read_text(encoding="utf-8"))
        self.assertGreaterEqual(len(session), 15)
        *most, last = [self.with_ports(block.commands, self.ports) for block in session]
        printed = self.run_in_one_shell([*most, self.audit() + last])
        self.assertEqual(printed.count(BOTH_CLEAN), 1, f"the audits of what the page has made:\n{printed[-3000:]}")
        printed = printed.replace(BOTH_CLEAN, "")
        back = {port: usual for usual, port in self.ports.items()}
        for number, block in enumerate(session):
            mine, end, printed = printed.partition(END_OF_BLOCK.format(number) + "\n")
            with self.subTest(line=block.line):
                self.assertTrue(end, f"the block failed, or did not end within {TIMEOUT_S} s:\n{mine[-3000:]}\n{self.logs()}")
                mine = self.with_ports(mine, back)
                if not block.is_printed_by(mine):
                    self.assertEqual(block.plain(block.shown), block.plain(mine))
            if not end:
                break
        self.assertFalse(self.left_running, "the page starts processes that it does not stop")
        self.assertEqual(list((self.folder / "tmp").iterdir()), [], "the page leaves files behind")


if __name__ == "__main__":
    unittest.main()
