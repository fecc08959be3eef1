"""The guide's order service asks our user service, `http://user-service/users/{id}`, for the name of a customer."""
import sys
import unittest
from pathlib import Path

import apart
import python_packages
from snippets import Table, run_python

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "system"))
from split import SplitTest  # noqa: E402

USER_SERVICE = f"{apart.HOSTS['user-service']}:80"


class SynchronousTest(SplitTest):
    def setUp(self):
        super().setUp()
        self.db = Table()
        self.guide = run_python("09_synchronous.python", {"db": self.db})

    def check(self, remote, **settings):
        shop = self.split(remote, **settings).start()
        user = shop.add_user(name="Ada Lovelace")
        found = self.guide["get_user"](user)
        self.assertEqual(found, {"id": user, "email": "ada@example.org", "name": "Ada Lovelace", "role": "user"})
        with self.assertRaisesRegex(Exception, "^User not found$"):
            self.guide["get_user"]("nobody")

        shop.add_product("p1")
        items = [{"product_id": "p1", "quantity": 2}]
        self.guide["create_order"](user, items)
        self.assertEqual(self.db.rows, [{"id": 1, "user_id": user, "user_name": "Ada Lovelace", "items": items}])
        ours = shop.post("/orders", {"user_id": user, "items": items}).json()
        self.assertEqual((ours["user_id"], ours["user_name"]), (user, "Ada Lovelace"))
        return shop, user, items

    def test_where_one_process_is_all_services_its_users_are_found_and_named(self):
        self.check([], listen=USER_SERVICE)

    def test_a_user_of_a_service_of_its_own_is_found_and_named_and_no_order_is_made_without_it(self):
        shop, user, items = self.check(["user"], modules__user__url=f"http://{USER_SERVICE}")
        shop.services["user"].stop()
        with self.assertRaises(OSError):
            self.guide["create_order"](user, items)
        self.assertEqual(len(self.db.rows), 1)


if __name__ == "__main__":
    apart.enter(prepare=python_packages.install)
    python_packages.use()
    unittest.main()
