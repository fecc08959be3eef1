"""The auditors over stores on a server: each finds there what it finds in files, and both agree, while orders flow too."""
import subprocess
import sys
import tempfile
import unittest
from contextlib import contextmanager
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path += [str(TESTS / folder) for folder in ("system", "support", "servers")]

import auditor  # noqa: E402
from cut import MODULES  # noqa: E402
from damages import STORES  # noqa: E402
from mongodb import Collection  # noqa: E402
from postgres_server import PostgresServer  # noqa: E402
from quiet import wait_until_quiet  # noqa: E402
from servers import Ferret  # noqa: E402
from shop import Shop, binary, clean_environment, poll_until  # noqa: E402
from traffic import ORDERS, Client, Shops  # noqa: E402
from two_audits import audit  # noqa: E402

# Of these the first damage of files that PostgreSQL can run as well.
REPRESENTATIVE = ("K2", "X1", "X2", "X3", "X6", "X8", "I2", "O1", "O4", "U4", "M1", "M7", "M9", "M14", "M16", "S1", "S4", "S10", "S12",
                  "G1", "G3", "G6", "U1", "U3")
SQLITES_OWN = ("PRAGMA", "json_", "zeroblob", "x'")
BY_KEY = "'receipts_pkey'::regclass"


class AuditTest(unittest.TestCase):
    maxDiff = None

    def assert_violated(self, code, found):
        self.assertTrue(any(violation.startswith(f"{code}: ") for violation in found), f"{code} is not found: {found}")


class PostgresAuditTest(AuditTest):
    """A quiet shop's files, copied into a database; each test damages a copy of that."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="seamline-test-")
        cls.addClassCleanup(folder.cleanup)
        cls.shops = Shops(Path(folder.name))
        cls.server = PostgresServer().start()
        cls.addClassCleanup(cls.server.close)
        for database in ("quiet", "under_way"):
            cls.server.query(f"CREATE DATABASE {database}")
            for module in MODULES:
                subprocess.run([binary(), "db", "copy", module, "--set", f"data_dir={getattr(cls.shops, database)}",
                                "--to", cls.url(database)], check=True, capture_output=True, env=clean_environment())
        # For many copies, of which none is to outlive a power cut. A shop would not write to such a server.
        cls.server.query("ALTER SYSTEM SET fsync = off")
        cls.server.query("SELECT pg_reload_conf()")

    @classmethod
    def url(cls, database):
        return cls.server.url.rsplit("/", 1)[0] + "/" + database

    def config(self, database):
        return {f"storage.{module}.{key}": value for module in MODULES
                for key, value in (("kind", "postgres"), ("url", self.url(database)))}

    def damaged(self, good, module, *statements):
        """The configuration of a copy of a shop's database, with damage in one schema."""
        self.server.query("DROP DATABASE IF EXISTS bad")
        self.server.query(f"CREATE DATABASE bad TEMPLATE {good}")
        for statement in statements:
            subprocess.run([self.server.programs / "psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", self.url("bad"), "-c",
                            f"SET search_path TO seamline_{module}", "-c", statement], check=True, capture_output=True, text=True)
        return self.config("bad")

    def test_a_sound_shop_is_clean_and_says_the_same_as_in_files(self):
        for shop, live in (("quiet", False), ("under_way", True)):
            data_dir = getattr(self.shops, shop)
            self.assertEqual(audit("nowhere", live=live, at_rest=True, config=self.config(shop)), [])
            self.assertEqual(auditor.audit("nowhere", live, config=self.config(shop)), auditor.audit(data_dir, live))

    def test_damage_to_rows_is_found_by_both(self):
        for code in REPRESENTATIVE:
            damage = next(damage for damage in STORES if damage.code == code
                          and not any(word in statement for word in SQLITES_OWN for statement in damage.statements))
            with self.subTest(code=code, damage=damage.statements[-1]):
                config = self.damaged("under_way" if damage.under_way else "quiet", damage.module, *damage.statements)
                self.assert_violated(code, audit("nowhere", live=damage.under_way, at_rest=True, config=config))

    def test_a_table_without_its_key_or_with_rows_that_its_key_does_not_know_is_unsound(self):
        for statements in (("ALTER TABLE receipts DROP CONSTRAINT receipts_pkey",),
                           # The row is written while the server believes that the index is not ready for any.
                           (f"UPDATE pg_index SET indisready = false WHERE indexrelid = {BY_KEY}",
                            "INSERT INTO receipts VALUES ('kafka orders', 1, 0)",
                            f"UPDATE pg_index SET indisready = true WHERE indexrelid = {BY_KEY}")):
            with self.subTest(statements[0]):
                found = audit("nowhere", config=self.damaged("quiet", "order", *statements))
                self.assertEqual({violation.split(":")[0] for violation in found}, {"K1"}, found)

    def test_a_schema_that_is_not_there_cannot_be_read(self):
        with self.assertRaises(auditor.CannotRead):
            audit("nowhere", config=self.damaged("quiet", "user", "DROP SCHEMA seamline_user CASCADE"))


