"""The guide's Python services over Kafka, as a program that a test speaks to.

    services.py asynchronous           the order and the payment service of block 10
    services.py saga ROLE…             those services of block 19 that are named: order, payment, inventory

Reads a line of JSON for each thing to do: {"create_order": [user_id, items]}, {"fail": NAME} and {"succeed": NAME}, after which the
function NAME of its surroundings raises or works. Writes one for each thing that its code has asked of its surroundings."""
import json
import sys
import threading
import time

import python_packages
from snippets import Table, run_python

BROKER = "localhost:9092"
START_TIMEOUT_S = 60
TOPICS = {"Order": "orders", "Payment": "payments", "Inventory": "inventory"}
PRICES = {"p1": 250, "p2": 100}


class Surroundings:
    """What the guide's functions call. Each says so, and works unless it is to fail."""

    def __init__(self):
        self.failing = set()
        self.writing = threading.Lock()
        self.paid = 0

    def say(self, **line):
        with self.writing:
            print(json.dumps(line), flush=True)

    def do(self, name, **arguments):
        fails = name in self.failing
        self.say(call=name, fails=fails, **arguments)
        if fails:
            raise RuntimeError(f"{name} is to fail")

    def process_payment(self, *arguments):
        """Of a total, in block 19; of an order and its items, in block 10."""
        self.do("process_payment", arguments=arguments)
        self.paid += 1
        return {"id": self.paid}

    def reserve_inventory(self, order_id):
        self.do("reserve_inventory", arguments=[order_id])

    def refund_payment(self, order_id):
        self.do("refund_payment", arguments=[order_id])

    @staticmethod
    def calculate_total(items):
        return sum(PRICES[item["product_id"]] * item["quantity"] for item in items)


def topic_of(kind):
    return next(topic for start, topic in TOPICS.items() if kind.startswith(start))


def asynchronous(around):
    guide = {"json": json, "db": Table(), "process_payment": around.process_payment}
    # It ends by listening for ever, so that what it defines is used beside it, as soon as that is there.
    threading.Thread(target=run_python, args=("10_asynchronous.python", guide), daemon=True).start()
    give_up = time.monotonic() + START_TIMEOUT_S
    while "consumer" not in guide:
        if time.monotonic() > give_up:
            raise TimeoutError(f"the guide's code has not begun to listen within {START_TIMEOUT_S} s")
        time.sleep(0.02)
    return guide


def saga(around, roles):
    from kafka import KafkaConsumer, KafkaProducer  # pylint: disable=import-outside-toplevel
    producer = KafkaProducer(bootstrap_servers=BROKER)

    def publish_event(event):
        around.say(published=event)
        producer.send(topic_of(event["type"]), json.dumps(event).encode())

    guide = run_python("19_saga.python", {
        "db": Table(), "publish_event": publish_event, "calculate_total": around.calculate_total, "process_payment": around.process_payment,
        "reserve_inventory": around.reserve_inventory, "refund_payment": around.refund_payment})
    handlers = {"payment": {"OrderCreated": "handle_order_created", "InventoryFailed": "handle_inventory_failed"},
                "inventory": {"PaymentSuccess": "handle_payment_success"}, "order": {}}
    heard = {kind: guide[handler] for role in roles for kind, handler in handlers[role].items()}

    def listen():
        topics = sorted({topic_of(kind) for kind in heard})
        for message in KafkaConsumer(*topics, bootstrap_servers=BROKER, auto_offset_reset="earliest", metadata_max_age_ms=500):
            event = json.loads(message.value.decode())
            if event["type"] in heard:
                heard[event["type"]](event)

    if heard:
        threading.Thread(target=listen, daemon=True).start()
    return guide


def main():
    python_packages.use()
    around = Surroundings()
    guide = asynchronous(around) if sys.argv[1] == "asynchronous" else saga(around, sys.argv[2:])
    for line in sys.stdin:
        for what, value in json.loads(line).items():
            if what == "create_order":
                guide["create_order"](*value)
            else:
                (around.failing.add if what == "fail" else around.failing.discard)(value)


if __name__ == "__main__":
    main()
