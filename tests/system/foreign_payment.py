"""A payment service in another language and with no code of the shop: it speaks payment's contract over HTTP, and its events as
src/decisions/0012-events-over-http.md has them. Python's standard library alone; its store is one SQLite file.

    foreign_payment.py --listen 127.0.0.1:8103 --file payment.db --order http://127.0.0.1:8102 --inventory http://127.0.0.1:8104"""
import argparse
import hashlib
import json
import sqlite3
import threading
import time
import urllib.error
import urllib.request
import uuid
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

NO_HASH = bytes(32)
EPOCH = 1
OPERATIONS = ("payment.get_payment", "payment.find_payments", "payment.get_invoice")
EVENTS = ("PaymentSuccess", "PaymentFailed", "PaymentRefunded")
REFUSALS = {"tok_declined": "declined", "tok_insufficient_funds": "insufficient_funds"}
SCHEMA = """
CREATE TABLE IF NOT EXISTS identity (log_id TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS log (seq INTEGER PRIMARY KEY, type TEXT, subject TEXT, at_ms INTEGER, data TEXT, hash BLOB);
CREATE TABLE IF NOT EXISTS cursors (publisher TEXT PRIMARY KEY, log_id TEXT, epoch INTEGER, seq INTEGER, hash BLOB);
CREATE TABLE IF NOT EXISTS payments (order_id TEXT PRIMARY KEY, payment_id TEXT, amount INTEGER, currency TEXT, status TEXT, reason TEXT,
                                     ending TEXT);
CREATE TABLE IF NOT EXISTS invoices (order_id TEXT PRIMARY KEY, invoice_id TEXT, issued_at TEXT);
"""


class NotThisLog(Exception):
    """What a publisher sent does not follow from what was read before. Nothing may be skipped, so nothing is read."""


def chain_hash(before, sequence, epoch, kind, subject, at_ms, traceparent, data):
    parts = [str(sequence), str(epoch), kind, subject, str(at_ms), traceparent, data]
    return hashlib.sha256(before + b"".join(b"%d:%s," % (len(part.encode()), part.encode()) for part in parts)).digest()


def time_text(at_ms):
    return datetime.fromtimestamp(at_ms // 1000, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at_ms % 1000:03}Z"


def time_of(text):
    moment = datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc)
    return int(moment.timestamp()) * 1000 + moment.microsecond // 1000


def events_with_texts(batch):
    """Each event of a batch, with its data as the text that was sent: the hash is over those bytes."""
    decoder = json.JSONDecoder()
    for event in json.loads(batch):
        text = batch[batch.index(json.dumps(event["id"])):]
        start = text.index('"data":') + len('"data":')
        data, end = decoder.raw_decode(text, start)
        if data != event["data"]:
            raise NotThisLog("the data of an event stands where nobody expects it")
        yield event, text[start:end]


class Store:
    """Payments and their log. One thread at a time; each transaction is one call of `change`."""

    def __init__(self, file):
        self._database = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
        self._database.row_factory = sqlite3.Row
        self._database.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;" + SCHEMA)
        self.grown = threading.Condition(threading.RLock())
        if not self.rows("SELECT log_id FROM identity"):
            self._database.execute("INSERT INTO identity VALUES (?)", (uuid.uuid4().hex,))
        self.log_id = self.rows("SELECT log_id FROM identity")[0]["log_id"]

    def rows(self, statement, *values):
        with self.grown:
            return [dict(row) for row in self._database.execute(statement, values)]

    def write(self, statement, *values):
        self._database.execute(statement, values)

    def change(self, work):
        """Runs work() in a transaction; what it published becomes visible with its effects, or not at all."""
        with self.grown:
            self._database.execute("BEGIN IMMEDIATE")
            try:
                work()
            except BaseException:
                self._database.execute("ROLLBACK")
                raise
            self._database.execute("COMMIT")
            self.grown.notify_all()

    def head(self):
        last = self.rows("SELECT seq, hash FROM log ORDER BY seq DESC LIMIT 1")
        return (last[0]["seq"], last[0]["hash"]) if last else (0, NO_HASH)

    def publish(self, name, order_id, **more):
        seq, before = self.head()
        data = json.dumps({"type": name, "order_id": order_id, **more})
        kind, at_ms = f"seamline.payment.{name}.v1", time.time_ns() // 1_000_000
        self.write("INSERT INTO log VALUES (?, ?, ?, ?, ?, ?)", seq + 1, kind, order_id, at_ms, data,
                   chain_hash(before, seq + 1, EPOCH, kind, order_id, at_ms, "", data))

    def batch(self, after, limit):
        """Entries behind `after` as CloudEvents; the stored text of the data stands in it as it is."""
        texts = []
        for row in self.rows("SELECT * FROM log WHERE seq > ? ORDER BY seq LIMIT ?", after, limit):
            attributes = json.dumps({"specversion": "1.0", "id": f"{self.log_id}-{row['seq']}", "source": "/seamline/payment",
                                     "type": row["type"], "subject": row["subject"], "time": time_text(row["at_ms"]),
                                     "datacontenttype": "application/json", "sequence": str(row["seq"]), "epoch": str(EPOCH),
                                     "hash": row["hash"].hex()})
            texts.append(attributes[:-1] + ', "data": ' + row["data"] + "}")
        return "[" + ",".join(texts) + "]"


