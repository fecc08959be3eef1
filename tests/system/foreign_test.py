"""A service in another language takes a module's place; nothing else in the shop is changed for it."""
import json
import sqlite3
import subprocess
import sys
import unittest
from pathlib import Path

from auditing import connect
from shop import clean_environment, poll_until
from split import SplitTest

PROGRAM = Path(__file__).with_name("foreign_payment.py")


class ForeignTest(SplitTest):
    def setUp(self):
        super().setUp()
        self.server = self.split(["payment"], events__poll_ms=20)
        self.ours = self.server.services.pop("payment")  # the shop's own service is started by hand
        self.foreign = None
        self.addCleanup(self.end_foreign)
        self.start_foreign()
        self.server.start()
        self.user = self.server.add_user()
        self.server.add_product("p1", price=250, stock=20)

    def start_foreign(self):
        urls = self.server.urls
        arguments = ["--listen", urls["payment"].removeprefix("http://"), "--file", self.folder / "foreign.db", "--order", urls["order"],
                     "--inventory", urls["inventory"]]
        with open(self.folder / "foreign.log", "ab") as log:
            self.foreign = subprocess.Popen([sys.executable, "-B", PROGRAM, *arguments], stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                            env=clean_environment())

    def end_foreign(self):
        if self.foreign is not None:
            self.foreign.kill()
            self.foreign.wait(10)
            self.foreign = None

    def place(self, quantity=2, wait_s=20, **more):
        reply = self.server.post("/orders", {"user_id": self.user, "items": [{"product_id": "p1", "quantity": quantity}], **more},
                                 Prefer=f"wait={wait_s}")
        self.assertEqual(reply.status, 201, reply)
        return reply.json()

    def status_of(self, order):
        return self.server.get(f"/orders/{order['order_id']}").json()["status"]

    def payment_of(self, order):
        return [(row["status"], row["amount"], row["reason"]) for row in
                self.server.get(f"/payments?order_id={order['order_id']}").json()["items"]]

    def foreign_log(self):
        """Its log's id, and how far it goes."""
        database = sqlite3.connect(self.folder / "foreign.db")
        try:
            return (database.execute("SELECT log_id FROM identity").fetchone()[0],
                    *database.execute("SELECT seq, hash FROM log ORDER BY seq DESC LIMIT 1").fetchone())
        finally:
            database.close()

    def cursor(self, subscriber):
        """How far it has heard payment, durably."""
        connection = connect(self.server.data_dir, subscriber)
        try:
            return connection.execute("SELECT log_id, seq, hash FROM cursors WHERE publisher = 'payment'").fetchone()
        finally:
            connection.close()

    def diverged(self):
        """The modules that say in /readyz and in /health that the log of payment is another."""
        ready, health = self.server.get("/readyz"), self.server.get("/health")
        if ready.status != 503 or health.status != 503:
            return []
        lines = ready.body.decode().split("\n")
        checks = json.loads(health.body)["checks"]
        return [module for module in ("inventory", "order") if
                any(line.startswith(f"[-]{module} ") and "log of payment" in line and "diverged" in line for line in lines) and
                checks[module][0]["status"] == "fail" and "diverged" in checks[module][0]["output"]]

    def test_orders_flow_through_a_service_in_another_language(self):
        order = self.place()
        self.assertEqual((order["status"], order["total"]), ("confirmed", 500))
        self.assertEqual(self.payment_of(order), [("captured", 500, None)])
        invoice = poll_until(lambda: self.invoice_of(order), 10, "the invoice follows")
        payment = self.server.get(f"/payments/{invoice['payment_id']}").json()
        self.assertEqual((invoice["amount"], payment["order_id"]), (500, order["order_id"]))
        for token, reason in [("tok_declined", "declined"), ("tok_insufficient_funds", "insufficient_funds")]:
            refused = self.place(payment_token=token)
            self.assertEqual((refused["status"], refused["reason"]), ("cancelled", f"payment_{reason}"))
            self.assertEqual(self.payment_of(refused), [("failed", 500, reason)])
        too_much = self.place(quantity=19)
        self.assertEqual((too_much["status"], too_much["reason"]), ("cancelled", "out_of_stock"))
        self.assertEqual(self.payment_of(too_much), [("refunded", 4750, "out_of_stock")])
        self.assertEqual(self.server.get(f"/invoices/{too_much['order_id']}").json()["code"], "payment.no_invoice")
        poll_until(lambda: self.server.get("/products/p1").json()["available"] == 18, 10, "nothing else was taken")
        self.assertEqual(self.server.get("/readyz").status, 200)
        self.assertEqual(self.server.counts(), {"pending": 0, "placed": 0, "confirmed": 1, "cancelled": 3})

    def invoice_of(self, order):
        reply = self.server.get(f"/invoices/{order['order_id']}")
        return reply.json() if reply.status == 200 else None

    def test_a_log_that_was_replaced_is_refused_until_the_old_one_is_back(self):
        self.leave_unaudited("payment's store here is not the one that the others follow")
        self.assertEqual(self.place()["status"], "confirmed")
        heard = {subscriber: poll_until(lambda: self.heard_all(subscriber), 10, f"{subscriber} has heard all") for subscriber in ("order", "inventory")}

        self.end_foreign()
        self.ours.start()
        poll_until(lambda: self.diverged() == ["inventory", "order"], 20, lambda: f"both say so: {self.server.get('/readyz')}")
        waiting = self.place(wait_s=1)
        self.assertEqual(waiting["status"], "placed", "an order must not go on by a log that is not followed")
        self.assertEqual({subscriber: self.cursor(subscriber) for subscriber in heard}, heard, "nothing was skipped")

        self.ours.stop()
        self.start_foreign()
        poll_until(lambda: self.status_of(waiting) == "confirmed", 40, "the order goes on with the log that is followed")
        poll_until(lambda: self.server.get("/readyz").status == 200, 20, lambda: f"all is well again: {self.server.get('/readyz')}")
        self.assertEqual(self.server.get("/health").json()["status"], "pass")
        self.assertEqual(self.payment_of(waiting), [("captured", 500, None)])
        self.assertEqual(self.place()["status"], "confirmed")
        for subscriber in heard:
            poll_until(lambda: self.heard_all(subscriber), 10, f"{subscriber} has heard all")
        self.assertEqual(self.foreign_log()[1], 3, "one payment for each order")

    def heard_all(self, subscriber):
        cursor = self.cursor(subscriber)
        return cursor if cursor == self.foreign_log() else None


if __name__ == "__main__":
    unittest.main()
