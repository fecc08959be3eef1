#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/assert.hpp"
#include "base/clock.hpp"
#include "base/hash.hpp"
#include "base/id.hpp"
#include "base/outside_failure.hpp"

namespace seamline::store {

/// A statement of SQL: only ever a literal of the source, so that no text of a caller can become part of one, and its
/// address can key the cache of prepared statements. Parameters are `$1`, `$2`, …
class Sql {
 public:
  // NOLINTNEXTLINE: implicit by purpose
  consteval Sql(const char* literal) : text_(literal) {}
  /// One that was put together from the names in a schema, for what treats every table alike. It lives as long as the
  /// connection that runs it.
  static Sql of_names(const std::string& text) { return Sql(text); }
  const char* text() const { return text_; }

 private:
  explicit Sql(const std::string& text) : text_(text.c_str()) {}
  const char* text_;
};

/// A value whose type only the schema knows.
struct Bytes {
  std::string bytes;
};
using Value = std::variant<std::monostate, std::int64_t, std::string, Bytes>;

enum class ColumnType : std::uint8_t { integer, text, bytes };
struct Column {
  std::string name;
  ColumnType type = ColumnType::integer;
  /// From 1 in the primary key; 0 outside.
  std::int64_t rank_in_key = 0;
};

/// The database refused or failed. Inside the store only: it never crosses a port.
class StorageError : public OutsideFailure {
 public:
  enum class Severity : std::uint8_t {
    refused,  // the statement itself: a constraint, a wrong type. It would fail again
    passing,  // somebody holds a lock, memory is short. The same transaction may succeed later
    fatal,    // the file can no longer be trusted with a commit (I/O error, full disk, corruption): the process must stop
  };

  explicit StorageError(const std::string& what, Severity severity = Severity::refused)
      : OutsideFailure(what, severity == Severity::passing), severity_(severity) {}
  Severity severity() const { return severity_; }

 private:
  Severity severity_;
};

/// The failure of a statement that was to change exactly one row.
StorageError not_one_row(std::string_view sql, std::int64_t changed);

/// A prepared statement that a connection keeps. Used through Rows and Connection.
class Statement {
 public:
  virtual ~Statement() = default;
  /// How many parameters it has.
  virtual int parameters() const = 0;
  virtual void bind_integer(int parameter, std::int64_t value) = 0;
  virtual void bind_text(int parameter, std::string_view value) = 0;
  virtual void bind_bytes(int parameter, std::string_view value) = 0;
  virtual void bind_null(int parameter) = 0;
  /// Runs to the next row; false at the end.
  virtual bool step() = 0;
  /// Runs to its end; its rows are of no interest. A connection may put it off as long as nobody asks what came of it.
  virtual void run() = 0;
  /// The same, and makes sure that it changed exactly one row: throws StorageError, fatally, where it did not. May be put off
  /// likewise, at the latest until the commit, which then fails.
  virtual void run_for_one_row() = 0;
  virtual void reset() = 0;
  /// Columns count from 0. A column of another type, or NULL, throws StorageError: nothing is converted.
  virtual std::int64_t integer(int column) = 0;
  virtual std::string_view text(int column) = 0;
  virtual std::string_view bytes(int column) = 0;
  virtual bool is_null(int column) = 0;
};

/// The rows of a running query. Views that it gives live until next(). Give it up before the same statement runs again.
class Rows {
 public:
  explicit Rows(Statement& statement) : statement_(&statement) {}
  Rows(Rows&& other) noexcept : statement_(std::exchange(other.statement_, nullptr)) {}
  Rows& operator=(Rows&&) = delete;
  ~Rows() {
    if (statement_ != nullptr) statement_->reset();
  }

  bool next() { return statement_->step(); }
  /// Instead of next(): see Statement.
  void run() { statement_->run(); }
  void run_for_one_row() { statement_->run_for_one_row(); }
  std::int64_t integer(int column) { return statement_->integer(column); }
  std::string_view text(int column) { return statement_->text(column); }
  std::string_view bytes(int column) { return statement_->bytes(column); }
  Timestamp timestamp(int column) { return {statement_->integer(column)}; }
  Sha256 digest(int column);
  bool is_null(int column) { return statement_->is_null(column); }
  std::optional<std::string> optional_text(int column) {
    if (statement_->is_null(column)) return std::nullopt;
    return std::string(statement_->text(column));
  }
  template <class AnId>
  AnId id(int column) {
    return AnId{std::string(statement_->text(column))};
  }

 private:
  Statement* statement_;
};

/// When a connection tells what came of a statement whose result nobody reads.
enum class Answers : std::uint8_t {
  later,    // at the latest at the commit: a server is then asked for many at once
  at_once,  // before the next one, so that what throws is what failed
};

/// One connection to a module's database. Not thread-safe: the writer has one, each reader has one.
class Connection {
 public:
  virtual ~Connection() = default;

