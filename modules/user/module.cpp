#include "module.hpp"

#include "application/accounts.hpp"
#include "application/first_admin.hpp"
#include "application/login_throttle.hpp"
#include "application/service_clients.hpp"
#include "application/sessions.hpp"
#include "user/contract.hpp"

namespace seamline::user {
namespace {

/// A constructor has no Result: what it cannot do without becomes the reason why the host does not start.
template <class T>
T need(Result<T> result) {
  if (!result) throw host::CannotStart(result.error().detail);
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

security::PasswordCost cost_of(const Settings& settings) {
  return {static_cast<std::uint32_t>(settings.password_memory_kib), static_cast<std::uint32_t>(settings.password_passes)};
}

LoginThrottle::Limits limits_of(const Settings& settings) {
  return {settings.login_failures, settings.login_window_s * 1000, static_cast<std::size_t>(settings.login_accounts)};
}

Sessions::Policy policy_of(const Settings& settings) {
  return {settings.token_issuer, settings.token_audience, settings.token_life_s, settings.refresh_life_s,
          settings.sessions_per_user};
}

ServiceClients::Policy services_of(const Settings& settings) {
  return {settings.token_issuer, settings.service_token_life_s, settings.service_secret, settings.service_names};
}

class UserModule final : public Port<UserContract> {
 public:
  using Contract = UserContract;
  using Settings = user::Settings;

  UserModule(host::Environment& environment, const Settings& settings)
      : passwords_(environment.random(), cost_of(settings), security::PasswordHasher::Limits{}),
        throttle_(limits_of(settings), environment.clock()),
        sealing_(need(security::SealingKey::read_or_make(environment.directory() / "sealing-key", environment.random()))),
        keys_(need(load_signing_keys(environment.store(), sealing_, environment.random()))),
        accounts_(environment.store(), users_, passwords_, sealing_, environment.ids()),
        logins_(environment.store(), users_, sessions_, passwords_, throttle_, keys_, environment.clock(), environment.random(),
                environment.ids(), policy_of(settings)),
        services_(services_of(settings), limits_of(settings), keys_, environment.clock(), environment.ids()) {
    need(services_.check_secret());
    make_first_admin(environment, settings);
  }

  Result<User> call(const CallContext& context, const RegisterUser& operation) override {
    return accounts_.register_user(context, operation);
  }
  Result<User> call(const CallContext& context, const GetUser& operation) override { return accounts_.get(context, operation); }
  Result<Profile> call(const CallContext&, const GetProfile& operation) override { return accounts_.profile(operation); }
  Result<Tokens> call(const CallContext& context, const IssueTokens& operation) override {
    if (operation.grant_type == ServiceClients::grant_type) return services_.issue(operation);
    return logins_.issue(context, operation);
  }
  Result<PublicJwkSet> call(const CallContext&, const GetKeys&) override { return logins_.keys(); }

 private:
  void make_first_admin(host::Environment& environment, const Settings& settings) {
    FirstAdmin admin(environment.store(), users_, passwords_, environment.ids(), environment.random());
    const auto file = environment.directory().parent_path() / "admin-password";
    const bool was_drawn = need(admin.make_if_missing(settings.admin_password.text, file));
    if (was_drawn && settings.on_admin_made) settings.on_admin_made(admin_email, file);
  }

  SqlUserRepository users_;
  SqlSessionRepository sessions_;
  security::PasswordHasher passwords_;
  LoginThrottle throttle_;
  const security::SealingKey sealing_;
  const std::vector<SigningKeyEntry> keys_;
  Accounts accounts_;
  Sessions logins_;
  ServiceClients services_;
};

}  // namespace

host::ModuleSpec module(const Settings& settings) { return host::spec_of<UserModule>(settings); }

}  // namespace seamline::user
