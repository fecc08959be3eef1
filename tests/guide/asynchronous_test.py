"""The guide's order service publishes to Kafka, and our payment module hears it; our order module does, and the guide's payment service
hears that."""
import unittest

import apart
import python_packages
from over_kafka import TIMEOUT_S, KafkaTest, audit, wait_until_quiet


class AsynchronousTest(KafkaTest):
    def test_an_order_of_the_guide_is_paid_by_our_payment_and_reserved_by_our_inventory(self):
        shop = self.carried()
        services = self.services("asynchronous")
        # As the guide has it: ids are numbers, and nothing says what anything costs.
        services.do(create_order=[7, [{"product_id": "p1", "quantity": 2}, {"product_id": "p2", "quantity": 1}]])
        self.wait_for(lambda: self.payments_of(shop, "1") == [("captured", 600, None)], "our payment has charged what inventory quoted")
        self.wait_for(lambda: shop.get("/products/p1").json()["reserved"] == 2, "our inventory has reserved it")
        self.assertEqual(shop.get("/orders/1").status, 404, "order knows nothing of it")

        services.do(create_order=[7, [{"product_id": "nothing", "quantity": 1}]])
        self.wait_for(lambda: self.payments_of(shop, "2") == [("failed", 0, "amount_unknown")], "what the shop does not sell is not paid")
        services.do(create_order=[7, [{"product_id": "p1", "quantity": 19}]])
        self.wait_for(lambda: self.payments_of(shop, "3") == [("refunded", 4750, "out_of_stock")], "what cannot be reserved is refunded")

        # Orders of our own go on beside them.
        self.assertEqual(self.place(shop)["status"], "confirmed")
        self.assertEqual(shop.get("/readyz").status, 200)
        # The guide's service says no word about how its orders end: both audits know that they are not ours.
        wait_until_quiet(shop.data_dir, TIMEOUT_S)
        self.assertEqual(audit(shop.data_dir, at_rest=False), [])

    def test_an_order_of_ours_is_heard_by_the_guides_payment_service(self):
        shop = self.carried()
        services = self.services("asynchronous")

        def heard():
            # The guide's consumer begins where the topic ends when it comes.
            order = self.place(shop, quantity=1)
            return services.calls("process_payment") and order
        self.wait_for(heard, "it hears one of our orders")
        order = self.place(shop, quantity=1)
        items = [{"product_id": "p1", "quantity": 1, "unit_price": 250}]
        self.wait_for(lambda: [order["order_id"], items] in services.calls("process_payment"), "it hears each of them from then on")


if __name__ == "__main__":
    apart.enter(prepare=python_packages.install)
    unittest.main()
