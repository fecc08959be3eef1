-- The keys that access tokens are signed with. The private key is sealed under the key file beside the store: a copy of the
-- store alone signs nothing.
CREATE TABLE signing_keys (
  key_id TEXT NOT NULL PRIMARY KEY,
  sealed_private_key TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL
) STRICT;

-- One row for each login that may still be refreshed. Only the newest refresh token is known, and only by its SHA-256: one that
-- names the session and is not the newest has been used before.
CREATE TABLE sessions (
  session_id TEXT NOT NULL PRIMARY KEY,
  user_id TEXT NOT NULL,
  client_id TEXT NOT NULL,
  refresh_hash BLOB NOT NULL,
  started_at_ms INTEGER NOT NULL,
  expires_at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_by_user ON sessions (user_id, started_at_ms);
CREATE INDEX sessions_by_expiry ON sessions (expires_at_ms);
