#include "storage/user_repository.hpp"

namespace seamline::user {
namespace {

std::optional<StoredUser> read_user(store::Rows row) {
  if (!row.next()) return std::nullopt;
  return StoredUser{
      {row.id<UserId>(0), std::string(row.text(1)), std::string(row.text(2)), enum_from_name<UserRole>(row.text(3)).value()},
      std::string(row.text(4))};
}

}  // namespace

std::optional<StoredUser> SqlUserRepository::find(store::View& view, const UserId& id) const {
  return read_user(view.rows().query("SELECT user_id, email, name, role, password_hash FROM users WHERE user_id = $1", id));
}

std::optional<StoredUser> SqlUserRepository::find_by_email(store::View& view, const std::string& email) const {
  return read_user(view.rows().query("SELECT user_id, email, name, role, password_hash FROM users WHERE email = $1", email));
}

void SqlUserRepository::add(store::Transaction& transaction, const StoredUser& stored) const {
  transaction.rows().execute(
      "INSERT INTO users (user_id, email, name, role, password_hash, created_at_ms) VALUES ($1, $2, $3, $4, $5, $6)",
      stored.user.id, stored.user.email, stored.user.name, name_of(stored.user.role), stored.password_hash, transaction.now());
}

void SqlUserRepository::set_password_hash(store::Transaction& transaction, const UserId& id,
                                          const std::string& password_hash) const {
  transaction.rows().execute("UPDATE users SET password_hash = $2 WHERE user_id = $1", id, password_hash);
}

}  // namespace seamline::user
