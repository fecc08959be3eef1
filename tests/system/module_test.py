"""seamline module list and set: what a running shop says of its modules, and how its configuration file is edited."""
import json
import os
import stat
import unittest

from shop import ShopTest, clean_environment, poll_until, run
from split import SplitTest, free_ports

OK, FAILED, USAGE, UNREACHABLE = 0, 1, 2, 4
MODULES = ["inventory", "order", "payment", "user"]


def place_orders(shop, count):
    """Places orders, and waits until every one has ended."""
    user, product = shop.add_user(), shop.add_product()
    client = shop.client()
    for _ in range(count):
        reply = client.request("POST", "/orders", {"items": [{"product_id": product, "quantity": 1}], "user_id": user})
        assert reply.status == 201, reply
    client.close()
    poll_until(lambda: shop.counts()["confirmed"] == count, 30, "all orders are confirmed")


class ListTest(ShopTest):
    def setUp(self):
        super().setUp()
        self.running = self.shop().start()

    def list(self, *arguments):
        return run("module", "list", "--admin", self.running.admin_url, *arguments)

    def test_a_monolith_shows_its_modules_and_every_edge_with_what_it_measured(self):
        place_orders(self.running, 20)
        result = self.list("--json", "--sample", "0")
        self.assertEqual((result.returncode, result.stderr), (OK, ""), result)
        shown = json.loads(result.stdout)
        modules = {module["module"]: module for module in shown["modules"]}
        self.assertEqual(sorted(modules), MODULES)
        self.assertEqual({(module["placement"], module["health"], module["breaker"]) for module in modules.values()}, {("local", "pass", None)})
        edges = {(edge["caller"], edge["callee"]): edge for edge in shown["edges"]}
        self.assertEqual((edges["order", "user"]["calls"], edges["order", "inventory"]["calls"]), (20, 20))
        placing = {operation["operation"]: operation for operation in edges["gateway", "order"]["operations"]}["order.place_order"]
        self.assertEqual((placing["calls"], placing["errors"]), (20, 0))
        self.assertGreater(placing["p99_us"], 0)
        self.assertGreater(edges["gateway", "order"]["calls_per_s"], 0)
        self.assertEqual(modules["payment"]["log_head"], 20)
        self.assertGreaterEqual(modules["order"]["transactions"], 20)

    def test_in_the_end_nobody_is_behind(self):
        place_orders(self.running, 5)

        def behind():
            return [module["events_behind"] for module in json.loads(self.list("--json", "--sample", "0").stdout)["modules"]]
        poll_until(lambda: behind() == [0, 0, 0, 0], 30, "every event is applied", every_s=0.1)

    def test_the_tables_are_for_people(self):
        place_orders(self.running, 3)
        result = self.list("--sample", "0")
        self.assertEqual((result.returncode, result.stderr), (OK, ""), result)
        modules, edges = (table.splitlines() for table in result.stdout.split("\n\n"))
        self.assertEqual(modules[0].split(), ["MODULE", "PLACEMENT", "ADDRESS", "HEALTH", "BREAKER", "EVENTS", "BEHIND"])
        self.assertEqual(sorted(line.split()[0] for line in modules[1:]), MODULES)
        self.assertEqual({line.index("local") for line in modules[1:]}, {modules[0].index("PLACEMENT")}, "columns stand under each other")
        self.assertEqual(edges[0].split(), ["CALLER", "->", "CALLEE", "PLACEMENT", "CALLS/S", "P50", "MS", "P99", "MS", "ERRORS"])
        self.assertEqual(len({len(line) for line in edges}), 1, "numbers are aligned to the right")

    def test_a_sample_counts_only_the_calls_that_are_made_in_it(self):
        place_orders(self.running, 10)
        shown = json.loads(self.list("--json", "--sample", "100").stdout)
        self.assertEqual(shown["sample_ms"], 100)
        self.assertEqual({(edge["caller"], edge["callee"], edge["calls_per_s"]) for edge in shown["edges"] if edge["caller"] == "order"},
                         {("order", "user", 0), ("order", "inventory", 0)})

    def test_the_configuration_says_where_the_shop_is(self):
        path = self.folder / "shop.json"
        path.write_text(json.dumps({"admin": self.running.admin_url.removeprefix("http://")}))
        self.assertEqual(run("module", "list", "--sample", "0", "--config", str(path)).returncode, OK)
        path.write_text('{"admin": "127.0.0.1:0"}')
        result = run("module", "list", "--config", str(path))
        self.assertEqual(result.returncode, USAGE)
        self.assertIn("--admin", result.stderr)

    def test_a_shop_that_does_not_answer_is_said_with_what_to_do(self):
        address = self.running.admin_url
        self.running.stop()
        for command in (("module", "list"), ("advise",)):
            result = run(*command, "--admin", address)
            self.assertEqual((result.returncode, result.stdout), (UNREACHABLE, ""), result)
            self.assertIn(address, result.stderr)
            self.assertIn("seamline serve", result.stderr)

    def test_a_listener_that_is_not_the_admin_listener_is_told_from_one(self):
        result = run("module", "list", "--admin", self.running.url)
        self.assertEqual((result.returncode, result.stdout), (FAILED, ""), result)
        self.assertTrue(result.stderr)


