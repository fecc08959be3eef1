"""A collection that does not hold still: what answers as a MongoDB server, and changes a document whenever it has given some away. A find()
over it has one order before and another one after something happened to both, which the tests' server never shows."""
import itertools
import json
import socket
import struct
import threading

from mongodb import INT32, OP_MSG, decode, encode
from stores import chain_hash

OP_REPLY, OP_QUERY = 1, 2004
BATCH = 8
# Orders are confirmed so many orders after they were placed.
LAG = 5
USER = "u1"
ITEMS = [{"product_id": "p1", "quantity": 2, "unit_price": 250}]
PRICED = {"items": ITEMS, "total": 500, "currency": "EUR"}


class World:
    """The documents of an order store in which one thing happens after the other."""

    def __init__(self, done):
        self.documents = {"ownership": {"_id": "ownership", "revision": 1, "body": {"log_id": "a log", "epoch": 1}}}
        self._seq, self._hash = 0, bytes(32)
        self._writes = self._endless()
        self.advance(done)

    def advance(self, writes):
        for _ in range(writes):
            next(self._writes)
            # The broker has all that was written, and says so.
            self.documents["receipt/kafka orders"] = {"_id": "receipt/kafka orders", "revision": self._seq,
                                                      "body": {"seq": self._seq, "at_ms": 0}}

    def _endless(self):
        for number in itertools.count():
            yield self._place(f"order-{number:06}")
            if number >= LAG:
                yield self._confirm(f"order-{number - LAG:06}")

    def _entry(self, order_id, name, **said):
        self._seq += 1
        entry = {"seq": self._seq, "epoch": 1, "type": f"seamline.order.{name}.v1", "at_ms": 0, "trace": "",
                 "payload": json.dumps({"type": name, "order_id": order_id, **said})}
        self._hash = chain_hash(self._hash, entry | {"subject": order_id})
        return entry | {"hash": self._hash}

    def _place(self, order_id):
        events = [("OrderStarted", {"user_id": USER, "user_name": "Ada"}), ("ItemAdded", {"product_id": "p1", "quantity": 2}),
                  ("OrderPlaced", PRICED)]
        entry = self._entry(order_id, "OrderCreated", user_id=USER, **PRICED)
        self.documents[f"subject/{order_id}"] = {
            "_id": f"subject/{order_id}", "revision": 1, "last_seq": entry["seq"], "log": [entry],
            "timers": [{"kind": "order.deadline", "due_at_ms": 0}],
            "body": {"status": "placed", "user_id": USER, "user_name": "Ada", "total_minor": 500, "currency": "EUR", "version": 3,
                     "created_at_ms": 0, "items": [{"product_id": "p1", "quantity": 2, "unit_price_minor": 250}],
                     "events": [{"version": version, "type": name, "at_ms": 0, "data": json.dumps(data)}
                                for version, (name, data) in enumerate(events, start=1)]}}

    def _confirm(self, order_id):
        before = self.documents[f"subject/{order_id}"]
        entry = self._entry(order_id, "OrderConfirmed")
        body = before["body"] | {"status": "confirmed", "version": 4, "events": [
            *before["body"]["events"], {"version": 4, "type": "OrderConfirmed", "at_ms": 0, "data": "{}"}]}
        self.documents[before["_id"]] = before | {"revision": 2, "last_seq": entry["seq"], "log": [*before["log"], entry], "timers": [],
                                                  "body": body}

    def find(self, wanted):
        """The documents that match, each as it is when it is reached."""
        compare = {"$lt": lambda a, b: a < b, "$gt": lambda a, b: a > b, "$gte": lambda a, b: a >= b}
        ((member, condition),) = wanted.items()
        ((name, limit),) = condition.items()
        # As a server goes through a collection: in the order in which they were made.
        for key in list(self.documents):
            document = self.documents[key]
            if member in document and compare[name](document[member], limit):
                yield document


def hello():
    """What a server says of itself. The library wants its numbers in 32 bits."""
    numbers = {"minWireVersion": 0, "maxWireVersion": 13, "maxBsonObjectSize": 1 << 24, "maxMessageSizeBytes": 1 << 25,
               "maxWriteBatchSize": 1000}
    body = b"".join(bytes([INT32]) + name.encode() + b"\0" + struct.pack("<i", value) for name, value in numbers.items())
    body += encode({"ismaster": True, "isWritablePrimary": True, "ok": 1.0})[4:-1]
    return struct.pack("<i", len(body) + 5) + body + b"\0"


class MovingServer:
    """Serves a World on a free port. `moves`: how much happens in it whenever some of its documents were given away."""

    def __init__(self, moves):
        self.world = World(done=80)
        self._moves = moves
        self._cursors, self._numbers = {}, itertools.count(1)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def config(self):
        return {"storage.order.kind": "mongodb", "storage.order.url": f"mongodb://127.0.0.1:{self._listener.getsockname()[1]}/shop"}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def _serve(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection, connection.makefile("rwb") as stream:
                while header := stream.read(16):
                    size, number, _, kind = struct.unpack("<iiii", header)
                    stream.write(self._answer(kind, number, stream.read(size - 16)))
                    stream.flush()

    def _answer(self, kind, number, message):
        if kind == OP_QUERY:
            reply = struct.pack("<iqii", 8, 0, 0, 1) + hello()
            return struct.pack("<iiii", len(reply) + 16, 0, number, OP_REPLY) + reply
        reply = struct.pack("<IB", 0, 0) + self._run(decode(message[5:]))
        return struct.pack("<iiii", len(reply) + 16, 0, number, OP_MSG) + reply

    def _run(self, command):
        if "find" in command:
            return self._batch("firstBatch", next(self._numbers), self.world.find(command["filter"]))
        if "getMore" in command:
            return self._batch("nextBatch", command["getMore"], self._cursors.pop(command["getMore"]))
        return hello()

    def _batch(self, name, number, documents):
        batch = list(itertools.islice(documents, BATCH))
        self.world.advance(self._moves)
        is_last = len(batch) < BATCH
        if not is_last:
            self._cursors[number] = documents
        return encode({"cursor": {"id": 0 if is_last else number, "ns": "shop.order", name: batch}, "ok": 1.0})
