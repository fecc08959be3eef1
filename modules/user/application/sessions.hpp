#pragma once

#include <string>
#include <vector>

#include "application/login_throttle.hpp"
#include "security/access_token.hpp"
#include "security/password.hpp"
#include "storage/session_repository.hpp"
#include "storage/signing_keys.hpp"
#include "storage/user_repository.hpp"
#include "store/store.hpp"

namespace seamline::user {

/// Users log in, and refresh their tokens. Errors are those of each operation's contract.
class Sessions {
 public:
  struct Policy {
    std::string issuer;
    std::string audience;
    std::int64_t token_life_s = 900;
    /// How long a session lasts from its last refresh.
    std::int64_t refresh_life_s = 30LL * 24 * 3600;
    std::int64_t sessions_per_user = 20;
  };

  /// All exist and outlive it. `keys` has one at least; the first one signs.
  Sessions(store::Store& store, const UserRepository& users, const SessionRepository& sessions,
           security::PasswordHasher& passwords, LoginThrottle& throttle, const std::vector<SigningKeyEntry>& keys,
           const Clock& clock, Random& random, IdSource& ids, Policy policy)
      : store_(store),
        users_(users),
        sessions_(sessions),
        passwords_(passwords),
        throttle_(throttle),
        keys_(keys),
        clock_(clock),
        random_(random),
        ids_(ids),
        policy_(std::move(policy)) {}

  Result<Tokens> issue(const CallContext& context, const IssueTokens& operation);
  PublicJwkSet keys() const;

 private:
  Result<Tokens> log_in(const CallContext& context, const IssueTokens& operation);
  Result<Tokens> refresh(const CallContext& context, const IssueTokens& operation);
  Result<StoredUser> check_password(const std::string& account, const std::string& password);
  Tokens tokens_for(const User& user, const std::string& client_id, std::string refresh_token);
  std::string draw(std::size_t bytes);
  Timestamp session_end() const { return {clock_.now().ms + policy_.refresh_life_s * 1000}; }

  store::Store& store_;
  const UserRepository& users_;
  const SessionRepository& sessions_;
  security::PasswordHasher& passwords_;
  LoginThrottle& throttle_;
  const std::vector<SigningKeyEntry>& keys_;
  const Clock& clock_;
  Random& random_;
  IdSource& ids_;
  const Policy policy_;
};

}  // namespace seamline::user
