#include "application/sessions.hpp"

#include <span>

#include "base/fault.hpp"
#include "domain/email.hpp"
#include "security/base64url.hpp"

namespace seamline::user {
namespace {

/// A refresh token is `<session>.<secret>`: 16 and 32 random bytes, base64url.
constexpr std::size_t session_bytes = 16;
constexpr std::size_t secret_bytes = 32;
constexpr std::size_t session_characters = 22;
constexpr std::size_t token_characters = session_characters + 1 + 43;

constexpr std::int64_t expired_sessions_at_once = 10;
/// What a client is called that does not say.
constexpr std::string_view unnamed_client = "public";

/// An optional parameter without a value counts as left out (RFC 6749, section 3.2).
std::string text_of(const std::optional<std::string>& parameter) { return parameter.value_or(""); }
std::string text_of(const std::optional<Secret>& parameter) { return parameter ? parameter->text : ""; }

std::string client_of(const IssueTokens& operation) {
  std::string client = text_of(operation.client_id);
  return client.empty() ? std::string(unnamed_client) : client;
}

/// One message for a wrong password and an unknown user.
tl::unexpected<Error> wrong_login() { return fail(errors::invalid_grant, "The user name or the password is wrong."); }
/// One message for whatever is wrong with a refresh token.
tl::unexpected<Error> bad_refresh_token() {
  return fail(errors::invalid_grant, "The refresh token is unknown, expired, used before or another client's. Log in again.");
}

enum class Refreshed : std::uint8_t { renewed, unknown, reused };

}  // namespace

Result<Tokens> Sessions::issue(const CallContext& context, const IssueTokens& operation) {
  if (!text_of(operation.scope).empty()) {
    return fail(errors::invalid_scope, "There are no scopes here: what a token may do follows from the user's role.");
  }
  if (operation.grant_type == "password") return log_in(context, operation);
  if (operation.grant_type == "refresh_token") return refresh(context, operation);
  return fail(errors::unsupported_grant_type, "The grant types here are password, refresh_token and client_credentials.");
}

Result<Tokens> Sessions::log_in(const CallContext& context, const IssueTokens& operation) {
  const std::string username = text_of(operation.username);
  const std::string password = text_of(operation.password);
  if (username.empty() || password.empty()) {
    return fail(errors::invalid_request, "The grant type password needs the parameters username and password.");
  }
  // What is no address can be no account, and takes the same way as an unknown one.
  const std::string account = normalise_email(username).value_or(username);
  auto stored = check_password(account, password);
  if (!stored) return fail(std::move(stored.error()));

  const bool is_outdated = passwords_.is_outdated(stored->password_hash);
  const auto new_hash = is_outdated ? passwords_.hash(password) : Result<std::string>();
  const std::string session_id = draw(session_bytes);
  const std::string refresh_token = session_id + "." + draw(secret_bytes);
  const Session session{session_id, stored->user.id, client_of(operation), sha256(refresh_token), session_end()};
  auto written = store_.write(context, [&](store::Transaction& transaction) -> Result<void> {
    sessions_.remove_expired(transaction, expired_sessions_at_once);
    sessions_.add(transaction, session);
    SEAMLINE_CRASH_POINT("user", "session-added");
    sessions_.keep_newest(transaction, session.user_id, policy_.sessions_per_user);
    if (is_outdated && new_hash) users_.set_password_hash(transaction, session.user_id, *new_hash);
    return {};
  });
  if (!written) return fail(std::move(written.error()));
  SEAMLINE_CRASH_POINT("user", "before-tokens");
  return tokens_for(stored->user, session.client_id, refresh_token);
}

Result<StoredUser> Sessions::check_password(const std::string& account, const std::string& password) {
  // First of all: where the store cannot be read, nothing has been tried.
  auto stored = store_.read([&](store::View& view) { return users_.find_by_email(view, account); });
  if (auto admitted = throttle_.begin(account); !admitted) return fail(std::move(admitted.error()));
  const auto is_right = passwords_.verify(password, stored ? stored->password_hash : passwords_.decoy());
  if (!is_right) {
    throttle_.not_tried(account);
    return fail(is_right.error());
  }
  if (!*is_right || !stored) return wrong_login();
  throttle_.succeeded(account);
  return std::move(*stored);
}

Result<Tokens> Sessions::refresh(const CallContext& context, const IssueTokens& operation) {
  const std::string presented = text_of(operation.refresh_token);
  if (presented.empty()) {
    return fail(errors::invalid_request, "The grant type refresh_token needs the parameter refresh_token.");
  }
  if (presented.size() != token_characters || presented[session_characters] != '.') return bad_refresh_token();
  const std::string session_id = presented.substr(0, session_characters);
  const std::string refresh_token = session_id + "." + draw(secret_bytes);
  const Sha256 presented_hash = sha256(presented);
  const Sha256 next_hash = sha256(refresh_token);
  const Timestamp ends_at = session_end();
  std::optional<StoredUser> stored;

  // That a session ends is an effect, so it is this command's outcome and not its failure.
  const auto outcome = store_.write(context, [&](store::Transaction& transaction) -> Result<Refreshed> {
    auto session = sessions_.find(transaction, session_id);
    if (!session || session->expires_at <= transaction.now() || session->client_id != client_of(operation))
      return Refreshed::unknown;
    if (session->refresh_hash != presented_hash) {
      // Somebody uses a token again: the client, or a thief, before or after the other. Nobody can tell, so the session ends.
      sessions_.remove(transaction, session_id);
      SEAMLINE_CRASH_POINT("user", "session-ended");
      return Refreshed::reused;
    }
    stored = users_.find(transaction, session->user_id);
    if (!stored) return Refreshed::unknown;
    session->refresh_hash = next_hash;
    session->expires_at = ends_at;
    sessions_.rotate(transaction, *session);
    SEAMLINE_CRASH_POINT("user", "session-rotated");
    return Refreshed::renewed;
  });
  if (!outcome) return fail(outcome.error());
  if (*outcome != Refreshed::renewed) return bad_refresh_token();
  SEAMLINE_CRASH_POINT("user", "before-new-tokens");
  return tokens_for(stored->user, client_of(operation), refresh_token);
}

Tokens Sessions::tokens_for(const User& user, const std::string& client_id, std::string refresh_token) {
  security::AccessClaims claims;
  claims.issuer = policy_.issuer;
  claims.audience = policy_.audience;
  claims.subject = user.id.text;
  claims.client_id = client_id;
  claims.role = name_of(user.role);
  claims.token_id = ids_.next();
  claims.issued_at_s = clock_.now().ms / 1000;
  claims.expires_at_s = claims.issued_at_s + policy_.token_life_s;
  const SigningKeyEntry& signing = keys_.front();
  return {{security::sign_access_token(claims, signing.key, signing.key_id)},
          "Bearer",
          policy_.token_life_s,
          Secret{std::move(refresh_token)}};
}

PublicJwkSet Sessions::keys() const {
  PublicJwkSet set;
  for (const SigningKeyEntry& entry : keys_) {
    const security::PublicKey key = entry.key.public_key();
    set.keys.push_back(
        {"EC", "P-256", security::base64url_encode(key.x()), security::base64url_encode(key.y()), entry.key_id, "sig", "ES256"});
  }
  return set;
}

std::string Sessions::draw(std::size_t bytes) {
  std::string drawn(bytes, '\0');
  random_.fill(std::as_writable_bytes(std::span(drawn)));
  return security::base64url_encode(drawn);
}

}  // namespace seamline::user
