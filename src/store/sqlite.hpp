#pragma once

#include <filesystem>
#include <memory>
#include <unordered_map>

#include "store/connection.hpp"

struct sqlite3;

namespace seamline::store {

/// A connection to an SQLite file: write-ahead log, synchronous FULL, foreign keys on, defensive. Statements are prepared once
/// and kept. Only the writer checkpoints; a reader is read-only.
class SqliteConnection final : public Connection {
 public:
  enum class Mode : std::uint8_t { writer, reader };

  /// Opens the file, which a writer creates. `checkpoint_pages`: how long the write-ahead log grows before the writer moves
  /// it into the file. Throws StorageError where the file cannot be opened or is no database.
  SqliteConnection(const std::filesystem::path& file, Mode mode, std::int64_t checkpoint_pages);
  ~SqliteConnection() override;
  SqliteConnection(const SqliteConnection&) = delete;
  SqliteConnection& operator=(const SqliteConnection&) = delete;

  std::int64_t total_changes() override;

  /// Runs the statements of a migration, which have no parameters.
  void run_script(std::string_view script);

 protected:
  Statement& prepared(Sql sql) override;
  std::int64_t changes() override;

 private:
  struct Close {
    void operator()(sqlite3* handle) const;
  };

  std::unique_ptr<sqlite3, Close> handle_;
  std::unordered_map<const char*, std::unique_ptr<Statement>> statements_;
};

}  // namespace seamline::store
