#pragma once

#include "base/id.hpp"
#include "security/password.hpp"
#include "security/sealing_key.hpp"
#include "storage/user_repository.hpp"
#include "store/store.hpp"

namespace seamline::user {

/// Users register, and are read. Errors are those of each operation's contract.
class Accounts {
 public:
  /// All exist and outlive it.
  Accounts(store::Store& store, const UserRepository& repository, security::PasswordHasher& passwords,
           const security::SealingKey& sealing, IdSource& ids)
      : store_(store), repository_(repository), passwords_(passwords), sealing_(sealing), ids_(ids) {}

  Result<User> register_user(const CallContext& context, const RegisterUser& operation);
  Result<User> get(const CallContext& context, const GetUser& operation);
  Result<Profile> profile(const GetProfile& operation);

 private:
  RegisterUser fingerprinted(const RegisterUser& operation) const;

  store::Store& store_;
  const UserRepository& repository_;
  security::PasswordHasher& passwords_;
  const security::SealingKey& sealing_;
  IdSource& ids_;
};

}  // namespace seamline::user
