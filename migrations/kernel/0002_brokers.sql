-- What a subscriber remembers of the brokers' topics that it hears. The publishers' own entries need none of it, as they have
-- their cursor; the events of others, who stand in for a publisher, have nothing else.

-- Where a subscription goes on in each partition of a topic. Another storage_id, after a broker has lost its data, makes the
-- places void: it then begins with the earliest event there is.
CREATE TABLE broker_places (
  broker TEXT NOT NULL,
  topic TEXT NOT NULL,
  topic_partition INTEGER NOT NULL,
  storage_id TEXT NOT NULL,
  next_offset INTEGER NOT NULL,
  PRIMARY KEY (broker, topic, topic_partition)
) STRICT, WITHOUT ROWID;

-- The foreign events that were applied, by CloudEvents' identity, so that one that is sent again has no second effect.
CREATE TABLE foreign_events (
  source TEXT NOT NULL,
  event_id TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  PRIMARY KEY (source, event_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX foreign_events_by_age ON foreign_events (at_ms);

-- Foreign events that can never be applied, with where they lay.
CREATE TABLE foreign_dead_letters (
  broker TEXT NOT NULL,
  topic TEXT NOT NULL,
  storage_id TEXT NOT NULL,
  topic_partition INTEGER NOT NULL,
  topic_offset INTEGER NOT NULL,
  reason TEXT NOT NULL,
  type TEXT NOT NULL,
  source TEXT NOT NULL,
  event_id TEXT NOT NULL,
  trace TEXT NOT NULL,
  payload TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  PRIMARY KEY (broker, topic, storage_id, topic_partition, topic_offset)
) STRICT, WITHOUT ROWID;
