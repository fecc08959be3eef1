#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "store/connection.hpp"

namespace seamline::store {

/// What holds the data of a module: rows, or documents.
enum class StorageKind : std::uint8_t { sqlite, postgres, mongodb };

/// Where the data of a module is kept.
struct Storage {
  StorageKind kind = StorageKind::sqlite;
  /// `postgres://user@host:port/database?schema=name`, without a password; the schema is `seamline_<module>` where none is named.
  /// `mongodb://user@host:port/database`, without a password too; the database is `seamline` where none is named.
  /// Empty for an SQLite file, which is in the module's folder.
  std::string url;
};

/// How long a database server may take, and how it is reached again.
struct ServerLimits {
  std::int64_t connect_timeout_ms = 5'000;
  /// Of one statement. A server that answers nothing for as long again counts as gone.
  std::int64_t statement_timeout_ms = 30'000;
  /// How long a start, or a reconnect, waits for the lock of a session that has just ended.
  std::int64_t lock_timeout_ms = 5'000;
  /// The longest pause between two tries to reach a server that is away.
  std::int64_t reconnect_ms = 2'000;
  /// How long the writer tries to find out whether a commit took place whose answer was lost. After that the process stops.
  std::int64_t resolve_timeout_ms = 60'000;
};

/// How connections to a module's database are made.
struct DatabaseOptions {
  /// `<data_dir>/<module>`: holds `lock`, and `0.db` unless a server has the rows. Made where it is missing.
  std::filesystem::path directory;
  std::string module;
  /// Of SQLite: how long the write-ahead log grows before the writer moves it into the file.
  std::int64_t checkpoint_pages = 1000;
  Storage storage;
  ServerLimits server;
};

/// A module's database, whichever it is. Makes the connections to it. Thread-safe.
class Database {
 public:
  virtual ~Database() = default;

  /// Makes what is missing, and the writer's connection. Errors: store.locked where another process writes to it. Throws
  /// StorageError.
  virtual Result<std::unique_ptr<Connection>> open_writer() = 0;
  /// A read-only connection to what open_writer() has made. Throws StorageError.
  virtual std::unique_ptr<Connection> open_reader() = 0;
  /// Where it is, for messages: without a secret.
  virtual std::string place() const = 0;
};

/// The database that the options name; nothing is opened yet. Errors: store.unusable where this program was built without it,
/// or its url is none.
Result<std::unique_ptr<Database>> make_database(const DatabaseOptions& options);

/// Whether this program can use a database of that kind at that url. Errors: store.unusable, saying what is wrong, and never
/// showing the url: it may hold a password, which is one of the mistakes.
Result<void> check_storage(const Storage& storage);

}  // namespace seamline::store
