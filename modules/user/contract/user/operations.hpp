#pragma once

#include "contract/contract.hpp"

namespace seamline::user {

using UserId = Id<"user">;

/// What a user may do.
enum class UserRole : std::uint8_t { user, admin };

}  // namespace seamline::user

template <>
inline constexpr std::array<std::string_view, 2> seamline::enum_names<seamline::user::UserRole>{"user", "admin"};

namespace seamline::user {

namespace errors {
inline constexpr ErrorCode not_found{"user.not_found", Kind::not_found};
inline constexpr ErrorCode email_taken{"user.email_taken", Kind::conflict};
inline constexpr ErrorCode email_invalid{"user.email_invalid", Kind::invalid};
inline constexpr ErrorCode password_common{"user.password_common", Kind::invalid};
// The errors of RFC 6749, section 5.2: behind the dot stands the value of the member `error`. The status is 400 where nothing
// else is said.
inline constexpr ErrorCode invalid_request{"oauth.invalid_request", Kind::malformed};
inline constexpr ErrorCode invalid_grant{"oauth.invalid_grant", Kind::malformed};
inline constexpr ErrorCode invalid_scope{"oauth.invalid_scope", Kind::malformed};
inline constexpr ErrorCode unsupported_grant_type{"oauth.unsupported_grant_type", Kind::malformed};
inline constexpr ErrorCode unauthorized_client{"oauth.unauthorized_client", Kind::malformed};
// The audience is no service (RFC 8693, section 2.2.2).
inline constexpr ErrorCode invalid_target{"oauth.invalid_target", Kind::malformed};
// A service is not known, or its secret is wrong: 401, unlike the others.
inline constexpr ErrorCode invalid_client{"oauth.invalid_client", Kind::unauthenticated};
// Too many failed logins to one account, or of one service; the name is that of RFC 8628, section 3.5.
inline constexpr ErrorCode slow_down{"oauth.slow_down", Kind::limited};
}  // namespace errors

/// A user as others may see them.
struct User {
  UserId id;
  std::string email;
  std::string name;
  UserRole role = UserRole::user;

  static constexpr std::tuple fields{Field{"id", &User::id, "Server-assigned."},
                                     Field{"email", &User::email, "Normalised to lower case."},
                                     Field{"name", &User::name, "As registered."}, Field{"role", &User::role, "user or admin."}};
};

/// Registers a user.
struct RegisterUser {
  std::string email;
  Secret password;
  std::string user_name;

  using Reply = User;
  static constexpr std::string_view name = "user.register";
  static constexpr std::string_view summary = "Register a user";
  static constexpr Route route{Verb::post, "/users", "/users/{id}"};
  static constexpr Access access = Access::anyone;
  static constexpr Repeat repeat = Repeat::with_key;
  static constexpr std::array errors{errors::email_taken, errors::email_invalid, errors::password_common};
  static constexpr std::tuple fields{
      Field{"email", &RegisterUser::email, "Unique in the shop, whatever its case.", length(3, 254)},
      Field{"password", &RegisterUser::password, "8 to 128 bytes, and none of the most common ones.", length(8, 128)},
      Field{"name", &RegisterUser::user_name, "1 to 200 bytes.", length(1, 200)}};
};

/// Reads one user. Idempotent. A user whom the caller may not see is not found.
struct GetUser {
  UserId id;

  using Reply = User;
  static constexpr std::string_view name = "user.get";
  static constexpr std::string_view summary = "Read one user";
  static constexpr Route route{Verb::get, "/users/{id}"};
  static constexpr Access access = Access::owner;
  static constexpr Repeat repeat = Repeat::safe;
  static constexpr std::array errors{errors::not_found};
  static constexpr std::tuple fields{Field{"id", &GetUser::id, "The user."}};
};

/// What other modules may know of a user.
struct Profile {
  UserId id;
  std::string name;

  static constexpr std::tuple fields{Field{"id", &Profile::id, "The user."}, Field{"name", &Profile::name, "As registered."}};
};

/// Says whether a user exists, and their name. Idempotent.
struct GetProfile {
  UserId id;

  using Reply = Profile;
  static constexpr std::string_view name = "user.get_profile";
  static constexpr std::string_view summary = "Say whether a user exists, and their name";
  static constexpr Route route{Verb::post, "/internal/user/get_profile"};
  static constexpr Access access = Access::internal;
  static constexpr Repeat repeat = Repeat::safe;
  static constexpr std::array errors{errors::not_found};
  static constexpr std::tuple fields{Field{"id", &GetProfile::id, "The user."}};
};

/// What a login, a refresh or a service's secret gives (RFC 6749, section 5.1).
struct Tokens {
  Secret access_token;
  std::string token_type;
  std::int64_t expires_in_s = 0;
  std::optional<Secret> refresh_token;