def without_an_entry(document):
    return document | {"log": document["log"][1:]}


def with_another_body(**members):
    return lambda document: document | {"body": document["body"] | members}


def with_a_dead_letter(document):
    letter = {"publisher": "payment", "seq": 3, "state": "parked", "reason": "a test", "epoch": 1, "type": "x", "at_ms": 0, "trace": "",
              "payload": "", "hash": bytes(32)}
    return document | {"dead_letters": [letter]}


def forgotten(_):
    return None


# The code of what is broken first of all, the document that is damaged (a part of its id, or the status of its order), and how.
DAMAGES = (
    ("K1", "confirmed", with_another_body(version="three")),
    ("K1", "confirmed", lambda document: document | {"log": "none"}),
    ("K1", "cursor/payment", with_another_body(hash="none")),
    ("K2", "ownership", forgotten),
    ("K2", "ownership", with_another_body(epoch=0)),
    ("X1", "confirmed", without_an_entry),
    ("X1", "confirmed", lambda document: document | {"log": [document["log"][0] | {"payload": "{}"}, *document["log"][1:]]}),
    ("X1", "confirmed", forgotten),
    ("X2", "cursor/payment", forgotten),
    ("X3", "cursor/payment", with_another_body(hash=bytes(32))),
    ("X6", "cursor/payment", lambda _: {"_id": "receipt/kafka orders", "body": {"seq": 1000, "at_ms": 0}}),
    ("X10", "confirmed", with_a_dead_letter),
    ("I1", "confirmed", lambda document: document | {"answers": document["answers"] * 2}),
    ("O1", "confirmed", with_another_body(version=9)),
    ("O2", "confirmed", with_another_body(total_minor=1)),
    ("M10", "confirmed", with_another_body(total_minor=1)),
    ("O3", "confirmed", lambda document: with_another_body(events=document["body"]["events"][1:])(document)),
    ("O6", "pending", lambda document: document | {"timers": []}),
    ("U4", "confirmed", with_another_body(user_id="nobody")),
    ("G1", "confirmed", with_another_body(status="cancelled")),
)


