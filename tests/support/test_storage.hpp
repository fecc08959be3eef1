#pragma once

#include <cstdlib>
#include <map>
#include <string>

#include "base/hash.hpp"
#include "store/database.hpp"
#include "store/sqlite.hpp"
#ifdef SEAMLINE_POSTGRES
#include "store/postgres_session.hpp"
#endif

/// Tests of stores run over SQLite; and once more over PostgreSQL, with the url of an empty database in SEAMLINE_TEST_POSTGRES.
/// With the url of a server in SEAMLINE_TEST_MONGODB those that have an order module run with its store there.
/// Those that are about SQLite's files have the tag [sqlite]; those that make thousands of stores, [exhaustive].
namespace seamline::test {

/// Where a test keeps the rows of the module in that folder: in a file there, or in a schema that nobody else has.
inline store::Storage storage_for(const std::filesystem::path& folder) {
  const char* documents_url = std::getenv("SEAMLINE_TEST_MONGODB");
  if (documents_url != nullptr && folder.filename() == "order") {
    return {store::StorageKind::mongodb, std::string(documents_url) + "/t" + to_hex(sha256(folder.string())).substr(0, 24)};
  }
  const char* url = std::getenv("SEAMLINE_TEST_POSTGRES");
  if (url == nullptr) return {};
  return {store::StorageKind::postgres, std::string(url) + "?schema=t" + to_hex(sha256(folder.string())).substr(0, 24)};
}

/// The same for several modules below a data_dir.
inline std::map<std::string, store::Storage, std::less<>> storage_for_all(const std::filesystem::path& data_dir,
                                                                          const std::vector<std::string>& modules) {
  std::map<std::string, store::Storage, std::less<>> all;
  for (const std::string& module : modules) all[module] = storage_for(data_dir / module);
  return all;
}

/// Changes the rows of a store behind the back of whoever has it.
inline void edit_store(const store::DatabaseOptions& options, const std::string& sql) {
#ifdef SEAMLINE_POSTGRES
  if (options.storage.kind == store::StorageKind::postgres) {
    const store::PostgresTarget target = store::PostgresTarget::read(options).value();
    store::PostgresSession(target, options.server, true).ask(sql);
    return;
  }
#endif
  store::SqliteConnection(options.directory / "0.db", store::SqliteConnection::Mode::writer, 1000).run_script(sql);
}

}  // namespace seamline::test