  static constexpr std::tuple fields{
      Field{"access_token", &Tokens::access_token, "A JWT (RFC 9068), for the header Authorization: Bearer …", length(1, 8192)},
      Field{"token_type", &Tokens::token_type, "Bearer."},
      Field{"expires_in", &Tokens::expires_in_s, "How long the access token is valid, in seconds."},
      Field{"refresh_token", &Tokens::refresh_token,
            "Gives the next tokens, once; using it a second time ends the session. None for a service."}};
};

/// Gives tokens for a password, or for the refresh token of an earlier answer. Not idempotent: each refresh token works once, and
/// its second use ends the session (RFC 9700, section 4.14.2). The answer to a wrong password and to an unknown user is the
/// same, in about the same time. After too many failed logins to one account its logins are refused for a while, with
/// retry-after; sessions that are open go on.
///
/// To a service of the shop it gives, for the secret that they share, a token for calls to one other service (RFC 6749, section
/// 4.4): sub is the service's name, aud the other's, role `service`. Such a token is no user's, and has no refresh token.
struct IssueTokens {
  std::string grant_type;
  std::optional<std::string> username;
  std::optional<Secret> password;
  std::optional<Secret> refresh_token;
  std::optional<std::string> client_id;
  std::optional<std::string> scope;
  std::optional<Secret> client_secret{};
  std::optional<std::string> audience{};

  using Reply = Tokens;
  static constexpr std::string_view name = "user.issue_tokens";
  static constexpr std::string_view summary = "Get an access token";
  static constexpr Route route{Verb::post, "/oauth/token", {}, BodyFormat::form};
  static constexpr Access access = Access::anyone;
  static constexpr Repeat repeat = Repeat::never;
  static constexpr std::array errors{
      errors::invalid_request,     errors::invalid_grant,  errors::invalid_scope,  errors::unsupported_grant_type,
      errors::unauthorized_client, errors::invalid_target, errors::invalid_client, errors::slow_down};
  static constexpr std::tuple fields{
      Field{"grant_type", &IssueTokens::grant_type, "password, refresh_token or client_credentials.", length(1, 64)},
      Field{"username", &IssueTokens::username, "With password: the e-mail address.", length(0, 254)},
      Field{"password", &IssueTokens::password, "With password.", length(0, 128)},
      Field{"refresh_token", &IssueTokens::refresh_token, "With refresh_token: that of the last answer.", length(0, 512)},
      Field{"client_id", &IssueTokens::client_id,
            "What the client calls itself; a refresh must come from the same one. With client_credentials: the service's name.",
            length(0, 64)},
      Field{"scope", &IssueTokens::scope, "Must be empty: what a token may do follows from the user's role.", length(0, 512)},
      Field{"client_secret", &IssueTokens::client_secret, "With client_credentials: the secret that the services share.",
            length(0, 512)},
      Field{"audience", &IssueTokens::audience, "With client_credentials: the service that will be called.", length(0, 300)}};
};

/// A public key that access tokens are checked with (RFC 7517, section 4; RFC 7518, section 6.2.1).
struct PublicJwk {
  std::string kty;
  std::string crv;
  std::string x;
  std::string y;
  std::string kid;
  std::string use;
  std::string alg;

  static constexpr std::tuple fields{Field{"kty", &PublicJwk::kty, "EC."},
                                     Field{"crv", &PublicJwk::crv, "P-256."},
                                     Field{"x", &PublicJwk::x, "32 bytes, base64url."},
                                     Field{"y", &PublicJwk::y, "32 bytes, base64url."},
                                     Field{"kid", &PublicJwk::kid, "The thumbprint of the key (RFC 7638)."},
                                     Field{"use", &PublicJwk::use, "sig."},
                                     Field{"alg", &PublicJwk::alg, "ES256."}};
};
struct PublicJwkSet {
  std::vector<PublicJwk> keys;
  static constexpr std::tuple fields{
      Field{"keys", &PublicJwkSet::keys, "All keys that a valid token may be signed with.", count(0, 16)}};
};

/// The public keys of the access tokens. Idempotent.
struct GetKeys {
  using Reply = PublicJwkSet;
  static constexpr std::string_view name = "user.get_keys";
  static constexpr std::string_view summary = "Read the keys that access tokens are checked with";
  static constexpr Route route{Verb::get, "/.well-known/jwks.json"};
  static constexpr Access access = Access::anyone;
  static constexpr Repeat repeat = Repeat::safe;
  static constexpr auto errors = no_errors;
  static constexpr std::tuple<> fields{};
};

}  // namespace seamline::user
