"""A real OpenTelemetry Collector takes what every process of a shop tells it."""
import re
import sys
import unittest
from pathlib import Path

from otlp import tree
from shop import poll_until
from split import MODULES, SplitTest

sys.path.append(str(Path(__file__).resolve().parents[1] / "servers"))
from servers import Collector  # noqa: E402

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
KINDS = {"Unspecified": 0, "Internal": 1, "Server": 2, "Client": 3, "Producer": 4, "Consumer": 5}


def told(log):
    """The spans in the words of the collector's debug exporter."""
    spans = []
    service = None
    for line in log.splitlines():
        if found := re.search(r"-> service\.name: Str\((.*)\)", line):
            service = found[1]
        elif line.startswith("Span #"):
            spans.append({"service": service, "error": None})
        elif found := re.match(r"    (Trace ID|Parent ID|ID|Name|Kind|Status message) +: (.*)", line):
            spans[-1][found[1]] = found[2]
    return [{"service": span["service"], "id": span["ID"], "parent": span["Parent ID"] or None, "name": span["Name"],
             "kind": KINDS[span["Kind"]], "error": span["Status message"] or None}
            for span in spans if span.get("Trace ID") == TRACE_ID and "Status message" in span]


class CollectorTest(SplitTest):
    def test_a_collector_takes_the_tree_of_an_order_across_five_processes_and_their_metrics(self):
        trees = {}
        with Collector() as collector:
            log = lambda: Path(collector.details["log"]).read_text(errors="replace")
            for remote in ((), MODULES):
                start = len(log())
                shop = self.split(remote, f"data{len(remote)}", telemetry__endpoint=f"http://{collector.address}",
                                  telemetry__export_ms=50).start()
                user = shop.add_user()
                shop.add_product()
                reply = shop.post("/orders", {"items": [{"product_id": "p1", "quantity": 1}], "user_id": user}, Prefer="wait=10",
                                  traceparent=f"00-{TRACE_ID}-00f067aa0ba902b7-01")
                self.assertEqual(reply.json()["status"], "confirmed", reply)
                spans = lambda: told(log()[start:])
                poll_until(lambda: len([one for one in spans() if one["name"].startswith("order.OrderConfirmed.v1 -> ")]) == 2, 30,
                           lambda: "the saga ends:\n" + "\n".join(tree(spans())))
                for name, process in shop.processes().items():
                    self.assertEqual(process.metric("seamline_telemetry_spans_failed_total"), 0, name)
                    self.assertEqual(process.metric("seamline_telemetry_metrics_failed_total"), 0, name)
                    poll_until(lambda: process.metric("seamline_telemetry_metrics_exported_total") > 0, 10, "metrics were taken")
                shop.stop()
                trees[len(remote)] = tree(spans())
                services = {span["service"] for span in spans()}
                self.assertEqual(services, {"gateway", *(f"{module}-service" for module in remote)})
            self.assertIn("-> Name: seamline_seam_call_duration_seconds", log())
        self.assertEqual(trees[4], trees[0])
        self.assertEqual(trees[4][:3], ["server POST /orders", "  client gateway -> order.place", "    server order.place"])


if __name__ == "__main__":
    unittest.main()
