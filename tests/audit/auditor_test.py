"""The auditors, audited: each check says vacuous of an empty shop and is clean on a busy one, finds its kind of damage, and both agree."""
import os
import random
import shutil
import sqlite3
import tempfile
import unittest
from pathlib import Path

import auditor
from client_history import write_lines
from damages import HISTORIES, STORES, letter, random_damage
from page import invariants
from traffic import Shops
from two_audits import Disagreement, audit, differences

# What an empty shop has: stores, cursors that are wanted, its administrator, and the word of that.
EMPTY_SHOP_HAS = {"K1", "K2", "X1", "X2", "X8", "X9", "U1", "U2", "U3"}
RANDOM_DAMAGES = int(os.environ.get("SEAMLINE_RANDOM_DAMAGES", "100"))


def outcomes(report):
    return {check["code"]: check["outcome"] for check in report["checks"]}


class AuditorTest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="seamline-test-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        cls.shops = Shops(cls.folder)
        cls.lines = cls.shops.lines
        cls.history = write_lines(cls.folder / "history", cls.shops.lines)

    def copy(self, good):
        bad = self.folder / "bad"
        shutil.rmtree(bad, ignore_errors=True)
        shutil.copytree(good, bad)
        return bad

    def damaged(self, good, module, *statements):
        """A copy of a shop's stores with damage in one of them."""
        bad = self.copy(good)
        connection = sqlite3.connect(bad / module / "0.db", isolation_level=None)
        connection.execute("PRAGMA ignore_check_constraints = ON")
        connection.execute("PRAGMA synchronous = OFF")
        for statement in statements:
            changed = connection.execute(statement).rowcount
            self.assertNotEqual(changed, 0, f"the damage changed nothing: {statement}")
        connection.close()
        return bad

    def assert_violated(self, code, found):
        self.assertTrue(any(violation.startswith(f"{code}: ") for violation in found), f"not found: {found}")

    def test_every_invariant_of_the_page_has_a_check_and_damage_that_it_finds(self):
        codes = [invariant.code for invariant in invariants()]
        self.assertGreaterEqual(len(codes), 60)
        self.assertEqual(len(codes), len(set(codes)))
        self.assertEqual(set(codes), set(auditor.CHECKS))
        self.assertEqual(set(codes), {damage.code for damage in STORES} | {code for code, _ in HISTORIES})

    def test_of_an_empty_shop_nothing_is_proved(self):
        history = write_lines(self.folder / "nothing", [])
        self.assertEqual(audit(self.shops.empty, history=history), [])
        said = outcomes(auditor.audit(self.shops.empty, history=history))
        self.assertEqual({code for code, outcome in said.items() if outcome != "vacuous"}, EMPTY_SHOP_HAS)
        self.assertEqual({said[code] for code in EMPTY_SHOP_HAS}, {"holds"})

    def test_a_busy_shop_is_clean_and_between_quiet_and_under_way_every_check_has_something_to_examine(self):
        self.assertEqual(audit(self.shops.quiet), [])
        self.assertEqual(audit(self.shops.under_way, live=True, at_rest=True), [])
        held = {code for shop, live in ((self.shops.quiet, False), (self.shops.under_way, True))
                for code, outcome in outcomes(auditor.audit(shop, live)).items() if outcome == "holds"}
        wanted = {invariant.code for invariant in invariants() if not invariant.needs_history}
        self.assertEqual(wanted - held, {"X10"})

    def test_letters_that_wait_for_a_poisoned_one_are_in_order(self):
        shop = self.damaged(self.shops.under_way, "order", letter("poisoned", 1, "a"), letter("parked", 2, "a"), letter("parked", 3, "a"))
        self.assertEqual(audit(shop, live=True, at_rest=True), [])
        self.assertEqual(outcomes(auditor.audit(shop, live=True))["X10"], "holds")

    def test_what_clients_saw_is_clean(self):
        self.assertEqual(audit(self.shops.quiet, history=self.history), [])
        held = outcomes(auditor.audit(self.shops.quiet, history=self.history))
        self.assertEqual({held[invariant.code] for invariant in invariants() if invariant.needs_history}, {"holds"})

    def test_a_shop_with_sagas_under_way_is_not_quiet(self):
        found = audit(self.shops.under_way)
        for code in ("O8", "M18", "S8"):
            self.assert_violated(code, found)

    def test_every_kind_of_damage_to_stores_is_found_by_both(self):
        for damage in STORES:
            with self.subTest(code=damage.code, damage=damage.statements[-1]):
                bad = self.damaged(self.shops.under_way if damage.under_way else self.shops.quiet, damage.module, *damage.statements)
                self.assert_violated(damage.code, audit(bad, live=damage.under_way, at_rest=True))

    def test_both_agree_about_any_damage(self):
        seed = int(os.environ.get("SEAMLINE_TEST_SEED", random.SystemRandom().randrange(2**32)))
        print(f"{self.id()}: SEAMLINE_TEST_SEED={seed}", flush=True)
        source = random.Random(seed)
        for number in range(RANDOM_DAMAGES):
            under_way = source.random() < 0.5
            bad = self.copy(self.shops.under_way if under_way else self.shops.quiet)
            done = [random_damage(source, bad) for _ in range(source.choice((1, 1, 2)))]
            with self.subTest(number=number, damage=done):
                audit(bad, live=under_way and source.random() < 0.5, at_rest=True, history=None if under_way else self.history)

    def test_every_kind_of_damage_to_a_history_is_found_by_both(self):
        for number, (code, change) in enumerate(HISTORIES):
            with self.subTest(code=code, number=number):
                history = write_lines(self.folder / "changed", change(self.lines))
                self.assert_violated(code, audit(self.shops.quiet, history=history))

    def test_a_line_that_is_still_being_written_does_not_count(self):
        history = write_lines(self.folder / "growing", self.lines)
        with open(history, "a", encoding="utf-8") as file:
            file.write('{"attempt":')
        before = auditor.audit(self.shops.quiet, history=self.folder / "growing")["checks"]
        self.assertEqual([check["examined"] for check in before if check["code"] == "A2"], [len(self.lines)])
        audit(self.shops.quiet, history=history)

    def test_reports_that_differ_are_a_disagreement(self):
        ours = auditor.audit(self.shops.quiet)
        self.assertEqual(differences(ours, ours), [])
        for member, value in (("outcome", "violated"), ("examined", 10**6), ("holds", "quiet"), ("code", "Z1")):
            theirs = ours | {"checks": [ours["checks"][0] | {member: value}, *ours["checks"][1:]]}
            self.assertEqual(len(differences(ours, theirs)), 1, member)
        later = ours | {"checks": [ours["checks"][0] | {"examined": 10**6}, *ours["checks"][1:]]}
        self.assertEqual(differences(ours, later, at_rest=False), [])
        self.assertTrue(issubclass(Disagreement, AssertionError))

    def test_a_folder_without_stores_cannot_be_read(self):
        with self.assertRaises(auditor.CannotRead):
            audit(self.folder / "nowhere")


if __name__ == "__main__":
    unittest.main()
