#include "store/migrator.hpp"

#include <algorithm>

#include "base/fault.hpp"
#include "base/hash.hpp"

namespace seamline::store {
namespace {

constexpr ErrorCode schema_changed{"store.schema_changed", Kind::conflict};
constexpr ErrorCode schema_newer{"store.schema_newer", Kind::conflict};
constexpr std::string_view kernel = "kernel";

std::string title(const Migration& migration) {
  return std::string(migration.owner) + "/" + std::to_string(migration.version) + " (" + std::string(migration.name) + ")";
}

/// Whether the migration was applied before. Errors: store.schema_changed.
Result<bool> is_applied(Connection& connection, const Migration& migration) {
  Rows row = connection.query("SELECT checksum FROM schema_migrations WHERE owner = $1 AND version = $2", migration.owner,
                              migration.version);
  if (!row.next()) return false;
  if (row.digest(0) == sha256(migration.sql)) return true;
  return fail(schema_changed, "The migration " + title(migration) +
                                  " was changed after it was applied to this store. Put it back as it was, and add a new one.");
}

void apply(Connection& connection, [[maybe_unused]] std::string_view module, const Migration& migration, Timestamp now) {
  connection.begin(Answers::later);
  try {
    connection.run_script(migration.sql);
    SEAMLINE_CRASH_POINT(module, "migration-run");
    connection.execute("INSERT INTO schema_migrations (owner, version, name, checksum, at_ms) VALUES ($1, $2, $3, $4, $5)",
                       migration.owner, migration.version, migration.name, sha256(migration.sql), now);
    SEAMLINE_CRASH_POINT(module, "migration-recorded");
    connection.commit();
  } catch (const StorageError& problem) {
    connection.roll_back();
    throw StorageError("the migration " + title(migration) + ": " + problem.what(), problem.severity());
  }
}

Result<void> refuse_unknown(Connection& connection, const std::vector<Migration>& known) {
  Rows row = connection.query("SELECT owner, version, name FROM schema_migrations");
  while (row.next()) {
    const bool is_known = std::any_of(known.begin(), known.end(), [&](const Migration& migration) {
      return migration.owner == row.text(0) && migration.version == row.integer(1);
    });
    if (is_known) continue;
    return fail(schema_newer, "The store has the migration " + std::string(row.text(0)) + "/" + std::to_string(row.integer(1)) +
                                  " (" + std::string(row.text(2)) +
                                  "), which this program does not know. Run the newer program.");
  }
  return {};
}

/// Those that the module's store has in the end, the kernel's first.
std::vector<Migration> those_of(std::string_view module, std::span<const Migration> migrations) {
  std::vector<Migration> wanted;
  for (const std::string_view owner : {kernel, module}) {
    std::copy_if(migrations.begin(), migrations.end(), std::back_inserter(wanted),
                 [&](const Migration& migration) { return migration.owner == owner; });
  }
  return wanted;
}

}  // namespace

Result<void> migrate(Connection& connection, std::string_view module, std::span<const Migration> migrations, Timestamp now) {
  connection.run_script(
      "CREATE TABLE IF NOT EXISTS schema_migrations (owner TEXT NOT NULL, version INTEGER NOT NULL, name TEXT NOT NULL, "
      "checksum BLOB NOT NULL, at_ms INTEGER NOT NULL, PRIMARY KEY (owner, version)) STRICT");
  const std::vector<Migration> wanted = those_of(module, migrations);
  if (auto checked = refuse_unknown(connection, wanted); !checked) return checked;
  for (const Migration& migration : wanted) {
    auto applied = is_applied(connection, migration);
    if (!applied) return fail(std::move(applied.error()));
    if (!*applied) apply(connection, module, migration, now);
    SEAMLINE_CRASH_POINT(module, "migration-applied");
  }
  return {};
}

Result<std::vector<Migration>> pending_migrations(Connection& connection, std::string_view module,
                                                  std::span<const Migration> migrations) {
  std::vector<Migration> wanted = those_of(module, migrations);
  const std::vector<std::string> tables = connection.tables();
  if (std::find(tables.begin(), tables.end(), "schema_migrations") == tables.end()) return wanted;
  if (auto checked = refuse_unknown(connection, wanted); !checked) return fail(std::move(checked.error()));
  std::vector<Migration> pending;
  for (const Migration& migration : wanted) {
    const auto applied = is_applied(connection, migration);
    if (!applied) return fail(applied.error());
    if (!*applied) pending.push_back(migration);
  }
  return pending;
}

}  // namespace seamline::store
