"""Configuration, commands and the life of the process: what is refused, with which words and exit code, and what is promised at the end."""
import json
from pathlib import Path
import os
import re
import socket
import sqlite3
import subprocess
import threading
import unittest

from auditing import Records, audit, wait_until_quiet
from shop import ADMIN_PASSWORD, ShopTest, clean_environment, poll_until, run

OK, FAILED, USAGE, UNREACHABLE = 0, 1, 2, 4
FREE_PORTS = ("--set", "listen=127.0.0.1:0", "--set", "admin=127.0.0.1:0")


def stored_orders(shop):
    """The rows of a stopped shop's orders, by their ids."""
    with Records(shop.data_dir) as records:
        return records.orders


class ConfigurationTest(ShopTest):
    def file(self, text):
        path = self.folder / "shop.json"
        path.write_text(text)
        return str(path)

    def assert_refused(self, result, code, *words):
        self.assertEqual(result.returncode, code, result)
        self.assertEqual(result.stdout, "", "messages go to stderr")
        for word in words:
            self.assertIn(word, result.stderr)

    def shown(self, *arguments, **environment):
        result = run("config", "show", "--json", *arguments, environment=clean_environment(**environment))
        self.assertEqual((result.returncode, result.stderr), (OK, ""), result)
        return json.loads(result.stdout)

    def test_the_defaults_are_what_the_documents_say(self):
        shown = self.shown()
        self.assertEqual((shown["data_dir"], shown["listen"], shown["admin"], shown["security"]["auth"]),
                         ("data", "127.0.0.1:8080", "127.0.0.1:8081", "on"))
        self.assertEqual({module["placement"] for module in shown["modules"].values()}, {"local"})

    def test_the_schema_and_the_sample_that_are_kept_are_those_of_the_program(self):
        config = Path(__file__).resolve().parents[2] / "config"
        printed = run("config", "schema")
        self.assertEqual((printed.returncode, printed.stderr), (OK, ""))
        self.assertEqual(json.loads(printed.stdout), json.loads((config / "seamline.schema.json").read_text(encoding="utf-8")),
                         "renew it: seamline config schema | python3 -m json.tool > config/seamline.schema.json")
        self.assertEqual(self.shown("--config", str(config / "monolith.json")), self.shown())

    def test_a_flag_beats_the_environment_beats_the_file_beats_the_default(self):
        path = self.file('{"log": {"level": "warning"}, "store": {"readers": 9}}')
        self.assertEqual(self.shown()["log"]["level"], "info")
        self.assertEqual(self.shown("--config", path)["log"]["level"], "warning")
        self.assertEqual(self.shown("--config", path, SEAMLINE_LOG__LEVEL="error")["log"]["level"], "error")
        shown = self.shown("--config", path, "--set", "log.level=debug", SEAMLINE_LOG__LEVEL="error")
        self.assertEqual((shown["log"]["level"], shown["store"]["readers"]), ("debug", 9))

    def test_the_origin_of_each_value_is_shown(self):
        path = self.file('{\n  // a comment\n  "store": {\n    "readers": 9\n  }\n}')
        result = run("config", "show", "--origin", "--config", path, "--set", "http.keep_alive_ms=700",
                     environment=clean_environment(SEAMLINE_LOG__LEVEL="error"))
        lines = dict(re.match(r"(\S+) = .*?# (.*)", line).groups() for line in result.stdout.splitlines())
        self.assertEqual(lines["store.readers"], f"{path}:4")
        self.assertEqual((lines["http.keep_alive_ms"], lines["log.level"], lines["listen"]),
                         ("--set", "environment SEAMLINE_LOG__LEVEL", "default"))

    def test_opentelemetrys_variables_beat_the_file_and_ours_beat_them(self):
        path = self.file('{"telemetry": {"service_name": "filed", "endpoint": "http://127.0.0.1:1"}}')
        theirs = {"OTEL_SERVICE_NAME": "theirs", "OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.25",
                  "OTEL_EXPORTER_OTLP_ENDPOINT": "", "OTEL_SDK_DISABLED": "no"}
        telemetry = self.shown("--config", path, **theirs)["telemetry"]
        self.assertEqual((telemetry["service_name"], telemetry["sampler"], telemetry["sample_ratio"]),
                         ("theirs", "traceidratio", "0.25"))
        self.assertEqual((telemetry["endpoint"], telemetry["disabled"]), ("http://127.0.0.1:1", False), "empty is unset")
        self.assertEqual(self.shown("--config", path, SEAMLINE_TELEMETRY__SERVICE_NAME="ours", **theirs)["telemetry"]["service_name"],
                         "ours")
        self.assertEqual(self.shown(OTEL_SDK_DISABLED="True")["telemetry"]["disabled"], True)
        origins = run("config", "show", "--origin", environment=clean_environment(**theirs)).stdout
        self.assertRegex(origins, r"telemetry\.service_name .*OTEL_SERVICE_NAME")

    def test_telemetry_that_cannot_be_is_refused(self):
        for variable, value, *words in (
                ("OTEL_EXPORTER_OTLP_ENDPOINT", "https://collector:4318", "telemetry.endpoint", "http://127.0.0.1:4318"),
                ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "collector", "telemetry.traces_endpoint"),
                ("OTEL_TRACES_SAMPLER", "jaeger_remote", "parentbased_traceidratio"),
                ("OTEL_TRACES_SAMPLER_ARG", "50%", "telemetry.sample_ratio", "0 to 1"),
                ("SEAMLINE_TELEMETRY__SAMPLE_RATIO", "1.5", "telemetry.sample_ratio", "0 to 1"),
                ("SEAMLINE_TELEMETRY__SAMPLE_RATIO", "nan", "telemetry.sample_ratio", "0 to 1"),
                ("OTEL_RESOURCE_ATTRIBUTES", "no pair", "telemetry.resource", "name=value"),
                ("OTEL_RESOURCE_ATTRIBUTES", "a=%f", "telemetry.resource"),
                ("OTEL_RESOURCE_ATTRIBUTES", "a=%ff", "telemetry.resource")):
            with self.subTest(variable=variable, value=value):
                result = run("config", "validate", environment=clean_environment(**{variable: value}))
                self.assert_refused(result, USAGE, variable, *words)
        result = run("config", "validate", environment=clean_environment(OTEL_EXPORTER_OTLP_HEADERS="the secret itself"))
        self.assert_refused(result, USAGE, "OTEL_EXPORTER_OTLP_HEADERS", "telemetry.headers")
        self.assertNotIn("the secret itself", result.stderr)

    def test_a_secret_is_never_shown_only_whether_it_is_set(self):
        secret = "a-token-of-the-registry"
        path = self.file('{"registry": {"token": "%s"}}' % secret)
        sources = (("--config", path), {}), (("--set", f"registry.token={secret}"), {}), ((), {"SEAMLINE_REGISTRY__TOKEN": secret})
        for arguments, environment in sources:
            for form in ((), ("--json",), ("--origin",)):
                with self.subTest(arguments=arguments, environment=environment, form=form):
                    result = run("config", "show", *form, *arguments, environment=clean_environment(**environment))
                    self.assertEqual(result.returncode, OK, result)
                    self.assertNotIn(secret, result.stdout + result.stderr)
                    self.assertIn("(secret)", result.stdout)
        self.assertEqual(self.shown("--config", path)["registry"]["token"], "(secret)")
        self.assertEqual(self.shown()["registry"]["token"], "")

    def test_an_unknown_key_is_named_with_its_line_and_what_was_meant(self):
        path = self.file('{\n  "store": {},\n  "modules": {\n    "payment": {\n      "retry_msec": 5\n    }\n  }\n}')
        for command in (("serve",), ("config", "validate"), ("config", "show"), ("demo", "--once"), ("db", "rebuild", "order")):
            with self.subTest(command=command):
                self.assert_refused(run(*command, "--config", path), USAGE, f"{path}:5", "modules.payment.retry_msec",
                                    'Did you mean "modules.payment.retry_ms"?')
        self.assert_refused(run("config", "validate", "--set", "lisen=1.2.3.4:5"), USAGE, "lisen", 'Did you mean "listen"?')
        result = run("config", "validate", environment=clean_environment(SEAMLINE_MODULES__PAYMNET__RETRY_MS="5"))
        self.assert_refused(result, USAGE, "SEAMLINE_MODULES__PAYMNET__RETRY_MS", 'Did you mean "modules.payment"?')

    def test_a_file_that_is_none_is_refused_with_its_place(self):
        self.assert_refused(run("config", "validate", "--config", str(self.folder / "none.json")), USAGE, "none.json")
        self.assert_refused(run("config", "validate", "--config", self.file('{\n"listen": ,\n}')), USAGE, "shop.json", "line 2")
        self.assert_refused(run("config", "validate", "--config", self.file('{"listen": "a:1", "listen": "b:2"}')), USAGE, "listen", "twice")
        self.assert_refused(run("config", "validate", "--config", self.file("[]")), USAGE, "one JSON object")

    def test_a_value_of_a_wrong_kind_is_refused_with_its_place(self):
        path = self.file('{\n  "store": {"readers": 0},\n  "http": {"keep_alive_ms": "long"}\n}')
        self.assert_refused(run("config", "validate", "--config", path), USAGE, f"{path}:2", "store.readers", f"{path}:3", "http.keep_alive_ms")
        self.assert_refused(run("config", "validate", "--set", "security.auth=maybe"), USAGE, "security.auth", "on, off")
        self.assert_refused(run("config", "validate", "--set", "store.readers=1.5"), USAGE, "store.readers", "integer")
        self.assert_refused(run("config", "validate", "--set", "listen=nowhere"), USAGE, "listen", "host:port")
        self.assert_refused(run("config", "validate", "--set", "listen=127.0.0.1:99999"), USAGE, "listen", "host:port")
        self.assert_refused(run("config", "validate", "--set", "listen"), USAGE, "key=value")

    def test_a_service_that_cannot_be_is_refused(self):
        remote = ("--set", "modules.payment.placement=remote")
        data_dir = ("--set", f"data_dir={self.folder / 'never-made'}")
        for arguments, needles in (
                (("--module", "payment"), ("modules.payment.placement", "local", "module set payment remote")),
                (("--module", "paymen"), ("no module paymen", "user, inventory, payment, order")),
                ((*remote, "--module", "payment", "--split"), ("--split",)),
                ((*remote, "--set", "modules.payment.url=https://127.0.0.1:1"), ("modules.payment.url", "http://host:port")),
                ((*remote, "--set", "modules.payment.url=http://127.0.0.1:1/path"), ("modules.payment.url",)),
                ((*remote, "--set", "modules.payment.admin=0.0.0.0:0"), ("modules.payment.admin", "loopback"))):
            with self.subTest(arguments=arguments):
                result = run("serve", *data_dir, *arguments)
                self.assertEqual(result.returncode, USAGE, result)
                for needle in needles:
                    self.assertIn(needle, result.stderr + result.stdout)
        self.assertFalse((self.folder / "never-made").exists())

    def test_a_service_off_loopback_demands_a_secret(self):
        arguments = ("serve", "--module", "payment", "--set", "modules.payment.placement=remote", "--set", f"data_dir={self.folder / 'data'}",
                     "--set", "modules.payment.listen=0.0.0.0:0")
        self.assert_refused(run(*arguments), USAGE, "SEAMLINE_SERVICE_SECRET", "payment", "loopback")
        # What stands before a listener on loopback lets others in.
        behind_a_proxy = (*arguments[:-1], "modules.payment.listen=127.0.0.1:0", "--set", "modules.payment.url=http://payment.example.org:8103")
        self.assert_refused(run(*behind_a_proxy), USAGE, "SEAMLINE_SERVICE_SECRET", "payment.example.org")

    def test_open_doors_are_refused_unless_they_lead_to_loopback(self):
        for listen in ("0.0.0.0:0", "[::]:0", "192.0.2.1:0", "example.org:0"):
            with self.subTest(listen=listen):
                self.assert_refused(run("serve", "--set", "security.auth=off", "--set", f"listen={listen}"), USAGE, "security.auth", "loopback")
                self.assert_refused(run("serve", "--set", f"admin={listen}"), USAGE, "admin", "loopback")
        self.assertEqual(run("config", "validate", "--set", "security.auth=off", "--set", "listen=[::1]:0").returncode, OK)

    def test_usage_is_explained(self):
        self.assertRegex(run("--version").stdout, r"^seamline \d+\.\d+\.\d+\n$")
        for arguments in ((), ("dance",), ("serve", "--colour"), ("config",), ("load", "--in-flight", "0"), ("load", "--orders", "x")):
            with self.subTest(arguments=arguments):
                result = run(*arguments)
                self.assertEqual(result.returncode, USAGE, result)
                self.assertTrue(result.stderr)
        for arguments in (("--help",), ("serve", "--help"), ("load", "--help")):
            self.assertEqual(run(*arguments).returncode, OK)


