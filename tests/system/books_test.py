"""The audit itself: it finds nothing in good books, and each kind of damage in bad ones."""
import shutil
import sqlite3
import unittest

import books
from shop import ShopTest, poll_until


class BooksTest(ShopTest):
    def setUp(self):
        super().setUp()
        shop = self.shop(events__poll_ms=20, modules__payment__retry_ms=10).start()
        user = shop.add_user()
        shop.add_product("p1", stock=100)
        shop.add_product("scarce", stock=1)
        for token, product, quantity in [("tok_ok", "p1", 2), ("tok_ok", "p1", 3), ("tok_declined", "p1", 1), ("tok_timeout", "p1", 1),
                                         ("tok_ok", "scarce", 2)]:
            reply = shop.post("/orders", {"user_id": user, "payment_token": token, "items": [{"product_id": product, "quantity": quantity}]},
                              Idempotency_Key=f"{token}-{product}-{quantity}")
            self.assertEqual(reply.status, 201, reply)
        poll_until(lambda: not books.unsettled(shop.data_dir), 20, lambda: books.unsettled(shop.data_dir))
        shop.stop()
        self.good = shop.data_dir

    def assert_found(self, check, module, *statements):
        """Damages a copy of the books, and wants `check` to find it."""
        with self.subTest(check=check.__name__, damage=statements[-1]):
            bad = self.folder / "bad"
            shutil.rmtree(bad, ignore_errors=True)
            shutil.copytree(self.good, bad)
            self.assertEqual(books.audit(bad), [])
            connection = sqlite3.connect(bad / module / "0.db")
            connection.execute("PRAGMA ignore_check_constraints = ON")
            changed = sum(connection.execute(statement).rowcount for statement in statements)
            connection.commit()
            connection.close()
            self.assertGreater(changed, 0, "the damage changed nothing")
            self.assertTrue(check(books.Books(bad)), f"{check.__name__} found nothing")
            self.assertTrue(any(violation.startswith(check.__name__) for violation in books.audit(bad)))

    def test_good_books_have_no_violation_and_hold_every_kind_of_end(self):
        good = books.Books(self.good)
        self.assertEqual(books.audit(self.good), [])
        self.assertEqual(sorted(row["status"] for row in good.orders.values()),
                         ["cancelled", "cancelled", "confirmed", "confirmed", "confirmed"])
        self.assertEqual(sorted(row["status"] for row in good.payments.values()),
                         ["captured", "captured", "captured", "failed", "refunded"])

    def test_damage_to_orders_is_found(self):
        confirmed = "(SELECT min(order_id) FROM orders WHERE status = 'confirmed')"
        self.assert_found(books.versions_have_no_gap, "order", f"DELETE FROM order_events WHERE version = 2 AND order_id = {confirmed}")
        self.assert_found(books.orders_equal_their_events, "order", f"UPDATE orders SET status = 'cancelled' WHERE order_id = {confirmed}")
        self.assert_found(books.orders_equal_their_events, "order", f"UPDATE orders SET total_minor = 1 WHERE order_id = {confirmed}")
        self.assert_found(books.placed_orders_have_ended, "order", f"UPDATE orders SET status = 'placed' WHERE order_id = {confirmed}")
        self.assert_found(books.keys_made_one_thing_each, "order",
                          f"DELETE FROM orders WHERE order_id = {confirmed}")
        self.assert_found(books.keys_made_one_thing_each, "order",
                          "INSERT INTO idempotency SELECT max(id) + 1, caller, operation, 'other', fingerprint, reply, at_ms "
                          "FROM idempotency WHERE operation = 'order.place_order'")

    def test_damage_to_money_is_found(self):
        captured = "(SELECT min(order_id) FROM payments WHERE status = 'captured')"
        self.assert_found(books.ledger_is_balanced, "payment", "UPDATE ledger_entries SET amount_minor = amount_minor + 1 "
                                                               "WHERE account = 'provider'")
        self.assert_found(books.ledger_is_balanced, "payment", "DELETE FROM ledger_entries WHERE account = 'revenue'")
        self.assert_found(books.money_follows_orders, "payment", f"DELETE FROM ledger_entries WHERE order_id = {captured}")
        self.assert_found(books.money_follows_orders, "payment",
                          "INSERT INTO ledger_entries SELECT 'again' || transaction_id, account, order_id, amount_minor, currency, at_ms "
                          f"FROM ledger_entries WHERE transaction_id = 'capture:' || {captured}")
        self.assert_found(books.money_follows_orders, "payment", "DELETE FROM ledger_entries WHERE transaction_id LIKE 'refund:%'")
        self.assert_found(books.money_follows_orders, "payment", f"DELETE FROM invoices WHERE order_id = {captured}")
        self.assert_found(books.nothing_is_left_over, "payment",
                          f"INSERT INTO provider_work VALUES ({captured}, 'charge', 0, 0)")

    def test_damage_to_stock_is_found(self):
        self.assert_found(books.stock_is_the_sum_of_movements, "inventory", "UPDATE products SET on_hand = on_hand + 1")
        self.assert_found(books.stock_follows_orders, "inventory",
                          "INSERT INTO stock_movements SELECT max(id) + 1, product_id, kind, quantity, order_id, at_ms "
                          "FROM stock_movements WHERE kind = 'committed'")
        self.assert_found(books.stock_follows_orders, "inventory", "UPDATE stock_movements SET quantity = 1 WHERE kind = 'reserved'")
        self.assert_found(books.nothing_is_reserved, "inventory", "UPDATE products SET reserved = 1")

    def test_damage_to_logs_and_cursors_is_found(self):
        self.assert_found(books.logs_are_chained, "order", "UPDATE event_log SET payload = payload || ' ' WHERE seq = 3")
        self.assert_found(books.logs_are_chained, "payment", "DELETE FROM event_log WHERE seq = 2")
        self.assert_found(books.cursors_are_at_heads, "inventory", "UPDATE cursors SET seq = seq - 1 WHERE publisher = 'order'")
        self.assert_found(books.cursors_are_at_heads, "order", "UPDATE cursors SET hash = zeroblob(32) WHERE publisher = 'payment'")
        self.assert_found(books.cursors_are_at_heads, "order", "DELETE FROM event_log WHERE seq = (SELECT max(seq) FROM event_log)")
        self.assert_found(books.events_follow_orders, "order", "UPDATE event_log SET subject = 'x' WHERE seq = 1")
        self.assert_found(books.events_follow_orders, "payment",
                          "UPDATE event_log SET type = 'seamline.payment.PaymentFailed.v1' WHERE type LIKE '%PaymentSuccess%'")
        self.assert_found(books.nothing_is_left_over, "order",
                          "INSERT INTO dead_letters SELECT 'payment', seq, 'poisoned', 'a test', epoch, type, subject, at_ms, trace, "
                          "payload, hash FROM event_log WHERE seq = 1")
        self.assert_found(books.nothing_is_left_over, "order",
                          "INSERT INTO timers SELECT 'deadline', max(order_id), 0 FROM orders")


if __name__ == "__main__":
    unittest.main()
