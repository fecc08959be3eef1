-- What the kernel keeps in every module's store, before the module's own tables. All that a module remembers lies in its
-- store, so that moving the store moves the module, with its messages and timers in flight.

-- Whose store this is, and at which epoch: one row. Every write transaction checks it.
CREATE TABLE ownership (
  id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
  log_id TEXT NOT NULL,
  epoch INTEGER NOT NULL
) STRICT;

-- The ordered, gap-free list of events that the module published, written in the transaction that caused them.
CREATE TABLE event_log (
  seq INTEGER NOT NULL PRIMARY KEY,
  epoch INTEGER NOT NULL,
  type TEXT NOT NULL,
  subject TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  trace TEXT NOT NULL,
  payload TEXT NOT NULL,
  hash BLOB NOT NULL
) STRICT;

-- How far this module has applied each publisher's log.
CREATE TABLE cursors (
  publisher TEXT NOT NULL,
  partition INTEGER NOT NULL,
  log_id TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  hash BLOB NOT NULL,
  PRIMARY KEY (publisher, partition)
) STRICT, WITHOUT ROWID;

-- How far each subscriber says that it has applied this module's log.
CREATE TABLE receipts (
  subscriber TEXT NOT NULL PRIMARY KEY,
  seq INTEGER NOT NULL,
  at_ms INTEGER NOT NULL
) STRICT;

-- What is to happen later. A timer is known by its kind and subject; setting it again moves it.
CREATE TABLE timers (
  kind TEXT NOT NULL,
  subject TEXT NOT NULL,
  due_at_ms INTEGER NOT NULL,
  PRIMARY KEY (kind, subject)
) STRICT, WITHOUT ROWID;
CREATE INDEX timers_by_due ON timers (due_at_ms);

-- Entries that can never be applied (poisoned), and later ones of the same subject, which wait behind them (parked).
CREATE TABLE dead_letters (
  publisher TEXT NOT NULL,
  seq INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('poisoned', 'parked')),
  reason TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  type TEXT NOT NULL,
  subject TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  trace TEXT NOT NULL,
  payload TEXT NOT NULL,
  hash BLOB NOT NULL,
  PRIMARY KEY (publisher, seq)
) STRICT;

-- Replies that are given again to a repeat with the same idempotency key. The id grows with time, so that what has aged
-- out is found without an index of its own.
CREATE TABLE idempotency (
  id INTEGER NOT NULL PRIMARY KEY,
  caller TEXT NOT NULL,
  operation TEXT NOT NULL,
  key TEXT NOT NULL,
  fingerprint BLOB NOT NULL,
  reply TEXT NOT NULL,
  at_ms INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX idempotency_by_key ON idempotency (key, operation, caller);
