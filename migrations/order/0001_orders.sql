-- The orders' own events: the truth about them. Versions of an order are 1, 2, … without a gap.
CREATE TABLE order_events (
  order_id TEXT NOT NULL,
  version INTEGER NOT NULL CHECK (version >= 1),
  type TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  data TEXT NOT NULL,
  PRIMARY KEY (order_id, version)
) STRICT, WITHOUT ROWID;

-- The fold of each order's events, written in their transaction, from which the next decision starts. Rebuilding it from them
-- gives the same rows.
CREATE TABLE orders (
  order_id TEXT NOT NULL PRIMARY KEY,
  status TEXT NOT NULL CHECK (status = 'pending' OR status = 'placed' OR status = 'confirmed' OR status = 'cancelled'),
  user_id TEXT,
  user_name TEXT,
  items TEXT NOT NULL,
  total_minor INTEGER,
  currency TEXT,
  reason TEXT,
  version INTEGER NOT NULL,
  created_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX orders_by_status ON orders (status, order_id);
CREATE INDEX orders_by_user ON orders (user_id, order_id);