class StartTest(ShopTest):
    def serve(self, data_dir, *more):
        """Runs serve, which is expected to end by itself."""
        try:
            return run("serve", "--set", f"data_dir={data_dir}", "--set", "security.auth=off", "--set", "listen=127.0.0.1:0",
                       "--set", "admin=127.0.0.1:0", *more, timeout_s=10)
        except subprocess.TimeoutExpired as running:
            self.fail(f"the shop was not refused: {running.stderr!r}")

    def assert_refused(self, result, *words):
        self.assertEqual(result.returncode, FAILED, result)
        self.assertNotIn(" is ready", result.stderr)
        for word in words:
            self.assertIn(word, result.stderr)

    def stopped_shop(self):
        shop = self.shop(events__poll_ms=20).start()
        user = shop.add_user()
        shop.add_product("p1")
        for _ in range(3):
            shop.post("/orders", {"user_id": user, "items": [{"product_id": "p1", "quantity": 1}]})
        wait_until_quiet(shop.data_dir, 20)
        shop.stop()
        return shop

    def sql(self, data_dir, module, statement, *parameters):
        connection = sqlite3.connect(data_dir / module / "0.db")
        with connection:
            self.assertEqual(connection.execute(statement, parameters).rowcount, 1)
        connection.close()

    def test_a_port_in_use_is_refused_with_what_to_do(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            for key in ("listen", "admin"):
                with self.subTest(key=key):
                    self.assert_refused(self.serve(self.folder / key, "--set", f"{key}=127.0.0.1:{port}"), str(port), "choose another")

    def test_a_second_process_on_the_same_stores_is_refused(self):
        first = self.shop().start()
        self.assert_refused(self.serve(first.data_dir), "in use by another process", str(first.data_dir))
        result = run("db", "rebuild", "order", "--set", f"data_dir={first.data_dir}")
        self.assertEqual(result.returncode, FAILED, result)
        self.assertIn("in use by another process", result.stderr)
        self.assertEqual(first.get("/readyz").status, 200)

    def test_a_store_of_a_newer_program_is_refused_and_left_alone(self):
        data_dir = self.stopped_shop().data_dir
        self.sql(data_dir, "payment", "INSERT INTO schema_migrations SELECT owner, 99, 'refunds_in_parts', checksum, at_ms FROM "
                                      "schema_migrations WHERE owner = 'payment' LIMIT 1")
        self.assert_refused(self.serve(data_dir), "payment/99", "refunds_in_parts", "newer")
        self.assertEqual(audit(data_dir), [])

    def test_a_store_whose_migration_was_changed_is_refused(self):
        data_dir = self.stopped_shop().data_dir
        self.sql(data_dir, "order", "UPDATE schema_migrations SET checksum = zeroblob(32) WHERE owner = 'order' AND version = 1")
        self.assert_refused(self.serve(data_dir), "order/1", "changed")

    def test_a_corrupt_store_is_refused(self):
        self.leave_unaudited("none of these stores can be read, which is what the test is about")
        for name, damage in [("no database", lambda path: path.write_bytes(b"this is no database" * 400)),
                             ("cut short", lambda path: os.truncate(path, 5000)),
                             ("a torn first page", lambda path: path.write_bytes(path.read_bytes()[:100] + bytes(4000) + path.read_bytes()[4100:]))]:
            with self.subTest(case=name):
                data_dir = self.folder / name.replace(" ", "-")
                shop = self.shop(data_dir.name).start()
                shop.add_product("p1")
                shop.stop()
                damage(data_dir / "inventory" / "0.db")
                self.assert_refused(self.serve(data_dir), "inventory", str(data_dir))

    def test_a_folder_that_cannot_be_made_is_refused(self):
        (self.folder / "file").write_text("in the way")
        self.assert_refused(self.serve(self.folder / "file"), str(self.folder / "file"))

    def test_the_same_port_can_be_had_again_at_once_after_a_kill(self):
        shop = self.shop().start()
        shop.settings["listen"] = "%s:%d" % shop.address()
        client = shop.client()
        for _ in range(3):
            self.assertEqual(client.request("GET", "/products").status, 200)
            shop.kill()
            client.close()
            shop.start()
        self.assertEqual(shop.get("/products").status, 200)


class StopTest(ShopTest):
    def test_an_order_in_flight_is_answered_before_the_end(self):
        shop = self.shop(modules__payment__retry_ms=700).start()
        user = shop.add_user()
        shop.add_product("p1")
        replies = []

        def order():
            replies.append(shop.post("/orders", {"user_id": user, "payment_token": "tok_timeout",
                                                 "items": [{"product_id": "p1", "quantity": 1}]}, Prefer="wait=20"))
        customer = threading.Thread(target=order)
        customer.start()
        poll_until(lambda: shop.counts()["placed"] == 1, 10, "the order is placed")
        shop.stop()
        customer.join(20)
        self.assertEqual([(reply.status, reply.json()["status"]) for reply in replies], [(201, "confirmed")])

    def test_a_stop_under_load_answers_whom_it_has_heard(self):
        shop = self.shop().start()
        user = shop.add_user()
        shop.add_product("p1", stock=10**6)
        answered = set()

        def customer(number):
            client = shop.client()
            try:
                for order in range(10_000):
                    reply = client.request("POST", "/orders", {"user_id": user, "items": [{"product_id": "p1", "quantity": 1}]})
                    if reply.status == 201:
                        answered.add(reply.json()["order_id"])
                    elif reply.status != 503:
                        raise AssertionError(reply)
            except Exception as problem:
                endings.append(problem)
        endings = []
        customers = [threading.Thread(target=customer, args=(number,)) for number in range(8)]
        for thread in customers:
            thread.start()
        poll_until(lambda: len(answered) > 200, 20, "orders flow")
        shop.stop()
        for thread in customers:
            thread.join(20)
        self.assertEqual(len(endings), 8)
        self.assertEqual({type(ending).__name__ for ending in endings}, {"Unreachable"}, endings)
        stored = stored_orders(shop).keys()
        self.assertEqual(answered - stored, set(), "answered, and not stored")
        self.assertEqual(stored - answered, set(), "stored, and not answered")

    def test_after_a_stop_the_orders_can_be_rebuilt_and_say_the_same(self):
        shop = self.shop(events__poll_ms=20).start()
        user = shop.add_user()
        shop.add_product("p1", stock=20)
        for number in range(12):
            shop.post("/orders", {"user_id": user, "payment_token": ["tok_ok", "tok_declined", "tok_timeout"][number % 3],
                                  "items": [{"product_id": "p1", "quantity": number + 1}]})
        shop.post("/orders/drafts", {"user_id": user})
        wait_until_quiet(shop.data_dir, 20)
        before = (shop.get("/orders?limit=100").body, shop.counts())
        shop.stop()
        rows = stored_orders(shop)
        connection = sqlite3.connect(shop.data_dir / "order" / "0.db")
        with connection:
            connection.execute("DELETE FROM orders WHERE status = 'cancelled'")
            connection.execute("UPDATE orders SET status = 'cancelled', total_minor = 1 WHERE status = 'confirmed'")
        connection.close()
        self.assertNotEqual(stored_orders(shop), rows)
        result = run("db", "rebuild", "order", "--set", f"data_dir={shop.data_dir}")
        self.assertEqual((result.returncode, json.loads(result.stdout)), (OK, {"orders": 13}), result)
        self.assertEqual(stored_orders(shop), rows)
        shop.start()
        self.assertEqual((shop.get("/orders?limit=100").body, shop.counts()), before)
        shop.stop()
        missing = run("db", "rebuild", "order", "--set", f"data_dir={self.folder / 'none'}")
        self.assertEqual((missing.returncode, missing.stdout), (FAILED, ""))
        self.assertFalse((self.folder / "none").exists())


class CommandsTest(ShopTest):
    def test_the_demo_shows_the_shop_and_leaves_nothing_behind(self):
        environment = clean_environment(TMPDIR=str(self.folder))
        result = run("demo", "--once", *FREE_PORTS, environment=environment, cwd=self.folder)
        self.assertEqual(result.returncode, OK, result)
        self.assertIn("/orders", result.stdout)
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_the_demo_ends_well_when_it_is_interrupted(self):
        environment = clean_environment(TMPDIR=str(self.folder))
        demo = subprocess.Popen([os.environ["SEAMLINE_BINARY"], "demo", *FREE_PORTS], env=environment, cwd=self.folder, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.addCleanup(demo.stdout.close)
        self.addCleanup(demo.kill)
        shown = ""
        while "Ctrl-C" not in shown:
            line = demo.stdout.readline()
            self.assertTrue(line, f"the demo ended early:\n{shown}")
            shown += line
        self.assertEqual(len(list(self.folder.iterdir())), 1)
        demo.terminate()
        self.assertEqual(demo.wait(20), OK)
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_seed_and_load_fill_a_running_shop_and_report_in_json(self):
        shop = self.shop(events__poll_ms=20).start()
        seeded = run("seed", "--url", shop.url, "--users", "2", "--products", "3", "--orders", "4", "--seed", "7", "--json")
        self.assertEqual((seeded.returncode, seeded.stderr), (OK, ""), seeded)
        ids = json.loads(seeded.stdout)
        self.assertEqual({name: len(values) for name, values in ids.items()}, {"user_ids": 2, "product_ids": 3, "order_ids": 4})
        self.assertEqual(shop.get(f"/orders/{ids['order_ids'][0]}").status, 200)

        loaded = run("load", "--url", shop.url, "--orders", "300", "--in-flight", "8", "--json")
        self.assertEqual(loaded.returncode, OK, loaded)
        report = json.loads(loaded.stdout)
        self.assertEqual((report["accepted"], report["refused"], report["unsettled"]), (300, 0, 0))
        self.assertGreaterEqual(report["confirmed"] + report["cancelled"], 300, report)
        self.assertEqual(sum(shop.counts().values()), 304)
        wait_until_quiet(shop.data_dir, 20)
        shop.stop()
        self.assertEqual(audit(shop.data_dir), [])

    def test_without_a_shop_the_commands_say_that_nobody_answers(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        for command in ("seed", "load"):
            with self.subTest(command=command):
                result = run(command, "--url", f"http://127.0.0.1:{port}", environment=clean_environment(SEAMLINE_ADMIN_PASSWORD=ADMIN_PASSWORD))
                self.assertEqual((result.returncode, result.stdout), (UNREACHABLE, ""), result)
                self.assertIn(str(port), result.stderr)


if __name__ == "__main__":
    unittest.main()
