#pragma once

#include <span>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "store/migrations.hpp"
#include "store/connection.hpp"

namespace seamline::store {

/// Brings a store's schema up to date: the kernel's migrations, then the module's own, each in a transaction of its own, each
/// recorded with its checksum. Does nothing where all are there.
/// Errors: store.schema_changed where an applied migration reads differently now, store.schema_newer where the store has one
/// that this program does not know.
Result<void> migrate(Connection& connection, std::string_view module, std::span<const Migration> migrations, Timestamp now);

/// The migrations that migrate() would apply, in their order. Changes nothing. Errors: the same.
Result<std::vector<Migration>> pending_migrations(Connection& connection, std::string_view module,
                                                  std::span<const Migration> migrations);

}  // namespace seamline::store
