"""One day of a shop, the same from a seed wherever its modules run: what customers and the shopkeeper ask, one after the other."""
import json
import random
from urllib.parse import urlencode

from auditing import connect, wait_until_quiet
from history import History, stable
from shop import ADMIN_EMAIL, ADMIN_PASSWORD, Client, poll_until

FORM = "application/x-www-form-urlencoded"
# Whose route it is, by the first segment of its path.
OWNERS = {"users": "user", "oauth": "user", ".well-known": "user", "orders": "order", "payments": "payment", "invoices": "payment",
          "products": "inventory"}
WAIT = {"Prefer": "wait=20"}
SETTINGS = {"auth": "on", "modules__user__password_memory_kib": 7168, "modules__user__password_passes": 1, "events__poll_ms": 20,
            "modules__payment__retry_ms": 700}


class Workload:
    """Walks through a shop that serves, and writes down what it sees. Where modules have listeners of their own, every question that
    writes nothing is asked there too and must have the same answer, and Bob talks to nobody but them."""

    def __init__(self, shop, seed):
        self.shop = shop
        self.random = random.Random(seed)
        self.history = History()
        self.violations = []
        self.tokens = {}
        self.ids = {}

    def run(self):
        self._accounts()
        self._products()
        self._orders()
        self._cancels()
        self._restart()
        self._drafts()
        self._repeats()
        self._bad_input()
        self._other_peoples_things()
        self._lists()
        self._everything()
        return self

    # -- asking ------------------------------------------------------------------------------------------------------
    def _module_client(self, path):
        """A connection to the listener of the module whose path it is; none where there is none."""
        url = getattr(self.shop, "urls", {}).get(OWNERS.get(path.split("?")[0].split("/")[1]))
        if url is None or not self.shop.services:
            return None
        host, port = url.removeprefix("http://").rsplit(":", 1)
        return Client(lambda: (host, int(port)))

    def ask(self, who, method, path, body=None, **headers):
        """Asks, writes down the answer, and returns it."""
        if who:
            headers = {"Authorization": f"Bearer {self.tokens[who]}", **headers}
        module = self._module_client(path)
        asked = module if module and who == "bob" else self.shop.client()
        reply = asked.request(method, path, body, **headers)
        asked.close()
        self.history.add(f"{who or 'somebody'} {method} {path}", stable(reply))
        if module and asked is not module and (method in ("GET", "HEAD") or reply.status >= 400):
            there = module.request(method, path, body, **headers)
            module.close()
            if without_tokens(stable(there)) != without_tokens(stable(reply)):
                self.violations.append(f"{who} {method} {path} is answered by the gateway:\n{stable(reply)}\nand by the module itself:\n"
                                       f"{stable(there)}")
        return reply

    def get(self, who, path, **headers):
        return self.ask(who, "GET", path, **headers)

    def post(self, who, path, body=None, **headers):
        return self.ask(who, "POST", path, body, **headers)

    def settle(self):
        """Waits until all that was asked for has had its effects everywhere."""
        data_dir = self.shop.data_dir
        wait_until_quiet(data_dir, 30, only_effects=True)

    def order(self, who, name, quantities, wait=True, **more):
        """Places an order, remembers its id by a name, and waits until all is quiet again."""
        body = {"items": [{"product_id": product, "quantity": quantity} for product, quantity in quantities], **more}
        reply = self.post(who, "/orders", body, **(WAIT if wait else {}))
        if reply.status == 201:
            self.ids[name] = reply.json()["order_id"]
        if wait:
            self.settle()
        return reply

    def _login(self, who, username, password):
        form = urlencode({"grant_type": "password", "username": username, "password": password})
        reply = self.post(None, "/oauth/token", form, Content_Type=FORM)
        if reply.status == 200:
            self.tokens[who] = reply.json()["access_token"]
        return reply

    # -- the day -----------------------------------------------------------------------------------------------------
    def _accounts(self):
        for who in ("ada", "bob"):
            body = {"email": f" {who.title()}@Example.ORG", "password": f"orchids-at-noon-{who}", "name": f"{who} {self.random.randrange(1000)}"}
            self.ids[who] = self.post(None, "/users", body, Idempotency_Key=f"register-{who}").json()["id"]
            self.post(None, "/users", body, Idempotency_Key=f"register-{who}")
            self.post(None, "/users", body)
            self._login(who, f"{who}@example.org", f"orchids-at-noon-{who}")
        self._login("admin", ADMIN_EMAIL, ADMIN_PASSWORD)
        self._login("nobody", "ada@example.org", "wrong")
        self._login("nobody", "eve@example.org", "wrong")
        for form in ("", "grant_type=implicit", "grant_type=password&username=ada%40example.org", "grant_type=refresh_token&refresh_token=x"):
            self.post(None, "/oauth/token", form, Content_Type=FORM)
        first = self._login("ada", "ada@example.org", "orchids-at-noon-ada").json()["refresh_token"]
        for _ in range(2):
            self.post(None, "/oauth/token", urlencode({"grant_type": "refresh_token", "refresh_token": first}), Content_Type=FORM)
        for who in ("ada", "bob", "admin", None):
            self.get(who, f"/users/{self.ids['ada']}")
        self.get(None, "/.well-known/jwks.json")

    def _products(self):
        for number in range(4):
            body = {"product_id": f"p{number}", "name": f"Product {number}", "price": self.random.randrange(1, 10_000), "currency": "EUR",
                    "stock": self.random.randrange(200, 300)}
            self.post("admin", "/products", body, Idempotency_Key=f"product-{number}")
        for product_id, price, currency, stock in [("free", 0, "EUR", 100), ("scarce", 7, "EUR", 3), ("dollar", 5, "USD", 10),
                                                   ("gold", 10**12, "EUR", 10**6)]:
            self.post("admin", "/products", {"product_id": product_id, "name": product_id, "price": price, "currency": currency, "stock": stock})
        again = {"product_id": "p0", "name": "Again", "price": 1, "currency": "EUR", "stock": 1}
        for who in ("admin", "ada", "bob", None):
            self.post(who, "/products", again)
            self.post(who, "/products/p0/restock", {"quantity": 3}, Idempotency_Key="restock")
        self.post("admin", "/products/p0/restock", {"quantity": 3}, Idempotency_Key="restock")
        self.post("admin", "/products/p0/restock", {"quantity": 4}, Idempotency_Key="restock")
        self.post("admin", "/products/nothing/restock", {"quantity": 1})

    def _orders(self):
        for who in ("ada", "bob"):
            for number in range(2):
                self.order(who, f"{who}-{number}", [(f"p{self.random.randrange(4)}", self.random.randrange(1, 5))])
            self.order(who, f"{who}-declined", [("p1", 1)], payment_token="tok_declined")
            self.order(who, f"{who}-poor", [("p1", 2), ("p2", 1)], payment_token="tok_insufficient_funds")
            self.order(who, f"{who}-scarce", [("p0", 1), ("scarce", 4)])
        self.order("ada", "slow", [("p3", 2)], payment_token="tok_timeout")
        self.order("bob", "merged", [("p2", 1), ("p2", 4), ("free", 2)])
        self.order("bob", "free", [("free", 1)])
        self.order("admin", "for ada", [("p0", 1)], user_id=self.ids["ada"])
        self.order("ada", "not waited for", [("p0", 1)], wait=False)
        self.settle()
        self.get("ada", f"/orders/{self.ids['not waited for']}")

    def _cancels(self):
        for who in ("ada", "bob"):
            self.order(who, f"{who}-taken", [("p0", 1)], wait=False, payment_token="tok_timeout")
            poll_until(self._charge_is_unknown, 10, "the provider was asked and did not answer", every_s=0.005)
            path = f"/orders/{self.ids[f'{who}-taken']}/cancel"
            self.post(who, path, Idempotency_Key="cancel")
            self.post(who, path, Idempotency_Key="cancel")
            self.settle()
            self.post(who, path)
            self.post(who, f"/orders/{self.ids[f'{who}-0']}/cancel")
            self.post(who, f"/orders/{self.ids[f'{who}-declined']}/cancel")
            draft = self.post(who, "/orders/drafts", {}).json()["order_id"]
            self.post(who, f"/orders/{draft}/cancel")
            self.post(who, "/orders/x/cancel")

    def _charge_is_unknown(self):
        connection = connect(self.shop.data_dir, "payment")
        try:
            return connection.execute("SELECT count(*) FROM provider_work WHERE attempts > 0").fetchone()[0]
        finally:
            connection.close()

    def _restart(self):
        """Everything stops and starts; what is open then, stays open: a charge that nobody answered, and a draft."""
        self.order("ada", "over the restart", [("p1", 1)], wait=False, payment_token="tok_timeout")
        self.ids["old draft"] = self.post("bob", "/orders/drafts", {}, Idempotency_Key="old").json()["order_id"]
        self.post("bob", f"/orders/{self.ids['old draft']}/items", {"product_id": "p1", "quantity": 2}, Idempotency_Key="line")
        poll_until(self._charge_is_unknown, 10, "the provider was asked and did not answer", every_s=0.005)
        self.shop.stop()
        self.shop.start()
        self.settle()
        self.post("bob", "/orders/drafts", {}, Idempotency_Key="old")
        self.post("bob", f"/orders/{self.ids['old draft']}/items", {"product_id": "p1", "quantity": 2}, Idempotency_Key="line")
        self.get("ada", f"/orders/{self.ids['over the restart']}")
        self._login("ada", "ada@example.org", "orchids-at-noon-ada")

    def _drafts(self):
        self.post("bob", f"/orders/{self.ids['old draft']}/place", {}, **WAIT)
        for who in ("ada", "bob"):
            path = self.post(who, "/orders/drafts", {}).headers["location"]
            self.post(who, f"{path}/place", {})
            for quantity in (1, 2):
                self.post(who, f"{path}/items", {"product_id": "p1", "quantity": quantity})
            self.post(who, f"{path}/items", {"product_id": "nothing", "quantity": 1})
            self.post(who, f"{path}/place", {}, **WAIT)
            self.settle()
            self.post(who, f"{path}/place")
            self.post(who, f"{path}/items", {"product_id": "p1", "quantity": 1})
        self.post("admin", "/orders/drafts", {"user_id": self.ids["ada"]})

    def _repeats(self):
        body = {"items": [{"product_id": "p2", "quantity": 1}]}
        for who in ("ada", "bob"):
            for _ in range(2):
                self.post(who, "/orders", body, Idempotency_Key="same", **WAIT)
                self.settle()
            self.post(who, "/orders", '{ "items": [{"quantity":1, "product_id":"p2"}] }', Idempotency_Key="same")
            self.post(who, "/orders", {"items": [{"product_id": "p2", "quantity": 2}]}, Idempotency_Key="same")
            self.post(who, "/orders", {"items": [{"product_id": f"late-{who}", "quantity": 1}]}, Idempotency_Key="late")
            for key in ("", "a b", "a" * 129, "\u00e4"):
                self.post(who, "/orders", body, Idempotency_Key=key.encode("latin-1"))

    def _bad_input(self):
        line = {"product_id": "p1", "quantity": 1}
        for body in ["", "{", "[]", "null", "{}", '{"items":[]}', '{"items":{}}', '{"items":["p1"]}', '{"items":[{"product_id":"p1"}]}',
                     '{"items":[{"product_id":"p1","quantity":1,"quantity":2}]}', '{"items":[{"product_id":"p1","quantity":01}]}',
                     {"items": [line], "coupon": "x"}, {"items": [line | {"price": 1}]}, {"items": [line], "a/b~c": 1}, "[" * 50_000,
                     *({"items": [line | {"quantity": quantity}]} for quantity in (0, -1, 1001, 2**63, 1.5, "1", None, True)),
                     {"items": [line] * 101}, {"items": [line | {"product_id": "p" * 129}]}, {"items": [line], "payment_token": ""},
                     {"items": [line | {"quantity": 600}] * 2}, {"items": [line, line | {"product_id": "dollar"}]},
                     {"items": [line | {"product_id": "gold", "quantity": 2}]}, {"items": [line], "user_id": "nobody"}]:
            for who in ("ada", "bob", "admin"):
                self.post(who, "/orders", body)
        for path, body in [("/users", {"email": "nobody", "password": "long-enough", "name": "N"}), ("/users", {"email": "a@b.cd", "password": "x", "name": ""}),
                           ("/products", {"product_id": "n", "name": "N", "price": -1, "currency": "EURO", "stock": 1}),
                           ("/products/p1/restock", {"quantity": 0}), ("/products/p1/restock", {"quantity": 10**9}), ("/products/p1/restock", {})]:
            self.post("admin", path, body)
        for query in ("limit=0", "limit=x", "limit=101", "status=done", "colour=red", "limit=1&limit=2", "user_id=%ff", "cursor=" + "c" * 401):
            self.get("ada", f"/orders?{query}")
        self.post("ada", "/orders", "items", Content_Type="text/plain")
        self.get("ada", "/payments")
        self.get("ada", "/orders/" + "x" * 129)
        self.get("ada", "/orders/%00")

    def _other_peoples_things(self):
        payment = self.get("ada", f"/payments?order_id={self.ids['ada-0']}").json()["items"][0]["payment_id"]
        order = f"/orders/{self.ids['ada-0']}"
        for who in ("ada", "bob", "admin", None):
            for path in (order, f"{order}/events", f"/payments?order_id={self.ids['ada-0']}", f"/payments/{payment}",
                         f"/invoices/{self.ids['ada-0']}", "/orders?limit=3", f"/orders?user_id={self.ids['ada']}&limit=2", "/orders/counts",
                         "/orders/x", "/orders/x/events", "/payments/x", "/payments?order_id=x", "/invoices/x", "/users/x", "/products/x"):
                self.get(who, path)
            self.post(who, f"{order}/cancel")
            for path, body in [("items", {"product_id": "p1", "quantity": 1}), ("place", {})]:
                self.post(who, f"{order}/{path}", body)
        self.post("bob", "/orders", {"items": [{"product_id": "p0", "quantity": 1}], "user_id": self.ids["ada"]})
        self.post("admin", "/orders", {"items": [{"product_id": "p0", "quantity": 1}]})
        for path in ("/nothing", "/orders/x/y/z", "/internal/inventory/quote", "/events/order"):
            self.shop_only("ada", "GET", path)
        for method, path in [("DELETE", "/orders"), ("GET", "/orders/x/cancel"), ("PUT", "/users"), ("POST", "/health")]:
            self.shop_only("ada", method, path)
        self.tokens["thief"] = self.tokens["ada"][:-10] + "AAAAAAAAAA"
        self.get("thief", order)

    def shop_only(self, who, method, path):
        """Asks the gateway alone: a module's own listener has other routes."""
        reply = self.shop.request(method, path, Content_Length="0", Authorization=f"Bearer {self.tokens[who]}")
        self.history.add(f"{who} {method} {path}", stable(reply))

    def _lists(self):
        for who, query in [("ada", ""), ("bob", "&status=confirmed"), ("admin", ""), ("admin", "&status=cancelled")]:
            cursor = ""
            while cursor is not None:
                cursor = self.get(who, f"/orders?limit=4{query}{cursor and '&cursor=' + cursor}").json()["next_cursor"]
        first = self.get(None, "/products?limit=3").json()["next_cursor"]
        self.get(None, f"/products?limit=3&cursor={first}")
        path = f"/orders/{self.ids['ada-1']}"
        tag = self.get("ada", path).headers["etag"]
        for condition in (tag, '"0"', f'"0", {tag}', "*", f"W/{tag}"):
            self.get("ada", path, If_None_Match=condition)
        self.ask("ada", "HEAD", path)

    def _everything(self):
        """All that can be read in the end, and the shop's own documents."""
        self.get("admin", "/orders/counts")
        for name, order_id in self.ids.items():
            if name not in ("ada", "bob"):
                for path in (f"/orders/{order_id}", f"/orders/{order_id}/events", f"/payments?order_id={order_id}", f"/invoices/{order_id}"):
                    self.get("admin", path)
        self.get(None, "/products?limit=100")
        for path in ("/livez", "/openapi.json"):
            self.history.add(path, stable(self.shop.get(path)))
        # The checks of a shop come in the order in which it knows its modules.
        self.history.add("/readyz", "\n".join(sorted(self.shop.get("/readyz").body.decode().split("\n"))))
        self.history.add("/asyncapi.json", json.dumps(without_servers(self.shop.get("/asyncapi.json").json()), indent=1, sort_keys=True))


def without_servers(document):
    """A document of events without where they are to be had, which is for telling placements apart."""
    if isinstance(document, dict):
        return {name: without_servers(value) for name, value in document.items() if name != "servers"}
    return [without_servers(value) for value in document] if isinstance(document, list) else document


def without_tokens(text):
    """The text of an answer without tokens that are new each time."""
    history = History()
    history.add("", text)
    return history.lines
