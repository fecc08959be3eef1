"""The guide's saga: each of its services in the place of one of our modules, over Kafka, and an order that goes through both."""
import unittest

import apart
import python_packages
from empty_module import EmptyInventory
from over_kafka import KafkaTest

INVENTORY_PORT = 8104


class SagaTest(KafkaTest):
    def test_the_guides_payment_service_charges_and_refunds_our_orders(self):
        services = self.services("saga", "payment")
        shop = self.carried(modules__payment__placement="foreign")
        order = self.place(shop)
        self.assertEqual(order["status"], "confirmed", order)
        self.assertEqual(services.calls("process_payment"), [[500]])
        self.assertEqual(services.published(order["order_id"]), ["PaymentSuccess"])
        self.wait_for(lambda: shop.get("/products/p1").json()["on_hand"] == 18, "our inventory commits what was confirmed")

        too_much = self.place(shop, quantity=19)
        self.assertEqual((too_much["status"], too_much["reason"]), ("cancelled", "payment_refunded"))
        self.assertEqual(services.calls("refund_payment"), [[too_much["order_id"]]])
        self.assertEqual(services.published(too_much["order_id"]), ["PaymentSuccess", "PaymentRefunded"])

        services.do(fail="process_payment")
        refused = self.place(shop)
        self.assertEqual((refused["status"], refused["reason"]), ("cancelled", "payment_process_payment is to fail"))
        self.assertEqual(services.published(refused["order_id"]), ["PaymentFailed"])
        services.do(succeed="process_payment")
        self.assertEqual(self.place(shop)["status"], "confirmed")
        self.assertEqual(shop.counts(), {"pending": 0, "placed": 0, "confirmed": 2, "cancelled": 2})

    def test_the_guides_inventory_service_reserves_for_our_orders(self):
        stand_in = EmptyInventory(INVENTORY_PORT)
        self.addCleanup(stand_in.close)
        services = self.services("saga", "inventory")
        shop = self.split([], events__carrier="kafka", kafka__brokers="localhost:9092", modules__inventory__placement="remote",
                          modules__inventory__url=f"http://127.0.0.1:{INVENTORY_PORT}").start()
        self.user = shop.add_user()
        order = self.place(shop)
        self.assertEqual(order["status"], "confirmed", order)
        self.assertEqual(services.calls("reserve_inventory"), [[order["order_id"]]])
        self.assertEqual(self.payments_of(shop, order["order_id"]), [("captured", 500, None)])

        services.do(fail="reserve_inventory")
        failed = self.place(shop)
        self.assertEqual(failed["status"], "cancelled", failed)
        self.assertEqual(services.published(failed["order_id"]), ["InventoryFailed"])
        self.assertEqual(self.payments_of(shop, failed["order_id"]), [("refunded", 500, "inventory_failed")])

    def test_the_guides_order_service_is_paid_and_served_by_our_modules(self):
        services = self.services("saga", "order")
        shop = self.carried()
        services.do(create_order=[7, [{"product_id": "p1", "quantity": 2}, {"product_id": "p2", "quantity": 1}]])
        self.wait_for(lambda: self.payments_of(shop, "1") == [("captured", 600, None)], "our payment has charged its total")
        self.wait_for(lambda: shop.get("/products/p1").json()["reserved"] == 2, "our inventory has reserved it")


if __name__ == "__main__":
    apart.enter(prepare=python_packages.install)
    unittest.main()
