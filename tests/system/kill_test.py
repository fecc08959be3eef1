"""The promise: whenever the shop is killed, nothing that it acknowledged is lost, and nothing happens twice."""
import os
import random
import time
import unittest
from collections import Counter

from auditing import Records, audit, wait_until_quiet
from customers import Customers
from split import SplitTest

ROUNDS = 20
CUSTOMERS = 12
STOCK = 3000
SCARCE_STOCK = 30


class KillCase(SplitTest):
    """A shop, its customers, and the audit of what kills have left."""
    SETTINGS = {"events__timer_grace_ms": 100, "events__timer_poll_ms": 20, "events__poll_ms": 50,
                "modules__order__deadline_ms": 2500, "modules__inventory__reservation_ms": 1500,
                "modules__payment__retry_ms": 20}

    def setUp(self):
        super().setUp()
        # SEAMLINE_TEST_SEED repeats the moments of a run; what the machine makes of them stays its own affair.
        self.seed = int(os.environ.get("SEAMLINE_TEST_SEED", random.SystemRandom().randrange(2**32)))
        print(f"{self.id()}: SEAMLINE_TEST_SEED={self.seed}", flush=True)
        self.random = random.Random(self.seed)

    def open_shop(self, shop):
        """Starts a shop, with all that customers need."""
        self.server = shop.start()
        self.users = [self.server.add_user(f"customer{number}@example.org", f"Customer {number}") for number in range(4)]
        self.products = [self.server.add_product(f"p{number}", price=100 + number, stock=STOCK) for number in range(8)]
        self.products.append(self.server.add_product("scarce", price=5, stock=SCARCE_STOCK))

    def start_customers(self, count=CUSTOMERS, give_up_s=60):
        return Customers(self.server, self.seed, count, self.users, self.products, give_up_s).start()

    def finish_and_audit(self, customers):
        time.sleep(0.3)
        self.assert_none(customers.finish())
        wait_until_quiet(self.server.data_dir, 60, config=self.server.settings)
        violations = self.violations_over_the_api(customers)
        self.server.stop()
        history = customers.history.write(self.folder / "history")
        violations += audit(self.server.data_dir, history=history, config=self.server.settings) + self.violations_in_the_books(customers)
        self.assert_none(violations)

    def assert_none(self, violations):
        if violations:
            self.fail(f"{len(violations)} violations, among them:\n" + "\n".join(violations[:20]))

    def violations_over_the_api(self, customers):
        """Each acknowledged order is listed once, and has ended; each confirmed one has a payment and an invoice."""
        client = self.server.client()
        listed, cursor, found = Counter(), None, []
        statuses = {}
        while True:
            page = client.request("GET", "/orders?limit=100" + (f"&cursor={cursor}" if cursor else "")).json()
            for order in page["items"]:
                listed[order["order_id"]] += 1
                statuses[order["order_id"]] = order["status"]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        found += [f"order {name} is listed {count} times" for name, count in listed.items() if count > 1]
        wanted = set(customers.acknowledged.values())
        if len(wanted) != len(customers.acknowledged):
            found.append("two keys got the same order")
        found += [f"order {name} was acknowledged, and is gone" for name in wanted - listed.keys()]
        found += [f"order {name} was never acknowledged" for name in listed.keys() - wanted]
        found += [f"order {name} is {status}" for name, status in statuses.items() if status not in ("confirmed", "cancelled")]
        for order_id in self.random.sample(sorted(statuses), min(100, len(statuses))):
            payments = client.request("GET", f"/payments?order_id={order_id}").json()["items"]
            invoice = client.request("GET", f"/invoices/{order_id}").status
            have = ([payment["status"] for payment in payments], invoice)
            confirmed = statuses[order_id] == "confirmed"
            if have != (["captured"], 200) if confirmed else (have[0] not in ([], ["failed"], ["refunded"]) or invoice != 404):
                found.append(f"the {statuses[order_id]} order {order_id} has {have}")
        client.close()
        ends, reasons = Counter(statuses.values()), self.reasons()
        print(f"{len(statuses)} orders {dict(ends)}, reasons {dict(reasons)}; {customers.asked_again} questions were asked again, "
              f"{customers.replayed} acknowledged ones repeated")
        for status in ("confirmed", "cancelled"):
            if ends[status] < 20:
                found.append(f"only {ends[status]} orders are {status}: the load was no test")
        return found

    def reasons(self):
        with Records(self.server.data_dir, self.server.settings) as records:
            return Counter(row["reason"] for row in records.orders.values())

    def violations_in_the_books(self, customers):
        """Stock that came in is what was added and what was acknowledged as restocked, once each."""
        came_in = Counter()
        with Records(self.server.data_dir, self.server.settings) as records:
            for movement in records.movements:
                if movement["kind"] in ("added", "restocked"):
                    came_in[movement["product_id"]] += movement["quantity"]
            payments = list(records.payments.values())
        found = []
        for product_id in self.products:
            wanted = (SCARCE_STOCK if product_id == "scarce" else STOCK) + customers.restocked.get(product_id, 0)
            if came_in[product_id] != wanted:
                found.append(f"{came_in[product_id]} of {product_id} came in, and {wanted} were acknowledged")
        if not any(row["status"] == "refunded" for row in payments):
            found.append("nothing was refunded: the load was no test")
        return found


class KillTest(KillCase):
    def setUp(self):
        super().setUp()
        self.open_shop(self.shop(**self.SETTINGS))

    def test_twenty_kills_under_load_lose_and_double_nothing(self):
        customers = self.start_customers()
        for _ in range(ROUNDS):
            time.sleep(self.random.uniform(0.05, 0.4))
            self.server.kill()
            self.server.start()
        self.finish_and_audit(customers)

    def test_kills_during_recovery_lose_and_double_nothing(self):
        customers = self.start_customers()
        early = 0
        for _ in range(ROUNDS):
            time.sleep(self.random.uniform(0.05, 0.2))
            self.server.kill()
            self.server.launch()
            time.sleep(0.005 * 30 ** self.random.random())  # 5 to 150 ms, the early ones as often as the late ones
            early += " is ready" not in self.server.log(self.server._log_start)
            self.server.kill()
            self.server.start()
        print(f"{early} of {ROUNDS} second kills came before the shop was ready")
        self.finish_and_audit(customers)


if __name__ == "__main__":
    unittest.main()
