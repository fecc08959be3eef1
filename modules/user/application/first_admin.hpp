#pragma once

#include <filesystem>
#include <string>

#include "base/id.hpp"
#include "security/password.hpp"
#include "storage/user_repository.hpp"
#include "store/store.hpp"

namespace seamline::user {

inline constexpr std::string_view admin_email = "admin@seamline.local";

/// Makes the account of the first administrator, at the first start.
class FirstAdmin {
 public:
  /// All exist and outlive it.
  FirstAdmin(store::Store& store, const UserRepository& users, security::PasswordHasher& passwords, IdSource& ids, Random& random)
      : store_(store), users_(users), passwords_(passwords), ids_(ids), random_(random) {}

  /// Does nothing where the account exists. With an empty `password` it draws one, and writes it to `password_file` (mode 0600)
  /// before the account exists, so that a crash in between loses nothing: the next start draws and writes again. Returns whether
  /// it drew one. Errors: user.password_common, user.password_length, security.file_unusable, security.busy.
  Result<bool> make_if_missing(const std::string& password, const std::filesystem::path& password_file);

 private:
  Result<void> add(const std::string& password);

  store::Store& store_;
  const UserRepository& users_;
  security::PasswordHasher& passwords_;
  IdSource& ids_;
  Random& random_;
};

}  // namespace seamline::user
