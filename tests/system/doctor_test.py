"""`seamline doctor` says of each server that the configuration names how it is, and what to do where it is not as it should be."""
import http.server
import json
import subprocess
import sys
import threading
import unittest
from contextlib import ExitStack
from pathlib import Path

from shop import ShopTest, run, set_flags

sys.path.append(str(Path(__file__).resolve().parents[1] / "servers"))
sys.path.append(str(Path(__file__).resolve().parents[1] / "support"))
from ports import free_ports  # noqa: E402
from servers import Collector, Ferret, Postgres  # noqa: E402

PROBLEMS_FOUND = 3


class Answering(http.server.BaseHTTPRequestHandler):
    """Answers every POST as the server's `status` says."""

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append((self.path, self.headers.get("X-Key")))
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class DoctorTest(ShopTest):
    def setUp(self):
        # Before the shop's folder: when the test ends, its stores are looked at while there is a server.
        self.servers = ExitStack()
        self.addCleanup(self.servers.close)
        super().setUp()

    def doctor(self, expected=0, timeout_ms=2000, **settings):
        """What it says, by system. `expected` is how it ends."""
        words = set_flags({name.replace("__", "."): value for name, value in settings.items()})
        found = run("doctor", "--json", "--timeout-ms", str(timeout_ms), "--set", f"data_dir={self.folder / 'data'}", *words)
        self.assertEqual(found.returncode, expected, found)
        items = json.loads(found.stdout)["items"]
        for item in items:
            self.assertEqual(bool(item["detail"]), item["verdict"] != "ok", item)
            self.assertEqual(bool(item["fix"]), item["verdict"] != "ok", item)
        # The table for people has the same.
        table = run("doctor", "--timeout-ms", str(timeout_ms), "--set", f"data_dir={self.folder / 'data'}", *words).stdout
        for item in items:
            self.assertIn(item["system"], table)
            self.assertIn(item["fix"], table)
        return {item["system"]: item for item in items}

    def server(self, kind, *options):
        server = kind(*options)
        self.servers.callback(server.close)
        return server

    def assert_item(self, item, verdict, *parts):
        self.assertEqual(item["verdict"], verdict, item)
        for part in parts:
            self.assertIn(part, json.dumps(item))


class PostgresTest(DoctorTest):
    def rows_at(self, server, schema="", module="order"):
        return {f"storage__{module}__kind": "postgres", f"storage__{module}__url": server.details["url"] + schema}

    def ask(self, server, sql):
        """Through psql, as the superuser."""
        return subprocess.run(["psql", server.details["conninfo"], "-Atqc", sql], check=True, capture_output=True, text=True).stdout

    def test_a_server_is_found_before_and_after_its_first_start_and_while_the_shop_runs(self):
        server = self.server(Postgres)
        before = self.doctor(**self.rows_at(server))["storage.order"]
        self.assert_item(before, "ok", "PostgreSQL 1", f"{server.port}/postgres, schema seamline_order")
        self.assertGreater(before["latency_us"], 0)
        self.assertEqual(self.ask(server, "SELECT count(*) FROM pg_namespace WHERE nspname = 'seamline_order'"), "0\n")
        shop = self.shop(**self.rows_at(server)).start()
        self.assert_item(self.doctor(**self.rows_at(server))["storage.order"], "ok")
        shop.stop()
        self.assert_item(self.doctor(**self.rows_at(server))["storage.order"], "ok")

    def test_a_server_that_is_down_or_silent_is_said_to_be(self):
        server = self.server(Postgres)
        server.pause()
        item = self.doctor(PROBLEMS_FOUND, timeout_ms=1000, **self.rows_at(server))["storage.order"]
        self.assert_item(item, "failed", "timeout expired", "storage.order.url")
        self.assertIsNone(item["latency_us"])
        server.resume()
        server.kill()
        item = self.doctor(PROBLEMS_FOUND, **self.rows_at(server))["storage.order"]
        self.assert_item(item, "failed", "Connection refused", "See that the server runs")

    def test_a_server_that_does_not_keep_what_it_commits_is_refused(self):
        server = self.server(Postgres, "--set", "fsync=off", "--set", "full_page_writes=off", "--set", "synchronous_commit=off")
        item = self.doctor(PROBLEMS_FOUND, **self.rows_at(server))["storage.order"]
        self.assert_item(item, "failed", "fsync = off", "full_page_writes = off", "synchronous_commit is off", "Set fsync = on")

    def test_a_server_whose_default_is_to_answer_before_it_syncs_is_a_warning(self):
        server = self.server(Postgres, "--set", "synchronous_commit=off")
        item = self.doctor(**self.rows_at(server))["storage.order"]
        self.assert_item(item, "warning", "synchronous_commit is off", "Set synchronous_commit = on")

    def test_a_database_that_cannot_be_used_is_refused(self):
        server = self.server(Postgres)
        self.ask(server, "CREATE DATABASE latin TEMPLATE template0 ENCODING LATIN1 LOCALE 'C'")
        self.ask(server, "CREATE USER guest")
        for case, url, *parts in (
                ("encoding", server.details["url"].replace("/postgres", "/latin"), "LATIN1", "ENCODING 'UTF8'"),
                ("missing", server.details["url"].replace("/postgres", "/nowhere"), "does not exist"),
                ("rights", server.details["url"].replace("seamline@", "guest@"), "guest may not make one",
                 "CREATE SCHEMA seamline_order AUTHORIZATION guest;")):
            with self.subTest(case):
                item = self.doctor(PROBLEMS_FOUND, storage__order__kind="postgres", storage__order__url=url)["storage.order"]
                self.assert_item(item, "failed", *parts)
        self.ask(server, "CREATE SCHEMA seamline_order")
        item = self.doctor(PROBLEMS_FOUND, storage__order__kind="postgres",
                           storage__order__url=server.details["url"].replace("seamline@", "guest@"))["storage.order"]
        self.assert_item(item, "failed", "may not use the schema", "ALTER SCHEMA seamline_order OWNER TO guest;")

    def test_a_schema_that_another_shop_writes_to_is_refused(self):
        server = self.server(Postgres)
        self.shop("other", **self.rows_at(server)).start()
        item = self.doctor(PROBLEMS_FOUND, **self.rows_at(server))["storage.order"]
        self.assert_item(item, "failed", "Another shop writes to it", "seamline order", "127.0.0.1", "another database or schema")
        self.assert_item(self.doctor(**self.rows_at(server, "?schema=mine"))["storage.order"], "ok")
        # Where the module is a service of its own, that may be it.
        placed = self.doctor(PROBLEMS_FOUND, modules__order__placement="remote", modules__order__url=f"http://127.0.0.1:{free_ports(1)[0]}",
                             **self.rows_at(server))
        self.assert_item(placed["storage.order"], "ok")

    def test_a_schema_of_another_version_is_said_to_be(self):
        server = self.server(Postgres)
        shop = self.shop(**self.rows_at(server)).start()
        shop.stop()
        self.ask(server, "DELETE FROM seamline_order.schema_migrations WHERE owner = 'order'")
        item = self.doctor(**self.rows_at(server))["storage.order"]
        self.assert_item(item, "warning", "older than this program", "order/1 (orders)", "The next start makes up for it")
        self.ask(server, "INSERT INTO seamline_order.schema_migrations VALUES ('order', 99, 'later', '\\x00', 0)")
        item = self.doctor(PROBLEMS_FOUND, **self.rows_at(server))["storage.order"]
        self.assert_item(item, "failed", "order/99 (later)", "or a newer one")


