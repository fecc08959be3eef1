#include "module.hpp"

#include "application/accounts.hpp"
#include "user/contract.hpp"

namespace seamline::user {
namespace {

class UserModule final : public Port<UserContract> {
 public:
  using Contract = UserContract;
  using Settings = user::Settings;

  UserModule(host::Environment& environment, const Settings& settings)
      : passwords_(environment.random(),
                   {static_cast<std::uint32_t>(settings.password_memory_kib), static_cast<std::uint32_t>(settings.password_passes)},
                   security::PasswordHasher::Limits{}),
        accounts_(environment.store(), repository_, passwords_, environment.ids()) {}

  Result<User> call(const CallContext& context, const RegisterUser& operation) override {
    return accounts_.register_user(context, operation);
  }
  Result<User> call(const CallContext& context, const GetUser& operation) override { return accounts_.get(context, operation); }
  Result<Profile> call(const CallContext&, const GetProfile& operation) override { return accounts_.profile(operation); }

 private:
  SqlUserRepository repository_;
  security::PasswordHasher passwords_;
  Accounts accounts_;
};

}  // namespace

host::ModuleSpec module(const Settings& settings) { return host::spec_of<UserModule>(settings); }

}  // namespace seamline::user
