#include "security/public_keys.hpp"

#include <algorithm>

#include "base/hash.hpp"
#include "base/json.hpp"
#include "security/base64url.hpp"

namespace seamline::security {
namespace {

constexpr std::size_t max_keys = 16;
constexpr std::size_t max_key_id_bytes = 64;
constexpr json::ParseLimits limits{.max_bytes = std::size_t{64} << 10U, .max_depth = 8};

tl::unexpected<Error> unusable(const std::string& why) { return fail(keys_unavailable, "The issuer's key set " + why + "."); }

std::string_view text_of(const json::Value& object, std::string_view member) {
  const json::Value* value = object.find(member);
  return value != nullptr && value->is(json::Type::string) ? std::string_view(value->text) : std::string_view();
}

bool is_ours(const json::Value& key) {
  const bool is_for_signatures = key.find("use") == nullptr || text_of(key, "use") == "sig";
  const bool is_es256 = key.find("alg") == nullptr || text_of(key, "alg") == "ES256";
  return key.is(json::Type::object) && text_of(key, "kty") == "EC" && text_of(key, "crv") == "P-256" && is_for_signatures &&
         is_es256;
}

std::optional<PublicKey> read_key(const json::Value& key) {
  const auto x = base64url_decode(text_of(key, "x"));
  const auto y = base64url_decode(text_of(key, "y"));
  if (!x || !y) return std::nullopt;
  return PublicKey::from_coordinates(*x, *y);
}

}  // namespace

std::string thumbprint(const PublicKey& key) {
  // RFC 7638, section 3: the required members alone, in the order of their names, without blanks.
  const std::string canonical =
      R"({"crv":"P-256","kty":"EC","x":")" + base64url_encode(key.x()) + R"(","y":")" + base64url_encode(key.y()) + R"("})";
  return base64url_encode(as_bytes(sha256(canonical)));
}

Result<KeySet> parse_key_set(std::string_view text) {
  const auto document = json::parse(text, limits);
  if (!document) return unusable("is no JSON: " + document.error().detail);
  const json::Value* list = document->find("keys");
  if (list == nullptr || !list->is(json::Type::array)) return unusable("has no list of keys");
  if (list->items.size() > max_keys) return unusable("has more than " + std::to_string(max_keys) + " keys");
  KeySet keys;
  for (const json::Value& item : list->items) {
    if (!is_ours(item)) continue;
    const std::string_view id = text_of(item, "kid");
    if (id.empty() || id.size() > max_key_id_bytes) return unusable("has a key without an id of 1 to 64 characters");
    auto key = read_key(item);
    if (!key) return unusable("has a key that is no point of the curve");
    if (!keys.emplace(id, std::move(*key)).second) return unusable("has two keys with one id");
  }
  return keys;
}

Result<PublicKey> FetchedKeys::find(std::string_view key_id) {
  Fetched known = look();
  if (should_fetch(known, key_id)) {
    std::unique_lock lock(fetching_, std::defer_lock);
    // Who has the key already and only finds it old goes on with it while another thread asks.
    const bool may_ask = known.has(key_id) ? lock.try_lock() : (lock.lock(), true);
    // Another thread may have asked in the meantime.
    if (may_ask && should_fetch(look(), key_id)) fetch();
    known = look();
  }
  if (known.has(key_id)) return known.keys->find(key_id)->second;
  if (known.has_failed) return fail(known.problem);
  return fail(invalid_token, "The token is signed with a key that is not known here.");
}

FetchedKeys::Fetched FetchedKeys::look() const {
  const std::lock_guard lock(mutex_);
  return fetched_;
}

bool FetchedKeys::should_fetch(const Fetched& known, std::string_view key_id) const {
  if (!known.has_tried) return true;
  const Instant now = clock_.monotonic();
  if (known.tried_at.ms_until(now) < (known.has_failed ? retry_failed_ms : refetch_ms)) return false;
  return !known.has(key_id) || known.fetched_at.ms_until(now) >= max_age_ms;
}

void FetchedKeys::fetch() {
  const Instant now = clock_.monotonic();
  const auto text = source_();
  Result<KeySet> keys = text ? parse_key_set(*text) : Result<KeySet>(fail(text.error()));
  const std::lock_guard lock(mutex_);
  fetched_.has_tried = true;
  fetched_.tried_at = now;
  fetched_.has_failed = !keys.has_value();
  if (keys) {
    fetched_.keys = std::make_shared<const KeySet>(std::move(*keys));
    fetched_.fetched_at = now;
    return;
  }
  // What was fetched before stays in use: an issuer that is away for a moment must not lock everybody out.
  fetched_.problem =
      fail(keys_unavailable, "The keys that tokens are checked with cannot be had: " + keys.error().detail).value();
  fetched_.problem.retryable = true;
  fetched_.problem.retry_after_ms = retry_failed_ms;
}

}  // namespace seamline::security
