#pragma once

#include <filesystem>
#include <memory>
#include <string>
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

  void begin(Answers answers) override;
  void commit() override;
  void roll_back() noexcept override;
  void run_script(std::string_view script) override;
  std::vector<std::string> tables() override;
  std::vector<Column> columns(const std::string& table) override;
  std::int64_t mark() override;
  bool has_changed_since(std::int64_t mark) override;

 protected:
  Statement& prepared(Sql sql) override;
  std::int64_t changes() override;

 private:
  struct Close {
    void operator()(sqlite3* handle) const;
  };

  /// Called by SQLite after each commit, with how long the write-ahead log is now; `self` is the connection.
  static int committed(void* self, sqlite3* handle, const char* database, int log_pages);

  /// The folder's name, which is the module's: all that a file knows of whose it is.
  const std::string module_;
  const Mode mode_;
  const std::int64_t checkpoint_pages_;
  std::unique_ptr<sqlite3, Close> handle_;
  std::unordered_map<const char*, std::unique_ptr<Statement>> statements_;
};

}  // namespace seamline::store
