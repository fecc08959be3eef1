"""Traces and metrics of the real program, as a collector gets them: the same tree of one order wherever the modules run, and
nothing that a collector does is felt by a customer."""
import time
import unittest
import urllib.request

from otlp import StandInCollector, as_if_paid_last, tree
from shop import poll_until
from split import MODULES, SplitTest

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
CLIENT_SPAN = "00f067aa0ba902b7"
QUICK = {"telemetry__export_ms": 50}


class TelemetryTest(SplitTest):
    def collect(self, **options):
        collector = StandInCollector(**options)
        self.addCleanup(collector.close)
        return collector

    def order(self, shop, **headers):
        user = shop.add_user()
        shop.add_product()
        reply = shop.post("/orders", {"items": [{"product_id": "p1", "quantity": 1}], "user_id": user}, Prefer="wait=10", **headers)
        self.assertEqual((reply.status, reply.json()["status"]), (201, "confirmed"), reply)
        return reply.json()["order_id"], user

    def trace_of_an_order(self, remote, name):
        """Everything that belongs to one order, which began in a trace of the client's own."""
        collector = self.collect()
        shop = self.split(remote, name, telemetry__endpoint=collector.url, **QUICK).start()
        ids = self.order(shop, traceparent=f"00-{TRACE_ID}-{CLIENT_SPAN}-01", tracestate="rojo=1")
        # What OrderConfirmed leads to in payment and inventory comes behind the answer.
        last = "order.OrderConfirmed.v1 -> "
        poll_until(lambda: len([span for span in collector.spans(TRACE_ID) if span["name"].startswith(last)]) == 2, 20,
                   lambda: f"the saga ends:\n" + "\n".join(tree(collector.spans(TRACE_ID))))
        shop.stop()
        self.assertEqual(collector.violations, [])
        return collector, collector.spans(TRACE_ID), ids

    def test_an_order_has_the_same_tree_in_one_process_and_in_five(self):
        _, local, _ = self.trace_of_an_order([], "local")
        collector, split, ids = self.trace_of_an_order(MODULES, "split")
        expected = tree(as_if_paid_last(local))
        self.assertEqual(tree(as_if_paid_last(split)), expected)
        self.assertEqual(expected[:3], ["server POST /orders", "  client gateway -> order.place_order", "    server order.place_order"])
        self.assertEqual({span["parent"] for span in split if span["name"] == "POST /orders"}, {CLIENT_SPAN})
        self.assertEqual({span["service"] for span in local}, {"gateway"})
        self.assertEqual({span["service"] for span in split},
                         {"gateway", "user-service", "order-service", "payment-service", "inventory-service"})
        # Each on its own side: the caller's process tells of the call, the callee's of the operation.
        self.assertEqual({(span["service"], span["kind"]) for span in split if span["name"].endswith("user.get_profile")},
                         {("order-service", 3), ("user-service", 2)})
        for span in split:
            for identity in ids:
                self.assertNotIn(identity, str(span), "a span names nobody")
        resources = {resource["service.name"]: resource for resource, _ in collector.resources("traces")}
        self.assertEqual(len({resource["service.instance.id"] for resource in resources.values()}), 5)

    def test_metrics_are_told_as_the_admin_listener_tells_them(self):
        collector = self.collect()
        shop = self.split([], telemetry__endpoint=collector.url, **QUICK).start()
        self.order(shop)
        calls = ("gateway", "seamline_seam_calls_total")
        poll_until(lambda: calls in collector.metrics(), 20, "metrics are told")
        with urllib.request.urlopen(shop.admin_url + "/metrics", timeout=10) as reply:
            exposed = reply.read().decode()
        shop.stop()
        self.assertEqual(collector.violations, [])
        told = {name: metric for (_, name), metric in collector.metrics().items()}
        names = {line.split()[2] for line in exposed.splitlines() if line.startswith("# TYPE ")}
        self.assertEqual(set(told), names)
        calls = told["seamline_seam_calls_total"]["sum"]
        self.assertEqual((calls["aggregationTemporality"], calls["isMonotonic"]), (2, True))
        for point in told["seamline_seam_call_duration_seconds"]["histogram"]["dataPoints"]:
            self.assertEqual(sum(map(int, point["bucketCounts"])), int(point["count"]))
        self.assertIn("seamline_telemetry_spans_exported_total", names)

    def test_what_is_left_is_told_at_the_end(self):
        collector = self.collect()
        shop = self.split([], telemetry__endpoint=collector.url, telemetry__export_ms=3_600_000).start()
        self.order(shop, traceparent=f"00-{TRACE_ID}-{CLIENT_SPAN}-01")
        self.assertEqual(collector.requests, [])
        shop.stop()
        self.assertIn("POST /orders", [span["name"] for span in collector.spans(TRACE_ID)])
        self.assertEqual({path for path, _, _ in collector.requests}, {"/v1/traces", "/v1/metrics"})

    def test_a_collector_that_is_away_or_silent_is_felt_by_nobody(self):
        asked = []

        def silent(path):
            asked.append(path)
            time.sleep(2)
        for name, url in (("away", "http://127.0.0.1:1"), ("silent", self.collect(answer=silent).url)):
            with self.subTest(name):
                shop = self.split([], name, telemetry__endpoint=url, telemetry__timeout_ms=500, telemetry__queue_spans=50,
                                  **QUICK).start()
                user = shop.add_user()
                shop.add_product()
                started = time.monotonic()
                for _ in range(20):
                    reply = shop.post("/orders", {"items": [{"product_id": "p1", "quantity": 1}], "user_id": user}, Prefer="wait=10")
                    self.assertEqual(reply.json()["status"], "confirmed")
                self.assertLess(time.monotonic() - started, 10)
                dropped = lambda: shop.metric("seamline_telemetry_spans_dropped_total") > 0
                poll_until(dropped, 10, "spans that nobody takes are dropped, and counted")
                started = time.monotonic()
                shop.stop()
                self.assertLess(time.monotonic() - started, 10)
        self.assertIn("/v1/traces", asked)

    def test_opentelemetrys_variables_are_heard_and_our_own_are_stronger(self):
        collector = self.collect()
        shop = self.split([], **QUICK)
        shop.environment |= {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url + "/prefix/", "OTEL_SERVICE_NAME": "theirs",
                             "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=a%20test,service.version=7",
                             "OTEL_EXPORTER_OTLP_HEADERS": "authorization=Bearer%20key", "OTEL_TRACES_SAMPLER": "always_off"}
        shop.start()
        self.order(shop)
        poll_until(lambda: collector.requests, 20, "metrics come")
        shop.stop()
        self.assertEqual({path for path, _, _ in collector.requests}, {"/prefix/v1/metrics"}, "nothing is sampled")
        self.assertEqual({headers["authorization"] for _, headers, _ in collector.requests}, {"Bearer key"})
        resource, _ = collector.resources("metrics")[0]
        self.assertEqual((resource["service.name"], resource["service.version"], resource["deployment.environment.name"]),
                         ("theirs", "7", "a test"))
        self.assertNotIn("Bearer", shop.log())

        shop.environment["SEAMLINE_TELEMETRY__SERVICE_NAME"] = "ours"
        shop.environment["SEAMLINE_TELEMETRY__SAMPLER"] = "always_on"
        shop.start()
        shop.get("/products")
        shop.stop()
        self.assertIn("ours", {resource["service.name"] for resource, _ in collector.resources("traces")})

        shop.environment["OTEL_SDK_DISABLED"] = "TRUE"
        before = len(collector.requests)
        shop.start()
        shop.get("/products")
        shop.stop()
        self.assertEqual(len(collector.requests), before)


if __name__ == "__main__":
    unittest.main()
