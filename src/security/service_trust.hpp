#pragma once

#include <string>
#include <string_view>

#include "base/call_context.hpp"
#include "base/result.hpp"
#include "contract/contract.hpp"
#include "security/bearer_authenticator.hpp"

namespace seamline::security {

/// Who sends this is no service of the shop, or may not speak for the caller that it names. The peer is at fault, and not a
/// customer: one who sees the answer to their own call should see that the shop is unavailable.
inline constexpr ErrorCode untrusted_service{"request.untrusted_service", Kind::unauthenticated};

/// The role that tokens of services carry. Users have none of that name.
inline constexpr std::string_view service_role = "service";

/// A service's token with a longer life is refused: it is a secret that travels, and cannot be taken back.
inline constexpr std::int64_t max_service_token_life_s = 900;

/// Whose service tokens are believed at the listener of `audience`, which is the name of the module that is called there.
TokenPolicy service_token_policy(std::string issuer, std::string audience);

/// Whether a call must carry a service token. Not one by nobody to an operation that is open to anyone: tokens and the keys to
/// check them with are fetched so. Caller and callee decide by this alike.
bool needs_service_token(Access access, const Caller& caller);

/// The callee's side of the trust between services: whether a call at a service listener comes from one, and may say of its
/// caller what it says. Thread-safe.
class ServiceTrust {
 public:
  virtual ~ServiceTrust() = default;

  /// `authorization` is the header's value, `claimed` what the other headers say, and `access` that of the operation (internal,
  /// for what is no operation but between services: the event log). Gives the peer's name, as far as it is known; a caller of
  /// the role service that has no subject is that peer.
  /// Errors: request.untrusted_service; request.invalid_token for a user's relayed token that does not hold, which is for the
  /// user to see; request.keys_unavailable.
  virtual Result<std::string> check(std::string_view authorization, const CallContext& claimed, Access access) = 0;
};

/// For a listener on loopback: believes whoever reaches it. All processes of this machine are then trusted alike: any of them
/// may speak for any user. Who shares the machine with strangers sets a secret and uses TokenTrust.
class LoopbackTrust final : public ServiceTrust {
 public:
  /// The peer is what a caller of the role service calls itself, else not known. No errors.
  Result<std::string> check(std::string_view authorization, const CallContext& claimed, Access access) override;
};

/// Demands a service token for this audience in `Authorization: Bearer`; of what it says of its caller it believes
/// - an anonymous caller without a subject,
/// - a user or an admin, where the user's own access token (CallContext::caller_token) says the same role and subject,
/// - a service without a subject or with the peer's own name.
/// What was verified is remembered by its hash until it expires, so that a call costs no signature.
class TokenTrust final : public ServiceTrust {
 public:
  /// `users` checks the users' tokens, and knows the keys for both. It and `clock` exist and outlive this.
  TokenTrust(TokenPolicy policy, BearerAuthenticator& users, const Clock& clock, std::size_t max_cached_tokens = 1'000)
      : verifier_(std::move(policy), users.keys()), users_(users), clock_(clock), verified_(max_cached_tokens) {}

  Result<std::string> check(std::string_view authorization, const CallContext& claimed, Access access) override;

 private:
  Result<std::string> peer_of(std::string_view authorization);
  Result<void> check_claim(const std::string& peer, const CallContext& claimed);
  Result<void> check_user(const CallContext& claimed);

  const TokenVerifier verifier_;
  BearerAuthenticator& users_;
  const Clock& clock_;
  VerifiedTokens verified_;
};

}  // namespace seamline::security
