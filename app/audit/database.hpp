#pragma once

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>

#include "audit/origin.hpp"
#include "audit/source.hpp"
#include "audit/tables.hpp"

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

/// What the audit reads of one store, over a connection of its own: it never writes the store and never waits for its writer.
///
/// A file is read as it stands, and never checkpointed. A store in use is read beside its write-ahead log, like by any reader of
/// the shop. One that has no such log is in nobody's hands; it is read as a file that does not change, so that nothing is made
/// beside it, and check_unchanged() says at the end whether that was so. A store on a server is read as a copy, which is in
/// memory, and in a temporary file where it is large. Not thread-safe.
class Database {
 public:
  /// `cache_kib`: what the connection keeps of the file, and of a sort before it goes to a temporary file. Throws ReadError.
  Database(const Source& source, std::int64_t cache_kib);
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  /// Until the next begin(), all cursors see the store as it is at the first read after this one. No cursor is open. Of a store
  /// on a server only its place among the others can be read until complete().
  void begin();
  void complete();
  /// Throws ReadError where the store was opened by a shop since, and what was read may be of two moments.
  void check_unchanged() const;

  bool is_copy() const { return origin_ != nullptr; }
  /// What complete() found to be wrong with a store on a server; empty where it is sound.
  std::string unsoundness() const { return origin_->unsoundness(); }
  /// For who fills a copy.
  void run(const char* sql);

 private:
  friend class Cursor;
  friend class Insert;
  struct Close {
    void operator()(sqlite3* handle) const;
  };
  /// What shows that somebody wrote to the file.
  struct Stamp {
    std::uintmax_t bytes = 0;
    std::filesystem::file_time_type written_at;
    bool operator==(const Stamp&) const = default;
  };

  void open_file();
  void open_copy(const Source& source);
  void open(const std::string& uri, int flags);
  Stamp stamp() const;
  bool has_write_ahead_log() const;

  std::filesystem::path file_;
  /// For messages.
  std::string place_;
  std::unique_ptr<sqlite3, Close> handle_;
  /// Set where the file is read as one that does not change.
  std::optional<Stamp> unchanged_since_;
  std::unique_ptr<Origin> origin_;
};

struct Finalize {
  void operator()(sqlite3_stmt* statement) const;
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
  [[noreturn]] void refuse(int code) const;

  Database* database_;
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

/// Bytes that are no text.
struct Bytes {
  std::string_view data;
};
/// What stands in a column; the first one is NULL. Views, that live until the row is added.
using Value = std::variant<std::monostate, std::int64_t, std::string_view, Bytes>;

template <class T>
Value value_of(const std::optional<T>& value) {
  return value ? Value(*value) : Value();
}

/// Adds rows to a table of a copy. The database outlives it.
class Insert {
 public:
  /// `columns` as SQL lists them. Throws ReadError, as add() does.
  Insert(Database& copy, std::string_view table, std::string_view columns);

  /// A value for each column.
  void add(std::span<const Value> values);
  void add(std::initializer_list<Value> values) { add(std::span(values.begin(), values.size())); }

 private:
  void bind(int column, const Value& value);
  void check(int code) const;

  Database* database_;
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

}  // namespace seamline::audit
