"""The table in README.md has every block of the guide, and says of each how it runs, or that it is no code."""
import re
import unittest

from snippets import FOLDER, HERE, digest_of, text_of

ROW = re.compile(r"\| (\d+) \| ([^|]+) \| `([0-9a-f]{16})` \| (?:\[(\S+)\]\(snippets/(\S+)\) )?\| ([^|]+) \| (?:([^|]+) )?\| (?:\[(\S+)\]\((\S+)\) )?\|")
BLOCKS = 19


def rows():
    found = [ROW.fullmatch(line) for line in (HERE / "README.md").read_text(encoding="utf-8").splitlines() if re.match(r"\| \d+ \|", line)]
    assert all(found), "a row of the table cannot be read"
    return found


class GuideTest(unittest.TestCase):
    def test_every_block_is_listed_once_and_in_order(self):
        self.assertEqual([int(row[1]) for row in rows()], list(range(1, BLOCKS + 1)))
        self.assertEqual(len({row[3] for row in rows()}), BLOCKS, "no two blocks are the same")

    def test_every_block_is_code_that_runs_or_none(self):
        for row in rows():
            with self.subTest(block=row[1]):
                if row[5]:
                    self.assertTrue(row[6].startswith("runs as "), row[6])
                    self.assertTrue(row[7], "it has no result")
                    self.assertTrue(row[9] and (HERE / row[9]).is_file(), "its test is not there")
                else:
                    self.assertTrue(row[6].startswith("not code that runs: "), row[6])
                    self.assertIsNone(row[9])

    def test_every_block_of_code_is_as_the_guide_has_it(self):
        for row in rows():
            if row[5]:
                with self.subTest(block=row[1]):
                    self.assertEqual(digest_of(row[5]), row[3])
                    self.assertEqual(int(row[5][:2]), int(row[1]))
        self.assertEqual(sorted(row[5] for row in rows() if row[5]), sorted(path.name for path in FOLDER.iterdir()))

    def test_every_test_is_run_and_uses_its_block(self):
        run = (HERE / "CMakeLists.txt").read_text(encoding="utf-8")
        sources = "".join(path.read_text(encoding="utf-8") for path in HERE.glob("*.py"))
        for row in rows():
            if row[5]:
                with self.subTest(block=row[1]):
                    self.assertIn(row[9], run)
                    self.assertIn(f'"{row[5]}"', sources)

    def test_the_registration_is_the_block_with_an_import_more(self):
        self.assertEqual(self.from_first_function((HERE / "registration/registration.go").read_text(encoding="utf-8")),
                         self.from_first_function(text_of("12_service_discovery.go")))

    @staticmethod
    def from_first_function(source):
        return source[source.index("func "):]


if __name__ == "__main__":
    unittest.main()
