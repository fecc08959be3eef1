#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace seamline::audit {

/// A store cannot be read. Inside the audit only: audit() makes it a Result.
class ReadError : public std::runtime_error {
 public:
  explicit ReadError(const std::string& what, bool is_unsound = false) : std::runtime_error(what), is_unsound_(is_unsound) {}
  /// What stands there is no sound database; else it is out of reach.
  bool is_unsound() const { return is_unsound_; }

 private:
  bool is_unsound_;
};

/// One read-only connection to a store's SQLite file, of the auditor's own: it never writes the store, never checkpoints it and
/// never waits for its writer. A store in use is read beside its write-ahead log, like by any reader of the shop. One that has no
/// such log is in nobody's hands; it is read as a file that does not change, so that nothing is made beside it, and
/// check_unchanged() says at the end whether that was so. Not thread-safe.
class Database {
 public:
  /// `cache_kib`: what the connection keeps of the file, and of a sort before it goes to a temporary file. Throws ReadError.
  Database(std::filesystem::path file, std::int64_t cache_kib);
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  /// Until the next begin(), all cursors see the store as it is at the first read after this one. No cursor is open.
  void begin();
  /// Throws ReadError where the store was opened by a shop since, and what was read may be of two moments.
  void check_unchanged() const;

  const std::filesystem::path& file() const { return file_; }

 private:
  friend class Cursor;
  struct Close {
    void operator()(sqlite3* handle) const;
  };
  /// What shows that somebody wrote to the file.
  struct Stamp {
    std::uintmax_t bytes = 0;
    std::filesystem::file_time_type written_at;
    bool operator==(const Stamp&) const = default;
  };

  void run(const char* sql);
  Stamp stamp() const;
  bool has_write_ahead_log() const;

  std::filesystem::path file_;
  std::unique_ptr<sqlite3, Close> handle_;
  /// Set where the file is read as one that does not change.
  std::optional<Stamp> unchanged_since_;
};

/// The rows of one query, from first to last. Views live until the next step. The database outlives it.
class Cursor {
 public:
  /// `sql` has the parameters ?1, ?2, … if any. Throws ReadError, as all of its functions do.
  Cursor(Database& database, std::string_view sql);

  /// Begins again, with one parameter.
  void restart(std::int64_t parameter);
  void restart(std::string_view parameter);
  /// Moves to the first or next row; false behind the last.
  bool next();

  bool is_null(int column) const;
  std::int64_t integer(int column) const;
  /// Text or bytes; empty for NULL.
  std::string_view text(int column) const;
  std::optional<std::int64_t> optional_integer(int column) const;
  std::optional<std::string> optional_text(int column) const;

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  [[noreturn]] void refuse(int code) const;

  Database* database_;
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

}  // namespace seamline::audit
