#include "security/access_token.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "base/json.hpp"
#include "security/base64url.hpp"

namespace seamline::security {
namespace {

constexpr json::ParseLimits limits{.max_bytes = TokenVerifier::max_token_bytes, .max_depth = 4};
constexpr std::size_t max_key_id_bytes = 64;

/// Headers that bring a key along, or change what is signed: none is ever obeyed (RFC 8725, sections 3.1 and 3.10).
constexpr std::array<std::string_view, 7> refused_headers{"crit", "b64", "jwk", "jku", "x5u", "x5c", "zip"};

tl::unexpected<Error> refuse(std::string_view why) { return fail(invalid_token, "The access token " + std::string(why) + "."); }

std::optional<std::string> text_of(const json::Value& object, std::string_view member) {
  const json::Value* value = object.find(member);
  if (value == nullptr || !value->is(json::Type::string) || value->text.empty()) return std::nullopt;
  return value->text;
}

/// A NumericDate: here a whole number of seconds that is not negative. Empty for anything else.
std::optional<std::int64_t> time_of(const json::Value& object, std::string_view member) {
  const json::Value* value = object.find(member);
  if (value == nullptr || !value->is(json::Type::integer) || value->integer < 0) return std::nullopt;
  return value->integer;
}

bool names_audience(const json::Value& claims, const std::string& audience) {
  const json::Value* value = claims.find("aud");
  if (value == nullptr) return false;
  const auto is_it = [&](const json::Value& one) { return one.is(json::Type::string) && one.text == audience; };
  if (value->is(json::Type::array)) return std::any_of(value->items.begin(), value->items.end(), is_it);
  return is_it(*value);
}

struct Parts {
  std::string_view signed_text;
  std::string header;
  std::string payload;
  std::string signature;
};

Result<Parts> split(std::string_view token) {
  if (token.size() > TokenVerifier::max_token_bytes) return refuse("is longer than 8 KiB");
  if (std::count(token.begin(), token.end(), '.') != 2) return refuse("has not three parts");
  const auto first = token.find('.');
  const auto second = token.find('.', first + 1);
  auto header = base64url_decode(token.substr(0, first));
  auto payload = base64url_decode(token.substr(first + 1, second - first - 1));
  auto signature = base64url_decode(token.substr(second + 1));
  if (!header || !payload || !signature) return refuse("has a part that is no canonical base64url");
  return Parts{token.substr(0, second), std::move(*header), std::move(*payload), std::move(*signature)};
}

/// The header's key id, once all else in it is as it must be.
Result<std::string> check_header(std::string_view text) {
  const auto header = json::parse(text, limits);
  if (!header || !header->is(json::Type::object)) return refuse("has a header that is no JSON object, or names a member twice");
  // The algorithm is ours to say, never the token's: it must name the one that there is.
  if (text_of(*header, "alg") != "ES256") return refuse("is not signed with ES256");
  const auto type = text_of(*header, "typ");
  if (type != "at+jwt" && type != "application/at+jwt") return refuse("is of another type than at+jwt");
  for (const std::string_view name : refused_headers) {
    if (header->find(name) != nullptr) return refuse("has the header " + std::string(name) + ", which is not read here");
  }
  auto key_id = text_of(*header, "kid");
  if (!key_id || key_id->size() > max_key_id_bytes) return refuse("names no key");
  return std::move(*key_id);
}

}  // namespace

std::string sign_access_token(const AccessClaims& claims, const SigningKey& key, std::string_view key_id) {
  std::string header;
  json::Writer head(header);
  head.begin_object();
  head.member("typ", "at+jwt");
  head.member("alg", "ES256");
  head.member("kid", key_id);
  head.end_object();

  std::string payload;
  json::Writer body(payload);
  body.begin_object();
  body.member("iss", claims.issuer);
  body.member("aud", claims.audience);
  body.member("sub", claims.subject);
  body.member("client_id", claims.client_id);
  body.member("role", claims.role);
  body.member("jti", claims.token_id);
  body.member("iat", claims.issued_at_s);
  body.member("exp", claims.expires_at_s);
  body.end_object();

  std::string token = base64url_encode(header) + "." + base64url_encode(payload);
  return token + "." + base64url_encode(key.sign(token));
}

Result<AccessClaims> TokenVerifier::verify(std::string_view token, Timestamp now) const {
  const auto parts = split(token);
  if (!parts) return fail(parts.error());
  const auto key_id = check_header(parts->header);
  if (!key_id) return fail(key_id.error());
  const auto key = keys_.find(*key_id);
  if (!key) return fail(key.error());
  if (!key->verify(parts->signed_text, parts->signature)) return refuse("has a signature that is not the issuer's");
  return check_claims(parts->payload, now.ms / 1000);
}

Result<AccessClaims> TokenVerifier::check_claims(std::string_view payload, std::int64_t now_s) const {
  const auto object = json::parse(payload, limits);
  if (!object || !object->is(json::Type::object)) return refuse("has claims that are no JSON object, or names one twice");
  if (text_of(*object, "iss") != policy_.issuer) return refuse("is of another issuer");
  if (!names_audience(*object, policy_.audience)) return refuse("is for another audience");
  const auto subject = text_of(*object, "sub");
  const auto client = text_of(*object, "client_id");
  const auto role = text_of(*object, "role");
  const auto token_id = text_of(*object, "jti");
  if (!subject || !client || !role || !token_id) return refuse("lacks one of sub, client_id, role and jti");
  const auto issued_at_s = time_of(*object, "iat");
  const auto expires_at_s = time_of(*object, "exp");
  if (!issued_at_s || !expires_at_s) return refuse("lacks iat or exp as whole seconds");
  const bool has_not_before = object->find("nbf") != nullptr;
  const auto not_before_s = has_not_before ? time_of(*object, "nbf") : issued_at_s;
  if (!not_before_s) return refuse("has an nbf that is no whole number of seconds");

  AccessClaims claims{policy_.issuer, policy_.audience, *subject, *client, *role, *token_id, *issued_at_s, *expires_at_s};
  if (auto timely = check_times(claims, *not_before_s, now_s); !timely) return fail(timely.error());
  return claims;
}

Result<void> TokenVerifier::check_times(const AccessClaims& claims, std::int64_t not_before_s, std::int64_t now_s) const {
  // All three are at least 0, so none of these differences overflows.
  if (claims.expires_at_s - claims.issued_at_s > policy_.max_life_s) return refuse("claims to live longer than tokens may");
  if (now_s - policy_.leeway_s >= claims.expires_at_s) return refuse("has expired");
  if (now_s + policy_.leeway_s < claims.issued_at_s) return refuse("was issued in the future");
  if (now_s + policy_.leeway_s < not_before_s) return refuse("is not valid yet");
  return {};
}

}  // namespace seamline::security