class Payments:
    """What each event means for the money. Every handler may run again for an order that it knows."""

    def __init__(self, store):
        self.store = store

    def _payment(self, order_id):
        found = self.store.rows("SELECT * FROM payments WHERE order_id = ?", order_id)
        if not found:
            self.store.write("INSERT INTO payments VALUES (?, ?, 0, 'EUR', 'none', NULL, 'open')", order_id, str(uuid.uuid4()))
            return self._payment(order_id)
        return found[0]

    def _become(self, order_id, status, reason=None):
        self.store.write("UPDATE payments SET status = ?, reason = ? WHERE order_id = ?", status, reason, order_id)

    def order_created(self, event):
        order_id = event["order_id"]
        payment = self._payment(order_id)
        if payment["status"] != "none" or payment["ending"] != "open":
            return
        self.store.write("UPDATE payments SET amount = ?, currency = ? WHERE order_id = ?", event["total"], event["currency"], order_id)
        refusal = REFUSALS.get(event["payment_token"])
        self._become(order_id, "failed" if refusal else "captured", refusal)
        if refusal:
            self.store.publish("PaymentFailed", order_id, payment_id=payment["payment_id"], reason=refusal)
        else:
            self.store.publish("PaymentSuccess", order_id, payment_id=payment["payment_id"], amount=event["total"])

    def order_confirmed(self, event):
        self.store.write("UPDATE payments SET ending = 'confirmed' WHERE order_id = ?", self._payment(event["order_id"])["order_id"])
        self.store.write("INSERT OR IGNORE INTO invoices VALUES (?, ?, ?)", event["order_id"], str(uuid.uuid4()),
                         time_text(time.time_ns() // 1_000_000))

    def order_cancelled(self, event):
        self._refund(event["order_id"], "order_cancelled")
        self.store.write("UPDATE payments SET ending = 'cancelled' WHERE order_id = ?", event["order_id"])

    def inventory_failed(self, event):
        self._refund(event["order_id"], event.get("reason") or "inventory_failed")

    def _refund(self, order_id, reason):
        payment = self._payment(order_id)
        if payment["status"] == "captured" and payment["ending"] != "confirmed":
            self._become(order_id, "refunded", reason)
            self.store.publish("PaymentRefunded", order_id, payment_id=payment["payment_id"], amount=payment["amount"], reason=reason)


class Subscriber(threading.Thread):
    """Follows the log of one publisher by long polls. Effects and cursor are one transaction."""

    def __init__(self, store, publisher, url, handlers):
        super().__init__(daemon=True)
        self.store, self.publisher, self.url, self.handlers = store, publisher, url, handlers
        self.pause = threading.Event()

    def run(self):
        while True:
            try:
                if self.read():
                    self.send_receipt()
            except (OSError, ValueError, KeyError, NotThisLog) as problem:
                print(f"payment does not hear {self.publisher} now: {problem!r}", flush=True)
                self.pause.wait(0.1)

    def cursor(self):
        found = self.store.rows("SELECT * FROM cursors WHERE publisher = ?", self.publisher)
        return found[0] if found else {"log_id": None, "epoch": 0, "seq": 0, "hash": NO_HASH}

    def read(self):
        """Asks once; returns whether anything came."""
        at = self.cursor()
        query = {"after": at["seq"], "limit": 100, "wait": 2000}
        if at["seq"] > 0:
            query.update(log=at["log_id"], epoch=at["epoch"], hash=at["hash"].hex())
        with urllib.request.urlopen(f"{self.url}/events/{self.publisher}?{urlencode(query)}", timeout=10) as answer:
            log_id, batch = answer.headers["Seamline-Log-Id"], answer.read().decode()
        if at["log_id"] not in (None, log_id):
            raise NotThisLog(f"the log is {log_id}, and was {at['log_id']}")
        events = list(events_with_texts(batch))
        if events:
            self.store.change(lambda: self._apply(events, {**at, "log_id": log_id}))
        return bool(events)

    def _apply(self, events, at):
        for event, text in events:
            seq, epoch = int(event["sequence"]), int(event["epoch"])
            follows = chain_hash(at["hash"], seq, epoch, event["type"], event.get("subject", ""), time_of(event["time"]),
                                 event.get("traceparent", ""), text)
            if seq != at["seq"] + 1 or follows.hex() != event["hash"]:
                raise NotThisLog(f"entry {seq} does not follow entry {at['seq']}")
            handler = self.handlers.get(event["type"].split(".")[2])
            if handler:
                handler(event["data"])
            at.update(seq=seq, epoch=epoch, hash=follows)
        self.store.write("INSERT OR REPLACE INTO cursors VALUES (?, ?, ?, ?, ?)", self.publisher, at["log_id"], at["epoch"], at["seq"],
                         at["hash"])

    def send_receipt(self):
        body = json.dumps({"seq": self.cursor()["seq"]}).encode()
        request = urllib.request.Request(f"{self.url}/events/{self.publisher}/receipts/payment", body, {"Content-Type": "application/json"},
                                         method="PUT")
        urllib.request.urlopen(request, timeout=10).close()


def handler_class(store):
    """The routes of payment, and what peers ask of every service."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def log_message(self, *_):
            pass

        def do_GET(self):
            url = urlsplit(self.path)
            query = dict(parse_qsl(url.query))
            match url.path.strip("/").split("/"):
                case ["livez" | "readyz"]:
                    self._answer(200, "ready\n", "text/plain; charset=utf-8")
                case ["contract"]:
                    self._json({"module": "payment", "version": "foreign", "operations": OPERATIONS,
                                "events": [f"seamline.payment.{name}.v1" for name in EVENTS]})
                case ["events", "payment"]:
                    self._events(query)
                case ["payments"]:
                    self._json({"items": self._payments("order_id", query.get("order_id")), "next_cursor": None})
                case ["payments", payment_id]:
                    self._one(self._payments("payment_id", payment_id), "payment.not_found")
                case ["invoices", order_id]:
                    self._one(store.rows("SELECT invoice_id, order_id, payment_id, amount, currency, issued_at FROM invoices "
                                         "JOIN payments USING (order_id) WHERE order_id = ?", order_id), "payment.no_invoice")
                case _:
                    self._problem(404, "request.no_such_route")

        def do_PUT(self):
            receipt = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if receipt["seq"] > store.head()[0]:
                return self._problem(409, "events.diverged")
            self._json(receipt)

        def _payments(self, column, value):
            return store.rows(f"SELECT payment_id, order_id, amount, currency, status, reason FROM payments WHERE {column} = ? "
                              "AND status <> 'none'", value)

        def _events(self, query):
            after = int(query.get("after", 0))
            with store.grown:
                place = store.rows("SELECT hash FROM log WHERE seq = ?", after)
                if query.get("log", store.log_id) != store.log_id or int(query.get("epoch", 0)) > EPOCH or (
                        after > 0 and (not place or place[0]["hash"].hex() != query["hash"])):
                    return self._problem(409, "events.diverged")
                store.grown.wait_for(lambda: store.head()[0] > after, min(int(query.get("wait", 0)), 30_000) / 1000)
                head, batch = store.head()[0], store.batch(after, min(int(query.get("limit", 100)), 1000))
            self._answer(200, batch, "application/cloudevents-batch+json", {
                "Seamline-Log-Id": store.log_id, "Seamline-Log-Epoch": str(EPOCH), "Seamline-Log-Head": str(head)})

        def _one(self, found, code):
            return self._json(found[0]) if found else self._problem(404, code)

        def _json(self, value):
            self._answer(200, json.dumps(value), "application/json")

        def _problem(self, status, code):
            problem = {"type": f"/problems/{code}", "title": "Refused", "status": status, "detail": f"{code} at {self.path}", "code": code}
            self._answer(status, json.dumps(problem), "application/problem+json")

        def _answer(self, status, text, content_type, headers=None):
            body = text.encode()
            self.send_response(status)
            for name, value in {"Content-Type": content_type, "Content-Length": str(len(body)), **(headers or {})}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

    return Handler


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    for name in ("--listen", "--file", "--order", "--inventory"):
        arguments.add_argument(name, required=True)
    options = arguments.parse_args()
    store = Store(Path(options.file))
    payments = Payments(store)
    host, port = options.listen.rsplit(":", 1)
    server = ThreadingHTTPServer((host, int(port)), handler_class(store))
    Subscriber(store, "order", options.order, {"OrderCreated": payments.order_created, "OrderConfirmed": payments.order_confirmed,
                                               "OrderCancelled": payments.order_cancelled}).start()
    Subscriber(store, "inventory", options.inventory, {"InventoryFailed": payments.inventory_failed}).start()
    server.serve_forever()


if __name__ == "__main__":
    main()
