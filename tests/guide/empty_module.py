"""A module that has no events of its own and answers few calls: what our shop asks of the place where a module should be, while the
guide's service does the module's work over Kafka."""
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

PRICES = {"p1": 250, "p2": 100}
OPERATIONS = ("inventory.add_product", "inventory.restock", "inventory.get_product", "inventory.list_products", "inventory.quote")
EVENTS = ("InventoryReserved", "InventoryFailed", "InventoryReleased", "InventoryExpired")
LOG = {"Seamline-Log-Id": "empty", "Seamline-Log-Epoch": "1", "Seamline-Log-Head": "0"}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def do_GET(self):
        url = urlsplit(self.path)
        if url.path == "/contract":
            self.answer({"module": "inventory", "version": "the guide's", "operations": OPERATIONS,
                         "events": [f"seamline.inventory.{name}.v1" for name in EVENTS]})
        elif url.path == "/events/inventory":
            wait_ms = int(dict(parse_qsl(url.query)).get("wait", 0))
            self.server.is_over.wait(wait_ms / 1000)
            self.answer([], "application/cloudevents-batch+json", LOG)
        else:
            self.answer("ready")

    def do_PUT(self):
        self.answer(json.loads(self.body()))

    def do_POST(self):
        wanted = json.loads(self.body())["product_ids"]
        self.answer({"items": [{"product_id": name, "unit_price": PRICES[name], "currency": "EUR"} for name in wanted if name in PRICES]})

    def body(self):
        return self.rfile.read(int(self.headers["Content-Length"]))

    def answer(self, value, content_type="application/json", headers=None):
        text = json.dumps(value).encode()
        self.send_response(200)
        for name, line in {"Content-Type": content_type, "Content-Length": str(len(text)), **(headers or {})}.items():
            self.send_header(name, line)
        self.end_headers()
        self.wfile.write(text)


class EmptyInventory(ThreadingHTTPServer):
    """Serves until close()."""
    daemon_threads = True

    def __init__(self, port):
        super().__init__(("127.0.0.1", port), Handler)
        self.is_over = threading.Event()
        self._thread = threading.Thread(target=self.serve_forever)
        self._thread.start()

    def close(self):
        self.is_over.set()
        self.shutdown()
        self._thread.join()
        self.server_close()
