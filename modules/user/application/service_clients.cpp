#include "application/service_clients.hpp"

#include <algorithm>

#include "security/constant_time.hpp"
#include "security/service_trust.hpp"

namespace seamline::user {
namespace {

constexpr ErrorCode secret_weak{"user.service_secret_weak", Kind::invalid};

}  // namespace

Result<void> ServiceClients::check_secret() const {
  if (policy_.secret.text.empty() || policy_.secret.text.size() >= min_secret_bytes) return {};
  return fail(secret_weak, "The secret that the services share must have " + std::to_string(min_secret_bytes) +
                               " bytes at least; a good one is what `openssl rand -hex 32` prints.");
}

Result<Tokens> ServiceClients::issue(const IssueTokens& operation) {
  if (policy_.secret.text.empty()) {
    return fail(errors::unauthorized_client, "There are no service tokens here: this process was given no service secret.");
  }
  const std::string client = operation.client_id.value_or("");
  const std::string secret = operation.client_secret.value_or(Secret{}).text;
  const std::string audience = operation.audience.value_or("");
  if (client.empty() || secret.empty() || audience.empty()) {
    return fail(errors::invalid_request,
                "The grant type client_credentials needs the parameters client_id, client_secret and audience.");
  }
  if (!operation.scope.value_or("").empty()) {
    return fail(errors::invalid_scope, "There are no scopes here: what a token may do follows from the service's name.");
  }
  if (auto known = authenticate(client, secret); !known) return fail(std::move(known.error()));
  if (!is_service(audience)) return fail(errors::invalid_target, "The audience is the name of no service here.");
  return token_for(client, audience);
}

Result<void> ServiceClients::authenticate(const std::string& client, const std::string& secret) {
  // Both are looked at, whatever the first says, so that the time does not tell which names there are.
  const bool has_secret = security::are_equal_secrets(secret, policy_.secret.text);
  const bool is_known = is_service(client);
  if (has_secret && is_known) {
    throttle_.succeeded(client);
    return {};
  }
  if (auto admitted = throttle_.begin(client); !admitted) return admitted;
  return fail(errors::invalid_client, "The service is not known, or its secret is wrong.");
}

bool ServiceClients::is_service(const std::string& name) const {
  return std::find(policy_.names.begin(), policy_.names.end(), name) != policy_.names.end();
}

Tokens ServiceClients::token_for(const std::string& client, const std::string& audience) {
  security::AccessClaims claims;
  claims.issuer = policy_.issuer;
  claims.audience = audience;
  claims.subject = client;
  claims.client_id = client;
  claims.role = security::service_role;
  claims.token_id = ids_.next();
  claims.issued_at_s = clock_.now().ms / 1000;
  claims.expires_at_s = claims.issued_at_s + policy_.token_life_s;
  const SigningKeyEntry& signing = keys_.front();
  return {{security::sign_access_token(claims, signing.key, signing.key_id)}, "Bearer", policy_.token_life_s, std::nullopt};
}

}  // namespace seamline::user
