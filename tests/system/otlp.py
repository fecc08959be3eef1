"""A collector for tests: takes OTLP/HTTP JSON as the protobuf names it, and refuses anything else; and the trees that spans make."""
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# Messages of opentelemetry-proto 1.x as far as they are used: member -> the message it holds, or how its value looks in JSON.
U64 = r"\d{1,20}"
MESSAGES = {
    "traces": {"resourceSpans": ["ResourceSpans"]},
    "metrics": {"resourceMetrics": ["ResourceMetrics"]},
    "ResourceSpans": {"resource": "Resource", "scopeSpans": ["ScopeSpans"]},
    "ScopeSpans": {"scope": "Scope", "spans": ["Span"]},
    "ResourceMetrics": {"resource": "Resource", "scopeMetrics": ["ScopeMetrics"]},
    "ScopeMetrics": {"scope": "Scope", "metrics": ["Metric"]},
    "Resource": {"attributes": ["KeyValue"]},
    "Scope": {"name": str},
    "KeyValue": {"key": str, "value": "AnyValue"},
    "AnyValue": {"stringValue": str, "intValue": re.compile(r"-?\d{1,19}")},
    "Span": {"traceId": re.compile("[0-9a-f]{32}"), "spanId": re.compile("[0-9a-f]{16}"), "traceState": str,
             "parentSpanId": re.compile("[0-9a-f]{16}"), "flags": int, "name": str, "kind": int,
             "startTimeUnixNano": re.compile(U64), "endTimeUnixNano": re.compile(U64), "attributes": ["KeyValue"], "status": "Status"},
    "Status": {"message": str, "code": int},
    "Metric": {"name": str, "description": str, "unit": str, "sum": "Sum", "gauge": "Gauge", "histogram": "Histogram"},
    "Sum": {"aggregationTemporality": int, "isMonotonic": bool, "dataPoints": ["NumberDataPoint"]},
    "Gauge": {"dataPoints": ["NumberDataPoint"]},
    "Histogram": {"aggregationTemporality": int, "dataPoints": ["HistogramDataPoint"]},
    "NumberDataPoint": {"attributes": ["KeyValue"], "startTimeUnixNano": re.compile(U64), "timeUnixNano": re.compile(U64),
                        "asDouble": (int, float)},
    "HistogramDataPoint": {"attributes": ["KeyValue"], "startTimeUnixNano": re.compile(U64), "timeUnixNano": re.compile(U64),
                           "count": re.compile(U64), "sum": (int, float), "bucketCounts": [re.compile(U64)],
                           "explicitBounds": [(int, float)]},
}


def violations(value, form, place="request"):
    """Where a value is not as the protobuf has it in JSON."""
    if isinstance(form, list):
        if not isinstance(value, list):
            return [f"{place} is no list"]
        return [found for i, one in enumerate(value) for found in violations(one, form[0], f"{place}[{i}]")]
    if isinstance(form, str):
        if not isinstance(value, dict):
            return [f"{place} is no object"]
        known = MESSAGES[form]
        return [found for name, one in value.items()
                for found in (violations(one, known[name], f"{place}.{name}") if name in known else [f"{place}.{name} is unknown"])]
    if isinstance(form, re.Pattern):
        return [] if isinstance(value, str) and form.fullmatch(value) else [f"{place} is {value!r}"]
    return [] if isinstance(value, form) else [f"{place} is {value!r}"]


class StandInCollector:
    """Keeps what it is told. `answer(path)` may say another status than 200, or None for no answer at all."""

    def __init__(self, answer=lambda path: 200):
        collector = self
        self.requests = []  # (path, headers, value)
        self.violations = []
        self._lock = threading.Lock()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = answer(self.path)
                if status == 200:
                    collector._keep(self.path, self.headers, body)
                if status is None:
                    self.close_connection = True
                    return
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def _keep(self, path, headers, body):
        value = json.loads(body)
        with self._lock:
            self.requests.append((path, dict(headers), value))
            self.violations += violations(value, path.rsplit("/", 1)[1])

    def resources(self, kind):
        """`kind` is traces or metrics. Pairs of a resource's attributes and what was told of it."""
        outer = {"traces": "resourceSpans", "metrics": "resourceMetrics"}[kind]
        with self._lock:
            requests = list(self.requests)
        return [(attributes(one["resource"]), one) for path, _, value in requests if path.endswith(kind) for one in value[outer]]

    def spans(self, trace_id):
        """The spans of one trace, each with the service that told of it."""
        return spans_of([told for _, told in self.resources("traces")], trace_id)

    def metrics(self):
        """Name of each metric -> its last form, by service."""
        return {(resource["service.name"], metric["name"]): metric
                for resource, told in self.resources("metrics") for scope in told["scopeMetrics"] for metric in scope["metrics"]}


def attributes(thing):
    return {one["key"]: next(iter(one["value"].values())) for one in thing.get("attributes", ())}


def spans_of(resource_spans, trace_id):
    """The spans of one trace among what was told of some resources, each with the service that told of it."""
    return [{"service": attributes(told["resource"])["service.name"], "id": span["spanId"], "parent": span.get("parentSpanId") or None,
             "name": span["name"], "kind": span["kind"], "error": span["status"].get("message"), "attributes": attributes(span)}
            for told in resource_spans for scope in told["scopeSpans"] for span in scope["spans"] if span["traceId"] == trace_id]


def as_if_paid_last(spans):
    """The same spans of an order. Inventory reserves when it has heard of the order and of its payment, in whichever order they
    come, and what it says is below the later one: here always below the payment."""
    by_name = {span["name"]: span["id"] for span in spans}
    causes = [by_name[name] for name in ("payment.PaymentSuccess.v1 -> inventory", "order.OrderCreated.v1 -> inventory")]
    reserved = "inventory.InventoryReserved.v1 -> order"
    return [{**span, "parent": causes[0]} if span["name"] == reserved and span["parent"] in causes else span for span in spans]


KINDS = ("?", "internal", "server", "client", "producer", "consumer")


def tree(spans):
    """The spans as lines, each below the one that caused it, without ids, times and services."""
    ids = {span["id"] for span in spans}

    def below(parent):
        children = [span for span in spans if (span["parent"] if span["parent"] in ids else None) == parent]
        texts = sorted((f"{KINDS[span['kind']]} {span['name']}" + (f" !{span['error']}" if span["error"] else ""), below(span["id"]))
                       for span in children)
        return [line for text, inner in texts for line in (text, *("  " + one for one in inner))]
    return below(None)
