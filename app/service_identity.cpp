#include "service_identity.hpp"

#include "base/assert.hpp"

namespace seamline::app {

ServiceIdentity::ServiceIdentity(Secret secret, const std::vector<std::string>& names, Port<user::UserContract>& users,
                                 std::int64_t deadline_ms)
    : secret_(std::move(secret)), users_(users), deadline_ms_(deadline_ms) {
  if (!has_secret()) return;
  for (const std::string& name : names) {
    tokens_[name] = std::make_unique<security::ServiceTokens>(
        [this, name](std::string_view audience) { return fetch(name, audience); }, Clock::system());
  }
}

security::ServiceTokens* ServiceIdentity::tokens_of(const std::string& service) const {
  if (!has_secret()) return nullptr;
  const auto found = tokens_.find(service);
  SEAMLINE_ASSERT(found != tokens_.end());
  return found->second.get();
}

Result<security::ServiceToken> ServiceIdentity::fetch(const std::string& service, std::string_view audience) const {
  user::IssueTokens request;
  request.grant_type = "client_credentials";
  request.client_id = service;
  request.client_secret = secret_;
  request.audience = std::string(audience);
  CallContext context;
  context.deadline = Clock::system().monotonic().plus_ms(deadline_ms_);
  const auto tokens = users_.call(context, request);
  if (!tokens) return fail(tokens.error());
  return security::ServiceToken{tokens->access_token.text, tokens->expires_in_s};
}

}  // namespace seamline::app