class SplitListTest(SplitTest):
    def list(self, shop, *arguments):
        return run("module", "list", "--admin", shop.admin_url, "--set", f"data_dir={shop.data_dir}", "--sample", "0", *arguments)

    def listed(self, shop):
        result = self.list(shop, "--json")
        self.assertEqual(result.returncode, OK, result)
        return {module["module"]: module for module in json.loads(result.stdout)["modules"]}

    def test_a_service_is_shown_with_its_address_its_breaker_and_its_own_figures(self):
        shop = self.split({"payment", "user"}).start()
        place_orders(shop, 10)
        poll_until(lambda: {module["events_behind"] for module in self.listed(shop).values()} == {0}, 30, "every event is applied", every_s=0.1)
        result = self.list(shop, "--json")
        self.assertEqual(result.stderr, "", "nothing is missing")
        modules = self.listed(shop)
        for name, module in modules.items():
            self.assertEqual((module["placement"], module["breaker"], module["health"], module["url"]),
                             (("remote", "closed") if name in shop.services else ("local", None)) + ("pass", shop.urls[name]))
        self.assertEqual(modules["payment"]["log_head"], 10)
        self.assertGreaterEqual(modules["payment"]["transactions"], 1)
        edges = {(edge["caller"], edge["callee"]): edge for edge in json.loads(result.stdout)["edges"]}
        self.assertEqual((edges["order", "user"]["placement"], edges["order", "user"]["calls"]), ("remote", 10))

    def test_a_service_whose_data_dir_is_another_is_found_at_its_configured_admin_address(self):
        admin = f"127.0.0.1:{free_ports(1)[0]}"
        shop = self.split({"payment"}, modules__payment__admin=admin).start()
        elsewhere = ("--set", f"data_dir={self.folder / 'elsewhere'}")
        found = self.list(shop, "--json", *elsewhere, "--set", f"modules.payment.admin={admin}")
        self.assertEqual((found.returncode, found.stderr), (OK, ""), found)
        self.assertIn("names no port", self.list(shop, "--json", *elsewhere).stderr)

    def test_a_service_that_is_down_is_named_and_what_it_alone_knows_is_unknown(self):
        shop = self.split({"payment"}).start()
        shop.services["payment"].kill()
        poll_until(lambda: self.listed(shop)["payment"]["health"] == "warn", 30, "the main process notices", every_s=0.1)
        self.assertIsNone(self.listed(shop)["payment"]["events_behind"])
        result = self.list(shop)
        self.assertEqual(result.returncode, OK, result)
        self.assertIn("The service payment does not answer", result.stderr)
        self.assertIn("The module payment is not well", result.stderr)
        self.assertRegex(result.stdout, r"(?m)^payment +remote .* warn +(closed|open|half_open) +\?$")


