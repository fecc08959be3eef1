"""Shops whose events a Kafka broker carries at the guide's address, and the guide's services beside them."""
import json
import subprocess
import sys
import threading
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path += [str(HERE.parent / "system"), str(HERE.parent / "servers")]
from auditing import audit, wait_until_quiet  # noqa: E402,F401
from servers import Kafka  # noqa: E402
from shop import poll_until  # noqa: E402
from split import SplitTest  # noqa: E402

PORT = 9092
TIMEOUT_S = 60


class GuidesServices(subprocess.Popen):
    """services.py, and what it has said so far."""

    def __init__(self, *arguments):
        super().__init__([sys.executable, "-B", HERE / "services.py", *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                         bufsize=1)
        self.said = []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self):
        for line in self.stdout:
            self.said.append(json.loads(line))

    def do(self, **what):
        self.stdin.write(json.dumps(what) + "\n")

    def calls(self, name):
        """The arguments of all calls of this function of its surroundings, in order."""
        return [line["arguments"] for line in list(self.said) if line.get("call") == name]

    def published(self, order_id):
        return [line["published"]["type"] for line in list(self.said) if line.get("published", {}).get("order_id") == order_id]

    def close(self):
        self.kill()
        self.wait(10)
        self._reader.join(10)
        self.stdin.close()
        self.stdout.close()


class KafkaTest(SplitTest):
    """A broker of its own for each test: all of them use the same topics, and orders with the same numbers."""

    def setUp(self):
        self.kafka = Kafka("--port", str(PORT))
        self.addCleanup(self.kafka.close)
        super().setUp()

    def services(self, *arguments):
        services = GuidesServices(*arguments)
        self.addCleanup(services.close)
        return services

    def carried(self, remote=(), **settings):
        """A shop that runs, with a user and two products."""
        shop = self.split(remote, events__carrier="kafka", kafka__brokers=f"localhost:{PORT}", **settings).start()
        self.user = shop.add_user()
        shop.add_product("p1", price=250, stock=20)
        shop.add_product("p2", price=100, stock=20)
        return shop

    def place(self, shop, quantity=2, wait_s=20):
        placed = shop.post("/orders", {"user_id": self.user, "items": [{"product_id": "p1", "quantity": quantity}]}, Prefer=f"wait={wait_s}")
        self.assertEqual(placed.status, 201, placed)
        return placed.json()

    def payments_of(self, shop, order_id):
        return [(row["status"], row["amount"], row["reason"]) for row in shop.get(f"/payments?order_id={order_id}").json()["items"]]

    def wait_for(self, condition, what):
        return poll_until(condition, TIMEOUT_S, what, every_s=0.1)
