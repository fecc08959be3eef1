"""The README's sessions, run as they stand against the demo: each block of commands shows what the block behind it shows."""
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

import shop
from auditing import audit
from session import ROOT, blocks, make_checkout

README = (ROOT / "README.md").read_text(encoding="utf-8")
# The first session is that of any demo, the second one that of a demo that is split.
SESSION, _, SPLIT_SESSION = README.partition("## Split it\n")


class ReadmeTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="seamline-test-")
        self.addCleanup(folder.cleanup)
        self.checkout = make_checkout(folder.name, shop.binary())
        self.temporary = Path(folder.name) / "tmp"
        self.temporary.mkdir()

    def start(self, *flags):
        """Starts a demo on free ports. Returns the lines that set its addresses, by the variables' names."""
        demo = subprocess.Popen([shop.binary(), "demo", "--set", "listen=127.0.0.1:0", "--set", "admin=127.0.0.1:0", *flags],
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                env=shop.clean_environment(TMPDIR=str(self.temporary)))
        self.addCleanup(self.end, demo)
        printed = ""
        for line in demo.stdout:
            printed += line
            if line.startswith("Ctrl-C"):
                break
        return {"SHOP": "SHOP=" + re.search(r"API +(http://\S+)", printed)[1],
                "ADMIN": "ADMIN=" + re.search(r"Metrics +(http://\S+)/metrics", printed)[1]}

    def end(self, demo):
        """Audits the demo's stores, which it takes with it, and ends it."""
        stores = list(self.temporary.glob("**/order/0.db"))
        violations = [violation for store in stores for violation in audit(store.parents[1], live=True)]
        demo.terminate()
        self.assertEqual(0, demo.wait(shop.STOP_TIMEOUT_S))
        demo.stdout.close()
        self.assertEqual((violations, len(stores)), ([], 1))

    def check(self, session, addresses):
        """Runs a session's blocks. Variables live on from block to block, as in a terminal; what earlier blocks printed is dropped."""
        before = "set -euo pipefail\n"
        for block in blocks(session):
            commands = re.sub(r"^(SHOP|ADMIN)=.*$", lambda found: addresses[found[1]], block.commands, flags=re.MULTILINE)
            with self.subTest(line=block.line):
                done = subprocess.run(["bash", "-c", f"{{ {before}:; }} >/dev/null\n{commands}"], cwd=self.checkout, capture_output=True,
                                      text=True, timeout=60, check=False)
                self.assertEqual(0, done.returncode, done.stderr)
                if not block.is_printed_by(done.stdout):
                    self.assertEqual(block.plain(block.shown), block.plain(done.stdout))
            before += re.sub(r"^curl.*?[^\\]$\n?", "", commands, flags=re.MULTILINE | re.DOTALL)

    def test_every_block_shows_what_the_readme_shows(self):
        self.assertGreaterEqual(len(blocks(SESSION)), 3)
        self.check(SESSION, self.start())

    def test_a_split_shop_shows_the_same_and_where_its_module_runs(self):
        addresses = self.start("--split", "payment")
        self.check(SESSION, addresses)
        self.assertGreaterEqual(len(blocks(SPLIT_SESSION)), 1)
        self.check(SPLIT_SESSION, addresses)


if __name__ == "__main__":
    unittest.main()
