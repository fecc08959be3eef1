#pragma once

#include <optional>
#include <string>

#include "store/transaction.hpp"
#include "user/operations.hpp"

namespace seamline::user {

struct StoredUser {
  User user;
  std::string password_hash;
};

/// Users as the store keeps them. Stateless, so thread-safe.
class UserRepository {
 public:
  virtual ~UserRepository() = default;
  virtual std::optional<StoredUser> find(store::View& view, const UserId& id) const = 0;
  /// `email` is normalised.
  virtual std::optional<StoredUser> find_by_email(store::View& view, const std::string& email) const = 0;
  virtual void add(store::Transaction& transaction, const StoredUser& user) const = 0;
  virtual void set_password_hash(store::Transaction& transaction, const UserId& id, const std::string& password_hash) const = 0;
};

/// Over SQL rows.
class SqlUserRepository final : public UserRepository {
 public:
  std::optional<StoredUser> find(store::View& view, const UserId& id) const override;
  std::optional<StoredUser> find_by_email(store::View& view, const std::string& email) const override;
  void add(store::Transaction& transaction, const StoredUser& user) const override;
  void set_password_hash(store::Transaction& transaction, const UserId& id, const std::string& password_hash) const override;
};

}  // namespace seamline::user
