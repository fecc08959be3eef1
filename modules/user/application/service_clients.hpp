#pragma once

#include <string>
#include <vector>

#include "application/login_throttle.hpp"
#include "base/clock.hpp"
#include "base/id.hpp"
#include "storage/signing_keys.hpp"
#include "user/operations.hpp"

namespace seamline::user {

/// Gives services of the shop the tokens by which other services know them (RFC 6749, section 4.4). Nothing of it is stored.
/// Thread-safe. Errors are those of the operation's contract.
class ServiceClients {
 public:
  static constexpr std::string_view grant_type = "client_credentials";
  /// 256 bits, where each byte is random.
  static constexpr std::size_t min_secret_bytes = 32;

  struct Policy {
    std::string issuer;
    std::int64_t token_life_s = 300;
    /// What the services share; empty refuses them all.
    Secret secret;
    std::vector<std::string> names;
  };

  /// All exist and outlive it. `keys` has one at least; the first one signs.
  ServiceClients(Policy policy, LoginThrottle::Limits limits, const std::vector<SigningKeyEntry>& keys, const Clock& clock,
                 IdSource& ids)
      : policy_(std::move(policy)), throttle_(limits, clock), keys_(keys), clock_(clock), ids_(ids) {}

  /// Errors: user.service_secret_weak for one that is shorter than it must be.
  Result<void> check_secret() const;

  /// A service that is not known and a wrong secret get the same answer. After too many of them for one name the answer is
  /// slow_down; the right secret is never kept out: anybody can fail under the gateway's name, and must not stop the shop so.
  Result<Tokens> issue(const IssueTokens& operation);

 private:
  Result<void> authenticate(const std::string& client, const std::string& secret);
  bool is_service(const std::string& name) const;
  Tokens token_for(const std::string& client, const std::string& audience);

  const Policy policy_;
  /// Apart from that of the accounts: who fails under a service's name as a user's must not use up the service's tries.
  LoginThrottle throttle_;
  const std::vector<SigningKeyEntry>& keys_;
  const Clock& clock_;
  IdSource& ids_;
};

}  // namespace seamline::user
