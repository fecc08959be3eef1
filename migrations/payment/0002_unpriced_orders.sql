-- Orders that came without a price, until inventory has said what their lines cost. Each has a pending payment.
CREATE TABLE unpriced_orders (
  order_id TEXT NOT NULL PRIMARY KEY,
  lines TEXT NOT NULL, -- product, quantity, and price where the order named one, as JSON
  expires_at_ms INTEGER,
  attempts INTEGER NOT NULL,
  due_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX unpriced_orders_by_due ON unpriced_orders (due_at_ms);
