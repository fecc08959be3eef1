#include "security/service_trust.hpp"

namespace seamline::security {
namespace {

tl::unexpected<Error> distrust(const std::string& why) { return fail(untrusted_service, why); }

}  // namespace

TokenPolicy service_token_policy(std::string issuer, std::string audience) {
  TokenPolicy policy;
  policy.issuer = std::move(issuer);
  policy.audience = std::move(audience);
  policy.max_life_s = max_service_token_life_s;
  return policy;
}

bool needs_service_token(Access access, const Caller& caller) {
  return access != Access::anyone || caller.role != Role::anonymous || !caller.subject.empty();
}

Result<std::string> LoopbackTrust::check(std::string_view, const CallContext& claimed, Access) {
  return claimed.caller.role == Role::service ? claimed.caller.subject : std::string();
}

Result<std::string> TokenTrust::check(std::string_view authorization, const CallContext& claimed, Access access) {
  if (!needs_service_token(access, claimed.caller)) return std::string();
  auto peer = peer_of(authorization);
  if (!peer) return peer;
  if (auto believed = check_claim(*peer, claimed); !believed) return fail(std::move(believed.error()));
  return peer;
}

Result<std::string> TokenTrust::peer_of(std::string_view authorization) {
  const std::string_view token = bearer_token(authorization);
  if (token.empty()) {
    return distrust("A call between services needs Authorization: Bearer <service token for " + verifier_.policy().audience +
                    ">; get one from POST /oauth/token with grant_type=client_credentials.");
  }
  const Timestamp now = clock_.now();
  const Sha256 digest = sha256(token);
  if (auto known = verified_.find(digest, now.ms / 1000)) return std::move(known->subject);
  auto claims = verifier_.verify(token, now);
  if (!claims && claims.error().kind == Kind::unavailable) return fail(std::move(claims.error()));
  if (!claims) return distrust("The service's token is not believed: " + claims.error().detail);
  if (claims->role != service_role) {
    return distrust("The token in Authorization is a user's and no service's: a user's goes beside it.");
  }
  verified_.add(digest, {Role::service, claims->subject}, claims->expires_at_s + verifier_.policy().leeway_s, now.ms / 1000);
  return std::move(claims->subject);
}

Result<void> TokenTrust::check_claim(const std::string& peer, const CallContext& claimed) {
  const Caller& caller = claimed.caller;
  switch (caller.role) {
    case Role::anonymous:
      if (!caller.subject.empty()) return distrust("An anonymous caller has no subject.");
      return {};
    case Role::user:
    case Role::admin: return check_user(claimed);
    case Role::service:
      if (!caller.subject.empty() && caller.subject != peer) {
        return distrust("The service " + peer + " calls itself by another service's name.");
      }
      return {};
  }
  return distrust("The caller has no role.");
}

Result<void> TokenTrust::check_user(const CallContext& claimed) {
  if (claimed.caller_token.empty()) {
    return distrust("A call for a user or an admin must relay their own access token.");
  }
  // Its errors are the user's: a token that ended on the way is refused as it would have been at the door.
  const auto proven = users_.verify(claimed.caller_token);
  if (!proven) return fail(proven.error());
  if (proven->role != claimed.caller.role || proven->subject != claimed.caller.subject) {
    return distrust("The relayed access token is not the caller's whom this call names.");
  }
  return {};
}

}  // namespace seamline::security
