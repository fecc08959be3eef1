"""A moment of a collection that changes while it is read: both auditors find nothing that was not so at any time."""
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "system"))

import auditor  # noqa: E402
from moving_documents import MovingServer  # noqa: E402
from shop import Shop  # noqa: E402
from two_audits import program_audit  # noqa: E402


class MomentTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="seamline-test-")
        cls.addClassCleanup(folder.cleanup)
        shop = Shop(Path(folder.name) / "data")
        cls.addClassCleanup(shop.close)
        shop.start()
        shop.stop()
        cls.data_dir = shop.data_dir

    def reports(self, moves):
        """Each auditor's, of a world of its own."""
        for audit_with in (auditor.audit, program_audit):
            with MovingServer(moves) as server:
                yield {check["code"]: check for check in audit_with(self.data_dir, live=True, config=server.config)["checks"]}

    def violated(self, report):
        return {code: check["examples"][:3] for code, check in report.items() if check["violations"]}

    def test_documents_that_change_while_they_are_read_are_of_one_moment(self):
        # The other modules have never heard of these orders: what is said of that, is said of a world that holds still, too.
        still, _ = self.reports(moves=0)
        self.assertFalse({"K1", "X1", "X6", "O1", "O2", "O4", "O6"} & set(self.violated(still)), self.violated(still))
        for moves in (1, 3):
            for report in self.reports(moves):
                with self.subTest(moves=moves):
                    self.assertEqual(set(self.violated(report)), set(self.violated(still)), self.violated(report))
                    self.assertGreater(report["X1"]["examined"], still["X1"]["examined"], "nothing moved")


if __name__ == "__main__":
    unittest.main()
