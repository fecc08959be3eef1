#include "storage/signing_keys.hpp"

#include "base/fault.hpp"
#include "security/public_keys.hpp"

namespace seamline::user {
namespace {

constexpr ErrorCode not_sealed_here{"security.not_sealed_here", Kind::unavailable};

struct SealedKey {
  std::string key_id;
  std::string sealed;
};

/// The key id is part of it, so that nobody with a hand on the store swaps one key for another.
std::string purpose_of(const std::string& key_id) { return "user.signing_key." + key_id; }

std::vector<SealedKey> read_sealed(store::View& view) {
  std::vector<SealedKey> sealed;
  auto row =
      view.rows().query("SELECT key_id, sealed_private_key FROM signing_keys ORDER BY created_at_ms DESC, key_id LIMIT 16");
  while (row.next()) sealed.push_back({std::string(row.text(0)), std::string(row.text(1))});
  return sealed;
}

Result<SigningKeyEntry> make_key(store::Store& store, const security::SealingKey& sealing, Random& random) {
  auto key = security::SigningKey::generate();
  const std::string key_id = security::thumbprint(key.public_key());
  const std::string sealed = sealing.seal(key.der(), purpose_of(key_id), random);
  SEAMLINE_CRASH_POINT("user", "signing-key-made");
  auto written = store.write({}, [&](store::Transaction& transaction) -> Result<void> {
    transaction.rows().execute("INSERT INTO signing_keys (key_id, sealed_private_key, created_at_ms) VALUES ($1, $2, $3)", key_id,
                               sealed, transaction.now());
    return {};
  });
  if (!written) return fail(std::move(written.error()));
  SEAMLINE_CRASH_POINT("user", "signing-key-stored");
  return SigningKeyEntry{key_id, std::move(key)};
}

}  // namespace

Result<std::vector<SigningKeyEntry>> load_signing_keys(store::Store& store, const security::SealingKey& sealing, Random& random) {
  std::vector<SigningKeyEntry> keys;
  for (const SealedKey& sealed : store.read(read_sealed)) {
    const auto der = sealing.open(sealed.sealed, purpose_of(sealed.key_id));
    auto key = der ? security::SigningKey::from_der(*der) : std::nullopt;
    if (!key) {
      return fail(not_sealed_here,
                  "The signing key " + sealed.key_id +
                      " in the store was sealed under another key file. Put that file back; or delete the rows of the table "
                      "signing_keys: a new key is made then, and nobody's access token is valid any more.");
    }
    keys.push_back({sealed.key_id, std::move(*key)});
  }
  if (!keys.empty()) return keys;
  auto made = make_key(store, sealing, random);
  if (!made) return fail(std::move(made.error()));
  keys.push_back(std::move(*made));
  return keys;
}

}  // namespace seamline::user
