CREATE TABLE products (
  product_id TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  price_minor INTEGER NOT NULL CHECK (price_minor >= 0),
  currency TEXT NOT NULL,
  on_hand INTEGER NOT NULL CHECK (on_hand >= 0),
  reserved INTEGER NOT NULL CHECK (reserved >= 0 AND reserved <= on_hand)
) STRICT, WITHOUT ROWID;

-- Every change of a stock, in order: the counters of products are their sum.
CREATE TABLE stock_movements (
  id INTEGER NOT NULL PRIMARY KEY,
  product_id TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind = 'added' OR kind = 'restocked' OR kind = 'reserved' OR kind = 'released' OR kind = 'committed'),
  quantity INTEGER NOT NULL CHECK (quantity >= 0),
  order_id TEXT,
  at_ms INTEGER NOT NULL
) STRICT;

-- What inventory knows of an order: one row, made by whichever event of it comes first.
CREATE TABLE reservations (
  order_id TEXT NOT NULL PRIMARY KEY,
  lines TEXT NOT NULL, -- quantities by product, as JSON
  is_paid INTEGER NOT NULL CHECK (is_paid IN (0, 1)),
  ending TEXT NOT NULL CHECK (ending = 'open' OR ending = 'confirmed' OR ending = 'cancelled'),
  stock TEXT NOT NULL CHECK (stock = 'untouched' OR stock = 'reserved' OR stock = 'refused' OR stock = 'released' OR stock = 'committed'),
  updated_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