class MongoTest(DoctorTest):
    def documents_at(self, server):
        return {"storage__order__kind": "mongodb", "storage__order__url": server.details["url"]}

    def test_a_ferretdb_is_said_to_be_one(self):
        server = self.server(Ferret)
        item = self.doctor(**self.documents_at(server))["storage.order"]
        self.assert_item(item, "warning", "FerretDB v1.24.2, wire 21", "the database behind it", f"mongodb://{server.address}/seamline.order")
        self.assertGreater(item["latency_us"], 0)

    def test_a_server_that_is_down_is_said_to_be(self):
        server = self.server(Ferret)
        server.kill()
        item = self.doctor(PROBLEMS_FOUND, **self.documents_at(server))["storage.order"]
        self.assert_item(item, "failed", "No suitable servers found", "SEAMLINE_MONGODB_PASSWORD")
        self.assertIsNone(item["latency_us"])

    def test_a_collection_that_another_shop_writes_to_is_refused(self):
        server = self.server(Ferret)
        self.shop("other", **self.documents_at(server)).start()
        item = self.doctor(PROBLEMS_FOUND, **self.documents_at(server))["storage.order"]
        self.assert_item(item, "failed", "Another shop writes to it", str(self.folder / "other" / "order"))


class CollectorTest(DoctorTest):
    def test_a_collector_that_takes_nothing_at_all_is_well(self):
        collector = self.server(Collector)
        found = self.doctor(telemetry__endpoint=collector.details["url"])
        for what in ("traces", "metrics"):
            self.assert_item(found[f"telemetry.{what}"], "ok", f"{collector.details['url']}/v1/{what}")
            self.assertGreater(found[f"telemetry.{what}"]["latency_us"], 0)
        collector.kill()
        found = self.doctor(PROBLEMS_FOUND, telemetry__endpoint=collector.details["url"])
        self.assert_item(found["telemetry.traces"], "failed", "Start the collector", "telemetry.endpoint")

    def test_a_collector_that_is_told_less_is_asked_less(self):
        collector = self.server(Collector)
        told = {"telemetry__endpoint": collector.details["url"]}
        self.assertNotIn("telemetry.metrics", self.doctor(telemetry__metrics="false", **told))
        self.assertNotIn("telemetry.traces", self.doctor(telemetry__disabled="true", **told))

    def test_what_refuses_an_export_is_said_to(self):
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
            server.asked, server.status = [], 404
            threading.Thread(target=server.serve_forever, daemon=True).start()
            settings = {"telemetry__traces_endpoint": f"http://127.0.0.1:{server.server_port}/mine", "telemetry__headers": "x-key=k%20y"}
            item = self.doctor(PROBLEMS_FOUND, **settings)["telemetry.traces"]
            self.assert_item(item, "failed", "answers 404", "OTLP over HTTP")
            self.assertEqual(server.asked[0], ("/mine", "k y"))
            server.status = 401
            self.assert_item(self.doctor(PROBLEMS_FOUND, **settings)["telemetry.traces"], "failed", "answers 401", "telemetry.headers")
            server.shutdown()


if __name__ == "__main__":
    unittest.main()
