"""The command `seamline audit`: what it says and how it ends. What it finds is tested in tests/app and tests/audit."""
import json
import shutil
import sqlite3
import unittest

from shop import ShopTest, run

OK, FAILED, USAGE, PROBLEMS_FOUND = 0, 1, 2, 3


class AuditCommandTest(ShopTest):
    """Over the stores of a shop that has sold something and was stopped."""

    def setUp(self):
        super().setUp()
        shop = self.shop(security__auth="off").start()
        order = {"user_id": shop.add_user(), "items": [{"product_id": shop.add_product(), "quantity": 1}]}
        self.assertEqual(shop.post("/orders", order, Prefer="wait=10").json()["status"], "confirmed")
        shop.stop()
        self.data_dir = shop.data_dir

    def audit(self, *arguments):
        return run("audit", "--data-dir", str(self.data_dir), *arguments)

    def test_a_sound_shop_is_clean_and_every_group_is_shown(self):
        result = self.audit()
        self.assertEqual((result.returncode, result.stderr), (OK, ""), result)
        for title in ("Stores and logs", "Orders", "Money", "Stock", "The saga", "Users"):
            self.assertIn(f"\n{title}\nCODE", "\n" + result.stdout)
        self.assertRegex(result.stdout, r"\n\d+ rows against \d+ invariants in \d+\.\d s: \d+ hold, \d+ had nothing to examine, "
                                        r"0 are violated\.\n$")

    def test_what_is_violated_is_named_with_examples_and_by_the_exit_code(self):
        self.leave_unaudited("an address is spoilt on purpose")
        store = sqlite3.connect(self.data_dir / "user" / "0.db")
        store.execute("UPDATE users SET email = ' ' || email")
        store.commit()
        store.close()
        result = self.audit()
        self.assertEqual(result.returncode, PROBLEMS_FOUND, result)
        self.assertRegex(result.stdout, r"\nU1 is violated \d times:\n  user \S+: the address is not in its normal form\n")
        report = json.loads(self.audit("--json").stdout)
        self.assertEqual([check["code"] for check in report["checks"] if check["outcome"] == "violated"], ["U1"])
        self.assertFalse(report["clean"])

    def test_a_shop_at_work_is_only_held_against_what_holds_at_any_moment(self):
        report = json.loads(self.audit("--json", "--live").stdout)
        self.assertEqual(report["mode"], "live")
        self.assertEqual({check["holds"] for check in report["checks"]}, {"always"})

    def test_a_store_that_is_elsewhere_is_asked_for_and_may_be_named(self):
        elsewhere = self.folder / "another machine" / "stock"
        elsewhere.parent.mkdir()
        shutil.move(self.data_dir / "inventory", elsewhere)
        missing = self.audit()
        self.assertEqual((missing.returncode, missing.stdout), (FAILED, ""))
        self.assertIn("no store of inventory", missing.stderr)
        self.assertIn("--store inventory=FOLDER", missing.stderr)
        self.assertEqual(self.audit("--store", f"inventory={elsewhere}").returncode, OK)

    def test_what_it_is_not_told_rightly_it_does_not_guess(self):
        for arguments in (("--store", "inventory"), ("--store", "shelf=data"), ("--set", "data_dri=data"), ("--no-such-flag",)):
            with self.subTest(arguments):
                result = self.audit(*arguments)
                self.assertEqual((result.returncode, result.stdout), (USAGE, ""), result)

    def test_a_history_that_is_not_there_cannot_be_read(self):
        result = self.audit("--history", str(self.folder / "none"))
        self.assertEqual(result.returncode, FAILED, result)
        self.assertIn("none cannot be opened", result.stderr)


if __name__ == "__main__":
    unittest.main()
