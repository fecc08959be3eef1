"""A real OpenTelemetry Collector takes what every process of a shop tells it."""
import json
import sys
import unittest
from pathlib import Path

from otlp import as_if_paid_last, spans_of, tree
from shop import poll_until
from split import MODULES, SplitTest

sys.path.append(str(Path(__file__).resolve().parents[1] / "servers"))
from servers import Collector  # noqa: E402

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"


class CollectorTest(SplitTest):
    def received(self, collector):
        """What the collector has written down, a value for each request that it took."""
        output = Path(collector.details["output"])
        lines = output.read_text().splitlines(keepends=True) if output.exists() else []
        return [json.loads(line) for line in lines if line.endswith("\n")]

    def spans(self, collector):
        return spans_of([told for request in self.received(collector) for told in request.get("resourceSpans", ())], TRACE_ID)

    def trace_of_an_order(self, remote):
        """The spans of one order, as the collector has understood them."""
        with Collector() as collector:
            shop = self.split(remote, f"data{len(remote)}", telemetry__endpoint=collector.details["url"],
                              telemetry__export_ms=50).start()
            user = shop.add_user()
            shop.add_product()
            reply = shop.post("/orders", {"items": [{"product_id": "p1", "quantity": 1}], "user_id": user}, Prefer="wait=10",
                              traceparent=f"00-{TRACE_ID}-00f067aa0ba902b7-01")
            self.assertEqual(reply.json()["status"], "confirmed", reply)
            last = "order.OrderConfirmed.v1 -> "
            poll_until(lambda: len([span for span in self.spans(collector) if span["name"].startswith(last)]) == 2, 30,
                       lambda: "the saga ends:\n" + "\n".join(tree(self.spans(collector))))
            for name, process in shop.processes().items():
                poll_until(lambda: process.metric("seamline_telemetry_metrics_exported_total") > 0, 10, f"{name} tells metrics")
                self.assertEqual(process.metric("seamline_telemetry_spans_failed_total"), 0, name)
                self.assertEqual(process.metric("seamline_telemetry_metrics_failed_total"), 0, name)
            shop.stop()
            services = {f"{module}-service" for module in remote} | {"gateway"}
            poll_until(lambda: {span["service"] for span in self.spans(collector)} == services, 10, "all have told")
            metrics = {metric["name"]: metric for request in self.received(collector) for told in request.get("resourceMetrics", ())
                       for scope in told["scopeMetrics"] for metric in scope["metrics"] if has_points(metric)}
            self.assertTrue(metrics["seamline_seam_calls_total"]["sum"]["isMonotonic"])
            self.assertTrue(metrics["seamline_seam_call_duration_seconds"]["histogram"]["dataPoints"])
            self.assertIn("process_resident_memory_bytes", metrics)
            return as_if_paid_last(self.spans(collector))

    def test_a_collector_takes_the_same_tree_of_an_order_from_one_process_and_from_five(self):
        local = tree(self.trace_of_an_order(()))
        self.assertEqual(tree(self.trace_of_an_order(MODULES)), local)
        self.assertEqual(local[:3], ["server POST /orders", "  client gateway -> order.place_order", "    server order.place_order"])


def has_points(metric):
    """A process that calls nobody tells of no call, whoever comes last."""
    return any(metric.get(kind, {}).get("dataPoints") for kind in ("sum", "gauge", "histogram"))


if __name__ == "__main__":
    unittest.main()
