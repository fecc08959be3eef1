#pragma once

#include <map>
#include <memory>
#include <string>

#include "contract/fields.hpp"
#include "contract/port.hpp"
#include "security/service_tokens.hpp"
#include "user/contract.hpp"

namespace seamline::app {

/// How the services of one process prove who they are to others: each by tokens in its own name, which the user module gives to
/// whoever knows the deployment's secret. Thread-safe.
class ServiceIdentity {
 public:
  /// Of the services `names`. Without a secret nobody has to prove anything. `users` exists and outlives it.
  ServiceIdentity(Secret secret, const std::vector<std::string>& names, Port<user::UserContract>& users,
                  std::int64_t deadline_ms);

  bool has_secret() const { return !secret_.text.empty(); }
  /// The tokens of one of the services; null without a secret.
  security::ServiceTokens* tokens_of(const std::string& service) const;

 private:
  Result<security::ServiceToken> fetch(const std::string& service, std::string_view audience) const;

  const Secret secret_;
  Port<user::UserContract>& users_;
  const std::int64_t deadline_ms_;
  std::map<std::string, std::unique_ptr<security::ServiceTokens>> tokens_;
};

}  // namespace seamline::app
