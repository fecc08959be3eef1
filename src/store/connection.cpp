#include "store/connection.hpp"

#include <cstring>

namespace seamline::store {

StorageError not_one_row(std::string_view sql, std::int64_t changed) {
  return StorageError(std::string(sql) + ": changed " + std::to_string(changed) + " rows, and not the one that it is for",
                      StorageError::Severity::fatal);
}

Sha256 Rows::digest(int column) {
  const std::string_view stored = bytes(column);
  Sha256 digest{};
  if (stored.size() != digest.size()) throw StorageError("a digest of another length than 32 bytes");
  std::memcpy(digest.data(), stored.data(), digest.size());
  return digest;
}

}  // namespace seamline::store