  /// Opens a transaction: the writer's, which nobody else's can come between, or a reader's, over one snapshot. Throws
  /// StorageError where it cannot be opened now; roll_back() then clears what is left.
  virtual void begin(Answers answers) = 0;
  /// Ends it. What a writer wrote is durable when this returns. Throws StorageError: a fatal one where it is unknown what was
  /// kept; any other says for certain that nothing was, and leaves roll_back() to be called.
  virtual void commit() = 0;
  /// Undoes the open transaction, if there still is one.
  virtual void roll_back() noexcept = 0;
  /// Runs the statements of a migration, which have no parameters.
  virtual void run_script(std::string_view script) = 0;

  /// Runs a query; its parameters are integers, bools, texts, ids, timestamps, digests, and optionals of these.
  template <class... Args>
  Rows query(Sql sql, const Args&... args) {
    Statement& statement = prepared(sql);
    Rows rows(statement);
    int parameter = 0;
    (bind(statement, ++parameter, args), ...);
    // One that is left out would keep the value of the run before.
    SEAMLINE_ASSERT(parameter == statement.parameters());
    return rows;
  }

  /// The same with parameters that are found at run time.
  Rows query_with(Sql sql, std::span<const Value> values) {
    Statement& statement = prepared(sql);
    Rows rows(statement);
    int parameter = 0;
    for (const Value& value : values) {
      std::visit([&](const auto& one) { bind(statement, parameter + 1, one); }, value);
      ++parameter;
    }
    SEAMLINE_ASSERT(parameter == statement.parameters());
    return rows;
  }

  /// Runs a statement. Its failure may show later, at the latest at the commit; see Answers.
  template <class... Args>
  void execute(Sql sql, const Args&... args) {
    query(sql, args...).run();
  }
  /// Runs a statement that changes exactly one row. Where it does not, the transaction fails as a whole, fatally: somebody
  /// else has written to the store.
  template <class... Args>
  void execute_for_one_row(Sql sql, const Args&... args) {
    query(sql, args...).run_for_one_row();
  }
  /// Runs a statement to its end, and returns the number of rows that it changed. Waits for the answer of a server.
  template <class... Args>
  std::int64_t execute_and_count(Sql sql, const Args&... args) {
    Rows rows = query(sql, args...);
    while (rows.next()) {
    }
    return changes();
  }

  /// The names of all tables, sorted.
  virtual std::vector<std::string> tables() = 0;
  /// The columns of a table, in their order.
  virtual std::vector<Column> columns(const std::string& table) = 0;

  /// A mark in the course of the statements, for has_changed_since().
  virtual std::int64_t mark() = 0;
  /// Whether a statement since that mark has changed a row. Waits for the answer of a server.
  virtual bool has_changed_since(std::int64_t mark) = 0;

  /// Which session with a server this is: another one after a reconnect, in which somebody else may have written. 0 for a file.
  virtual std::int64_t session() const { return 0; }
  /// Whether it is worth beginning another transaction on: a server that is gone leaves a connection of no use.
  virtual bool is_usable() { return true; }

 protected:
  virtual Statement& prepared(Sql sql) = 0;
  virtual std::int64_t changes() = 0;

 private:
  static void bind(Statement& to, int at, std::monostate) { to.bind_null(at); }
  static void bind(Statement& to, int at, const Bytes& value) { to.bind_bytes(at, value.bytes); }
  static void bind(Statement& to, int at, std::int64_t value) { to.bind_integer(at, value); }
  static void bind(Statement& to, int at, int value) { to.bind_integer(at, value); }
  static void bind(Statement& to, int at, bool value) { to.bind_integer(at, value ? 1 : 0); }
  static void bind(Statement& to, int at, std::string_view value) { to.bind_text(at, value); }
  static void bind(Statement& to, int at, const std::string& value) { to.bind_text(at, value); }
  static void bind(Statement& to, int at, const char* value) { to.bind_text(at, value); }
  static void bind(Statement& to, int at, Timestamp value) { to.bind_integer(at, value.ms); }
  static void bind(Statement& to, int at, const Sha256& value) { to.bind_bytes(at, as_bytes(value)); }
  template <Literal Name>
  static void bind(Statement& to, int at, const Id<Name>& value) {
    to.bind_text(at, value.text);
  }
  template <class T>
  static void bind(Statement& to, int at, const std::optional<T>& value) {
    if (value) {
      bind(to, at, *value);
    } else {
      to.bind_null(at);
    }
  }
};

}  // namespace seamline::store
