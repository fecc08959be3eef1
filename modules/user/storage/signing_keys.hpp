#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "security/es256.hpp"
#include "security/sealing_key.hpp"
#include "store/store.hpp"

namespace seamline::user {

/// A key that access tokens are signed with, and the id under which its public half is published.
struct SigningKeyEntry {
  std::string key_id;
  security::SigningKey key;
};

/// The signing keys in the store, newest first; makes the first one in a store that has none. They are sealed under `sealing`.
/// Errors: security.not_sealed_here, saying what to do, where the key file is not the one that they were sealed under.
Result<std::vector<SigningKeyEntry>> load_signing_keys(store::Store& store, const security::SealingKey& sealing, Random& random);

}  // namespace seamline::user
