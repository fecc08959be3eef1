#pragma once

#include "base/id.hpp"
#include "security/password.hpp"
#include "storage/user_repository.hpp"
#include "store/store.hpp"

namespace seamline::user {

/// Users register, and are read. Errors are those of each operation's contract.
class Accounts {
 public:
  /// All exist and outlive it.
  Accounts(store::Store& store, const UserRepository& repository, security::PasswordHasher& passwords, IdSource& ids)
      : store_(store), repository_(repository), passwords_(passwords), ids_(ids) {}

  Result<User> register_user(const CallContext& context, const RegisterUser& operation);
  Result<User> get(const CallContext& context, const GetUser& operation);
  Result<Profile> profile(const GetProfile& operation);

 private:
  store::Store& store_;
  const UserRepository& repository_;
  security::PasswordHasher& passwords_;
  IdSource& ids_;
};

}  // namespace seamline::user