class SetTest(ShopTest):
    TEXT = '// My shop.\n{\n  "listen": "127.0.0.1:0", // any\n  "modules": {\n    "user": {},\n    "payment": {} // soon apart\n  }\n}\n'
    REMOTE = TEXT.replace('"payment": {}', '"payment": { "placement": "remote" }')

    def file(self, text, name="shop.json"):
        path = self.folder / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    def set(self, path, *arguments, environment=None):
        return run("module", "set", *arguments, "--config", str(path), environment=environment)

    def test_a_module_is_made_remote_and_everything_else_stays(self):
        path = self.file(self.TEXT)
        result = self.set(path, "payment", "remote")
        self.assertEqual(result.returncode, OK, result)
        self.assertEqual(path.read_text(), self.REMOTE)
        self.assertEqual(result.stdout.splitlines()[3:], [' {', '   "listen": "127.0.0.1:0", // any', '   "modules": {', '     "user": {},',
                                                          '-    "payment": {} // soon apart',
                                                          '+    "payment": { "placement": "remote" } // soon apart', '   }', ' }'][1:])
        self.assertIn(f"seamline serve --module payment --config {path}", result.stderr)

    def test_there_and_back_leaves_only_the_word_local(self):
        path = self.file(self.TEXT)
        self.assertEqual(self.set(path, "payment", "remote").returncode, OK)
        back = self.set(path, "payment", "local")
        self.assertEqual(back.returncode, OK, back)
        self.assertEqual(path.read_text(), self.REMOTE.replace('"remote"', '"local"'))
        self.assertIn("restart" if "restart" in back.stderr else "start the main process", back.stderr)

    def test_a_url_is_set_beside_it_and_replaced(self):
        path = self.file(self.TEXT)
        self.assertEqual(self.set(path, "payment", "remote", "--url", "http://127.0.0.1:9103").returncode, OK)
        self.assertIn('{ "placement": "remote", "url": "http://127.0.0.1:9103" } // soon apart', path.read_text())
        self.assertEqual(self.set(path, "payment", "remote", "--url", "http://127.0.0.1:9104").returncode, OK)
        self.assertIn('{ "placement": "remote", "url": "http://127.0.0.1:9104" } // soon apart', path.read_text())

    def test_a_dry_run_shows_the_difference_and_writes_nothing(self):
        path = self.file(self.TEXT)
        result = self.set(path, "payment", "remote", "--dry-run")
        self.assertEqual(result.returncode, OK, result)
        self.assertIn('+    "payment": { "placement": "remote" } // soon apart', result.stdout)
        self.assertEqual(path.read_text(), self.TEXT)

    def test_what_is_set_already_is_said_and_the_file_not_touched(self):
        path = self.file(self.TEXT)
        before = path.stat()
        result = self.set(path, "payment", "local")
        self.assertEqual((result.returncode, result.stdout), (OK, ""), result)
        self.assertIn("already", result.stderr)
        self.assertEqual((path.stat().st_ino, path.stat().st_mtime_ns), (before.st_ino, before.st_mtime_ns))

    def test_a_mode_and_a_symbolic_link_stay(self):
        path = self.file(self.TEXT)
        path.chmod(0o640)
        link = self.folder / "link.json"
        link.symlink_to("shop.json")
        self.assertEqual(self.set(link, "payment", "remote").returncode, OK)
        self.assertTrue(link.is_symlink())
        self.assertEqual((path.read_text(), stat.S_IMODE(path.stat().st_mode)), (self.REMOTE, 0o640))
        self.assertEqual(sorted(os.listdir(self.folder)), ["link.json", "shop.json"])

    def test_foreign_bytes_stay(self):
        text = "\N{ZERO WIDTH NO-BREAK SPACE}{\r\n\t\"modules\": {\r\n\t\t\"payment\": {\r\n\t\t\t// \"placement\": \"remote\"\r\n\t\t}\r\n\t}\r\n} /* end */"
        path = self.file(text)
        self.assertEqual(self.set(path, "payment", "remote").returncode, OK)
        self.assertEqual(path.read_bytes().decode(), text.replace('"remote"\r\n', '"remote"\r\n\t\t\t"placement": "remote"\r\n'))

    def test_what_would_be_invalid_is_refused_and_not_written(self):
        for arguments, text, words in ((("payment", "remote", "--url", "x"), self.TEXT, "modules.payment.url"),
                                       (("payment", "remote"), '{"modules": {"payment": 5}}', "modules.payment"),
                                       (("payment", "remote"), '{"modules": {}, "modules": {}}', "twice"),
                                       (("payment", "remote"), '{"lisen": "127.0.0.1:0"}', "listen"),
                                       (("paymnt", "remote"), self.TEXT, 'Did you mean "payment"?'),
                                       (("payment", "elsewhere"), self.TEXT, "elsewhere")):
            with self.subTest(arguments=arguments, text=text):
                path = self.file(text)
                result = self.set(path, *arguments)
                self.assertEqual((result.returncode, path.read_text()), (USAGE, text), result)
                self.assertIn(words, result.stderr)
        self.assertEqual(self.set(self.folder / "none.json", "payment", "remote").returncode, USAGE)
        without_file = run("module", "set", "payment", "remote")
        self.assertEqual(without_file.returncode, USAGE)
        self.assertIn("--config", without_file.stderr)

    def test_a_variable_that_beats_the_file_is_named(self):
        result = self.set(self.file(self.TEXT), "payment", "remote", environment=clean_environment(SEAMLINE_MODULES__PAYMENT__PLACEMENT="local"))
        self.assertEqual(result.returncode, OK, result)
        self.assertIn("SEAMLINE_MODULES__PAYMENT__PLACEMENT", result.stderr)


if __name__ == "__main__":
    unittest.main()
