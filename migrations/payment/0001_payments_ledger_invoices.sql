-- What payment knows of an order: one row, made by whichever event of it comes first.
CREATE TABLE payments (
  order_id TEXT NOT NULL PRIMARY KEY,
  payment_id TEXT NOT NULL,
  user_id TEXT,
  amount_minor INTEGER NOT NULL CHECK (amount_minor >= 0),
  currency TEXT NOT NULL,
  token TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status = 'none' OR status = 'pending' OR status = 'captured' OR status = 'failed' OR status = 'refunded'),
  ending TEXT NOT NULL CHECK (ending = 'open' OR ending = 'confirmed' OR ending = 'cancelled'),
  reason TEXT,
  updated_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX payments_by_id ON payments (payment_id);

-- Double entry: the amounts of a transaction add up to zero. A positive amount is owed to us or in our hands.
CREATE TABLE ledger_entries (
  transaction_id TEXT NOT NULL,
  account TEXT NOT NULL CHECK (account = 'provider' OR account = 'settlement' OR account = 'revenue'),
  order_id TEXT NOT NULL,
  amount_minor INTEGER NOT NULL,
  currency TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  PRIMARY KEY (transaction_id, account)
) STRICT, WITHOUT ROWID;

CREATE TABLE invoices (
  order_id TEXT NOT NULL PRIMARY KEY,
  invoice_id TEXT NOT NULL,
  payment_id TEXT NOT NULL,
  user_id TEXT,
  amount_minor INTEGER NOT NULL,
  currency TEXT NOT NULL,
  issued_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What is still to be asked of the provider, under a key that the order gives: the intent is durable before the call.
CREATE TABLE provider_work (
  order_id TEXT NOT NULL PRIMARY KEY,
  action TEXT NOT NULL CHECK (action = 'charge' OR action = 'void' OR action = 'refund'),
  attempts INTEGER NOT NULL,
  due_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX provider_work_by_due ON provider_work (due_at_ms);