class MongodbAuditTest(AuditTest):
    """A shop that keeps its orders in documents."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="seamline-test-")
        cls.addClassCleanup(folder.cleanup)
        cls.server = Ferret()
        cls.addClassCleanup(cls.server.close)
        cls.config = {"storage.order.kind": "mongodb", "storage.order.url": cls.server.details["url"] + "/orders"}
        cls.shop = Shop(Path(folder.name) / "data", events__poll_ms=20, events__receipt_ms=20,
                        **{name.replace(".", "__"): value for name, value in cls.config.items()})
        cls.addClassCleanup(cls.shop.close)
        cls.shop.start()
        cls.user = cls.shop.add_user()
        for product_id, stock in (("p1", 100), ("p2", 50), ("scarce", 1)):
            cls.shop.add_product(product_id, stock=stock)
        client = Client(cls.shop)
        for number, order in enumerate(ORDERS):
            client.place(cls.user, *order, f"key-{number}")
        client.post("/orders/drafts", {"user_id": cls.user}, "draft")
        wait_until_quiet(cls.shop.data_dir, 60, config=cls.config)
        cls.shop.stop()
        cls.collection = Collection(cls.config["storage.order.url"], "order")
        cls.addClassCleanup(cls.collection.close)
        cls.documents = list(cls.collection.find({}))

    @contextmanager
    def damage(self, which, change):
        """Changes the first such document, or makes another one of it, until the end of the `with`."""
        good = next(document for document in self.documents
                    if which in document["_id"] or document.get("body", {}).get("status") == which)
        bad = change(good)
        if bad is None:
            self.collection.remove(good)
        else:
            self.collection.put(bad)
        try:
            yield
        finally:
            if bad and bad["_id"] != good["_id"]:
                self.collection.remove(bad)
            self.collection.put(good)

    def test_a_sound_shop_is_clean_and_its_orders_are_examined(self):
        self.assertEqual(audit(self.shop.data_dir, config=self.config), [])
        examined = {check["code"]: check["examined"] for check in auditor.audit(self.shop.data_dir, config=self.config)["checks"]}
        self.assertEqual(examined["K1"], 4)
        self.assertEqual(examined["O1"], len(ORDERS) + 1)

    def test_damage_to_documents_is_found_by_both(self):
        for number, (code, which, change) in enumerate(DAMAGES):
            with self.subTest(code=code, number=number):
                with self.damage(which, change):
                    self.assert_violated(code, audit(self.shop.data_dir, config=self.config))
        self.assertEqual(audit(self.shop.data_dir, config=self.config), [])


class LiveAudits:
    """Both auditors, again and again, while orders flow."""
    SECONDS = 12

    def look_while_orders_flow(self, config, rate):
        folder = tempfile.TemporaryDirectory(prefix="seamline-test-")
        self.addCleanup(folder.cleanup)
        shop = Shop(Path(folder.name) / "data", events__poll_ms=20, events__receipt_ms=20, modules__payment__retry_ms=20,
                    **{name.replace(".", "__"): value for name, value in config.items()})
        self.addCleanup(shop.close)
        shop.start()
        history = Path(folder.name) / "history"
        load = subprocess.Popen([binary(), "load", "--url", shop.url, "--history", history, "--rate", str(rate), "--seconds",
                                 str(self.SECONDS), "--in-flight", "8", "--tokens", "tok_ok=8,tok_declined=1,tok_timeout=1"],
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=clean_environment())
        self.addCleanup(load.communicate)
        self.addCleanup(load.kill)
        poll_until(lambda: history.exists() and history.stat().st_size > 0, 60, "the first order is placed")
        looks = 0
        while load.poll() is None:
            self.assertEqual(audit(shop.data_dir, live=True, history=history, config=config), [])
            looks += 1
        self.assertEqual(load.returncode, 0, load.stdout.read())
        self.assertGreater(looks, 1)
        wait_until_quiet(shop.data_dir, 60, config=config)
        self.assertEqual(audit(shop.data_dir, history=history, at_rest=False, config=config), [])
        return auditor.audit(shop.data_dir, config=config), looks

    def assert_load(self, report, looks):
        orders = {check["code"]: check["examined"] for check in report["checks"]}["O1"]
        print(f"{looks} looks at {orders} orders")
        self.assertGreater(orders, 20, "the load was no test")


class PostgresLiveTest(LiveAudits, unittest.TestCase):
    def test_while_orders_flow_nothing_is_found(self):
        server = PostgresServer().start()
        self.addCleanup(server.close)
        config = {f"storage.{module}.{key}": value for module in MODULES for key, value in (("kind", "postgres"), ("url", server.url))}
        self.assert_load(*self.look_while_orders_flow(config, 40))


class MongodbLiveTest(LiveAudits, unittest.TestCase):
    def test_while_orders_flow_nothing_is_found(self):
        server = Ferret()
        self.addCleanup(server.close)
        config = {"storage.order.kind": "mongodb", "storage.order.url": server.details["url"] + "/orders"}
        self.assert_load(*self.look_while_orders_flow(config, 20))


if __name__ == "__main__":
    unittest.main()
