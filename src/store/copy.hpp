#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/hash.hpp"
#include "store/database.hpp"
#include "store/migrations.hpp"

namespace seamline::store {

/// One table as it was copied and read again.
struct CopiedTable {
  std::string name;
  std::int64_t rows = 0;
  /// Over every value of every row, in the order of the primary key: the same in every kind of database.
  Sha256 digest{};
};

/// Copies all that a module remembers from one database to another, table by table in the order of their primary keys, and then
/// reads both again: count and digest of each table must be the same. Brings the schemas of both up to date first. The module
/// runs nowhere: both are locked meanwhile. `progress` is told of each table that is done.
/// Errors: those of opening and migrating; store.not_empty where the target holds rows; store.copy_differs. A copy that fails
/// leaves the source as it was, and nothing in the target. Throws StorageError.
Result<std::vector<CopiedTable>> copy_store(const DatabaseOptions& from, const DatabaseOptions& to,
                                            std::span<const Migration> migrations, Timestamp now,
                                            const std::function<void(const CopiedTable&)>& progress);

}  // namespace seamline::store
