#pragma once

#include <optional>
#include <string>

#include "base/hash.hpp"
#include "store/transaction.hpp"
#include "user/operations.hpp"

namespace seamline::user {

/// A login that may still be refreshed.
struct Session {
  std::string session_id;
  UserId user_id;
  std::string client_id;
  /// SHA-256 of its newest refresh token.
  Sha256 refresh_hash{};
  Timestamp expires_at;
};

/// Sessions as the store keeps them. Stateless, so thread-safe.
class SessionRepository {
 public:
  virtual ~SessionRepository() = default;
  virtual std::optional<Session> find(store::View& view, const std::string& session_id) const = 0;
  virtual void add(store::Transaction& transaction, const Session& session) const = 0;
  /// From now on only this refresh token is the newest.
  virtual void rotate(store::Transaction& transaction, const Session& session) const = 0;
  virtual void remove(store::Transaction& transaction, const std::string& session_id) const = 0;
  /// Leaves the user's newest `most` sessions.
  virtual void keep_newest(store::Transaction& transaction, const UserId& user, std::int64_t most) const = 0;
  /// Removes at most `limit` sessions that have expired.
  virtual void remove_expired(store::Transaction& transaction, std::int64_t limit) const = 0;
};

/// Over SQL rows.
class SqlSessionRepository final : public SessionRepository {
 public:
  std::optional<Session> find(store::View& view, const std::string& session_id) const override;
  void add(store::Transaction& transaction, const Session& session) const override;
  void rotate(store::Transaction& transaction, const Session& session) const override;
  void remove(store::Transaction& transaction, const std::string& session_id) const override;
  void keep_newest(store::Transaction& transaction, const UserId& user, std::int64_t most) const override;
  void remove_expired(store::Transaction& transaction, std::int64_t limit) const override;
};

}  // namespace seamline::user
