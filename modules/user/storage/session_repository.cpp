#include "storage/session_repository.hpp"

namespace seamline::user {

std::optional<Session> SqlSessionRepository::find(store::View& view, const std::string& session_id) const {
  auto row = view.rows().query(
      "SELECT session_id, user_id, client_id, refresh_hash, expires_at_ms FROM sessions WHERE session_id = $1", session_id);
  if (!row.next()) return std::nullopt;
  return Session{std::string(row.text(0)), row.id<UserId>(1), std::string(row.text(2)), row.digest(3), row.timestamp(4)};
}

void SqlSessionRepository::add(store::Transaction& transaction, const Session& session) const {
  transaction.rows().execute(
      "INSERT INTO sessions (session_id, user_id, client_id, refresh_hash, started_at_ms, expires_at_ms) VALUES ($1, $2, $3, $4, "
      "$5, $6)",
      session.session_id, session.user_id, session.client_id, session.refresh_hash, transaction.now(), session.expires_at);
}

void SqlSessionRepository::rotate(store::Transaction& transaction, const Session& session) const {
  transaction.rows().execute("UPDATE sessions SET refresh_hash = $2, expires_at_ms = $3 WHERE session_id = $1",
                             session.session_id, session.refresh_hash, session.expires_at);
}

void SqlSessionRepository::remove(store::Transaction& transaction, const std::string& session_id) const {
  transaction.rows().execute("DELETE FROM sessions WHERE session_id = $1", session_id);
}

void SqlSessionRepository::keep_newest(store::Transaction& transaction, const UserId& user, std::int64_t most) const {
  transaction.rows().execute(
      "DELETE FROM sessions WHERE user_id = $1 AND session_id NOT IN "
      "(SELECT session_id FROM sessions WHERE user_id = $1 ORDER BY started_at_ms DESC, session_id DESC LIMIT $2)",
      user, most);
}

void SqlSessionRepository::remove_expired(store::Transaction& transaction, std::int64_t limit) const {
  transaction.rows().execute(
      "DELETE FROM sessions WHERE session_id IN "
      "(SELECT session_id FROM sessions WHERE expires_at_ms <= $1 ORDER BY expires_at_ms LIMIT $2)",
      transaction.now(), limit);
}

}  // namespace seamline::user
