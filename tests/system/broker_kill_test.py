"""The promise, with brokers: whichever of a shop's processes is killed, and whatever becomes of the brokers between them, nothing that
was acknowledged is lost, and nothing happens twice."""
import json
import socket
import sys
import time
import unittest
from contextlib import closing
from pathlib import Path

from auditing import connect
from kill_test import KillCase
from shop import poll_until
from split import MODULES
from split_kill_test import SplitKillTest

sys.path += [str(Path(__file__).resolve().parents[1] / folder) for folder in ("servers", "crash")]
from points import FOLLOWED, OF_FOREIGN_ORDERS, OVER_A_BROKER, scan  # noqa: E402
from servers import Kafka, Nats  # noqa: E402

ROUNDS = 8
# Of an order that the shop does not know: heard, and without an effect.
FOREIGN = {"type": "PaymentFailed", "order_id": "nobody", "payment_id": "nothing", "reason": "of others"}


class BrokerKillTest(KillCase):
    SETTINGS = SplitKillTest.SETTINGS

    def broker(self, kind):
        broker = kind()
        self.addCleanup(broker.close)
        return broker

    def test_kafka_between_five_processes(self):
        kafka = self.broker(Kafka)
        self.kill_under_load([kafka], events__carrier="kafka", kafka__brokers=kafka.address, kafka__partitions=3)

    def test_nats_between_five_processes(self):
        nats = self.broker(Nats)
        self.kill_under_load([nats], events__carrier="nats", nats__urls=nats.details["url"])

    def test_each_module_with_another_carrier(self):
        kafka, nats = self.broker(Kafka), self.broker(Nats)
        self.kill_under_load([kafka, nats], kafka__brokers=kafka.address, nats__urls=nats.details["url"], modules__order__carrier="kafka",
                             modules__payment__carrier="nats", modules__inventory__carrier="http")

    def test_a_death_at_each_point_of_a_relay_and_of_a_receiver(self):
        nats = self.broker(Nats)
        self.open_shop(self.split(MODULES, **self.SETTINGS, events__carrier="nats", nats__urls=nats.details["url"]))
        customers = self.start_customers()
        for point in scan():
            if not point.file.startswith(OVER_A_BROKER):
                continue
            is_foreign = "foreign" in point.name
            for module in ("order",) if is_foreign else FOLLOWED:
                self.die_at(module, point.name, lambda: publish(nats, "payments", FOREIGN) if is_foreign else None)
        self.finish_and_audit(customers)

    def test_a_death_at_each_point_of_the_question_for_a_price(self):
        nats = self.broker(Nats)
        self.server = self.split(("payment",), **self.SETTINGS, events__carrier="nats", nats__urls=nats.details["url"],
                                 modules__order__placement="foreign").start()
        self.server.add_product("p1", price=250)
        points = [point.name for point in scan() if point.file.startswith(OF_FOREIGN_ORDERS)]
        self.assertEqual(len(points), 3)
        for order_id, point in enumerate(points, 1):
            order = {"type": "OrderCreated", "order_id": order_id, "items": [{"product_id": "p1", "quantity": 2}]}
            self.die_at("payment", point, lambda: publish(nats, "orders", order))
            poll_until(lambda: self.payment_of(order_id) == ("captured", 500), 30, lambda: f"{point}: {self.payment_of(order_id)}")
        self.server.stop()
        with closing(connect(self.server.data_dir, "payment")) as books:
            said = books.execute("SELECT subject, count(*) FROM event_log GROUP BY subject ORDER BY subject").fetchall()
            moved = books.execute("SELECT order_id, count(*), max(amount_minor) FROM ledger_entries GROUP BY order_id").fetchall()
        self.assertEqual(said, [(str(order_id), 1) for order_id in range(1, 4)])
        self.assertEqual(moved, [(str(order_id), 2, 500) for order_id in range(1, 4)])

    def payment_of(self, order_id):
        reply = self.server.get(f"/payments?order_id={order_id}")
        items = reply.json()["items"] if reply.status == 200 else []
        return (items[0]["status"], items[0]["amount"]) if items else reply

    def die_at(self, module, point, meanwhile):
        service = self.server.services[module]
        service.stop()
        service.environment["SEAMLINE_CRASH_AT"] = f"{module}/{point}"
        service.launch()

        def has_died():
            meanwhile()
            return service.process.poll() is not None
        poll_until(has_died, 60, f"{module} dies at {point}", every_s=0.1)
        service.process = None
        del service.environment["SEAMLINE_CRASH_AT"]
        service.start()

    def kill_under_load(self, brokers, **settings):
        self.open_shop(self.split(MODULES, **{**self.SETTINGS, **settings}))
        processes = self.server.processes()
        customers = self.start_customers()
        for round_number in range(ROUNDS):
            time.sleep(self.random.uniform(0.05, 0.4))
            name = self.random.choice(sorted(processes))
            processes[name].kill()
            broker = self.random.choice(brokers)
            if round_number % 3 == 0:
                broker.kill()
                if round_number % 2 == 0:
                    broker.wipe()
            processes[name].launch()
            processes[name].wait_ready()
            if round_number % 3 == 0:
                broker.start()
        self.finish_and_audit(customers)


def publish(nats, subject, event):
    """As any client of NATS does, by its protocol in text."""
    body = json.dumps(event).encode()
    with socket.create_connection(("127.0.0.1", nats.port)) as connection:
        connection.sendall(b'CONNECT {"verbose":false}\r\nPUB %s %d\r\n%s\r\nPING\r\n' % (subject.encode(), len(body), body))
        while b"PONG" not in connection.recv(4096):
            pass


if __name__ == "__main__":
    unittest.main()
