#include "store/sqlite.hpp"

#include <sqlite3.h>

#include <cstring>
#include <mutex>
#include <vector>

#include "base/assert.hpp"
#include "base/fault.hpp"

namespace seamline::store {
namespace {

constexpr int busy_timeout_ms = 5'000;

/// Pages that a connection keeps. The writer's hold the ends of its tables and the upper levels of its indexes: with SQLite's
/// default of 2 MiB it reads some of them again for every order.
constexpr const char* writer_cache = "PRAGMA cache_size = -16384;";

/// Before SQLite's first use: its malloc statistics are one mutex that every writer of the process would contend for.
void configure_sqlite_once() {
  static std::once_flag once;
  std::call_once(once, [] { sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); });
}

StorageError::Severity severity_of(int code) {
  switch (code & 0xFF) {  // the primary code: https://www.sqlite.org/rescode.html
    case SQLITE_IOERR:
    case SQLITE_FULL:
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY: return StorageError::Severity::fatal;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
    case SQLITE_INTERRUPT:
    case SQLITE_NOMEM: return StorageError::Severity::passing;
    default: return StorageError::Severity::refused;
  }
}

[[noreturn]] void throw_error(sqlite3* handle, int code, std::string_view doing) {
  std::string what = std::string(doing) + ": " + sqlite3_errstr(code);
  if (handle != nullptr) what += std::string(" (") + sqlite3_errmsg(handle) + ")";
  throw StorageError(what, severity_of(code));
}

class SqliteStatement final : public Statement {
 public:
  SqliteStatement(sqlite3* handle, const char* sql) : handle_(handle), sql_(sql) {
    const int code = sqlite3_prepare_v3(handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement_, nullptr);
    if (code != SQLITE_OK) throw_error(handle, code, sql);
    // `$2` is a name to SQLite, not a number: the first name that occurs gets index 1.
    const int count = sqlite3_bind_parameter_count(statement_);
    index_of_.assign(static_cast<std::size_t>(count) + 1, 0);
    kept_.resize(index_of_.size());
    for (int index = 1; index <= count; ++index) {
      const char* name = sqlite3_bind_parameter_name(statement_, index);
      SEAMLINE_ASSERT(name != nullptr && name[0] == '$');
      const auto number = static_cast<std::size_t>(std::stoi(name + 1));
      SEAMLINE_ASSERT(number >= 1 && number < index_of_.size());
      index_of_[number] = index;
    }
  }
  ~SqliteStatement() override { sqlite3_finalize(statement_); }
  SqliteStatement(const SqliteStatement&) = delete;
  SqliteStatement& operator=(const SqliteStatement&) = delete;

  /// A statement serves one use at a time.
  void begin_use() {
    SEAMLINE_ASSERT(!in_use_);
    in_use_ = true;
  }
  int parameters() const override { return static_cast<int>(index_of_.size()) - 1; }
  void bind_integer(int parameter, std::int64_t value) override {
    check(sqlite3_bind_int64(statement_, index_of(parameter), value));
  }
  void bind_text(int parameter, std::string_view value) override {
    const std::string& kept = keep(parameter, value);
    check(sqlite3_bind_text64(statement_, index_of(parameter), kept.data(), kept.size(), SQLITE_STATIC, SQLITE_UTF8));
  }
  void bind_bytes(int parameter, std::string_view value) override {
    const std::string& kept = keep(parameter, value);
    check(sqlite3_bind_blob64(statement_, index_of(parameter), kept.data(), kept.size(), SQLITE_STATIC));
  }
  void bind_null(int parameter) override { check(sqlite3_bind_null(statement_, index_of(parameter))); }

  bool step() override {
    const int code = sqlite3_step(statement_);
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    throw_error(handle_, code, sql_);
  }
  void run() override {
    while (step()) {
    }
  }
  void run_for_one_row() override {
    run();
    const std::int64_t changed = sqlite3_changes64(handle_);
    if (changed != 1) throw not_one_row(sql_, changed);
  }
  void reset() override {
    sqlite3_reset(statement_);
    in_use_ = false;
  }
  std::int64_t integer(int column) override {
    expect(column, SQLITE_INTEGER);
    return sqlite3_column_int64(statement_, column);
  }
  std::string_view text(int column) override {
    expect(column, SQLITE_TEXT);
    const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
    return {data, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
  }
  std::string_view bytes(int column) override {
    expect(column, SQLITE_BLOB);
    const auto* data = static_cast<const char*>(sqlite3_column_blob(statement_, column));
    return {data, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
  }
  bool is_null(int column) override { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }

 private:
  int index_of(int parameter) const {
    SEAMLINE_ASSERT(parameter >= 1 && static_cast<std::size_t>(parameter) < index_of_.size());
    return index_of_[static_cast<std::size_t>(parameter)];
  }
  /// A copy that lives until the parameter is bound again. Its memory is reused: SQLite's own copies are allocated each time.
  const std::string& keep(int parameter, std::string_view value) {
    return kept_.at(static_cast<std::size_t>(parameter)).assign(value);
  }
  void check(int code) const {
    if (code != SQLITE_OK) throw_error(handle_, code, sql_);
  }
  void expect(int column, int type) const {
    if (sqlite3_column_type(statement_, column) == type) return;
    throw StorageError(std::string(sql_) + ": column " + std::to_string(column) + " has another type");
  }

  sqlite3* handle_;
  const char* sql_;
  sqlite3_stmt* statement_ = nullptr;
  std::vector<int> index_of_;
  std::vector<std::string> kept_;
  bool in_use_ = false;
};

}  // namespace

void SqliteConnection::Close::operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }

SqliteConnection::SqliteConnection(const std::filesystem::path& file, Mode mode, std::int64_t checkpoint_pages)
    : module_(file.parent_path().filename().string()), mode_(mode), checkpoint_pages_(checkpoint_pages) {
  configure_sqlite_once();
  const int flags =
      SQLITE_OPEN_NOMUTEX | (mode == Mode::writer ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY);
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(file.c_str(), &handle, flags, nullptr);
  handle_.reset(handle);
  if (code != SQLITE_OK) throw_error(handle, code, "opening " + file.string());

  sqlite3_extended_result_codes(handle, 1);
  sqlite3_busy_timeout(handle, busy_timeout_ms);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_FKEY, 1, nullptr);
  if (mode == Mode::writer) {
    run_script("PRAGMA synchronous = FULL; PRAGMA cell_size_check = ON;");
    // Debian's build overwrites what is deleted with zeros, also where a row only moves. Nothing here relies on that.
    run_script("PRAGMA secure_delete = OFF;");
    run_script(writer_cache);
    Rows mode_row = query("PRAGMA journal_mode = WAL");
    if (!mode_row.next() || mode_row.text(0) != "wal") {
      throw StorageError("the file system of " + file.string() + " cannot hold a write-ahead log (shared memory)",
                         StorageError::Severity::fatal);
    }
    sqlite3_wal_hook(handle, &SqliteConnection::committed, this);
  } else {
    run_script("PRAGMA query_only = ON;");
  }
}

SqliteConnection::~SqliteConnection() { statements_.clear(); }

int SqliteConnection::committed(void* self, sqlite3* handle, const char* database, int log_pages) {
  // As SQLite's own sqlite3_wal_autocheckpoint() does it, which no test could interrupt.
  const auto& connection = *static_cast<const SqliteConnection*>(self);
  if (log_pages < connection.checkpoint_pages_) return SQLITE_OK;
  SEAMLINE_CRASH_POINT(connection.module_, "before-checkpoint");
  // What cannot be moved now, as somebody reads it, or after an error, is moved after a later commit.
  sqlite3_wal_checkpoint_v2(handle, database, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
  SEAMLINE_CRASH_POINT(connection.module_, "after-checkpoint");
  return SQLITE_OK;
}

void SqliteConnection::begin(Answers) {
  if (mode_ == Mode::writer) return execute("BEGIN IMMEDIATE");
  execute("BEGIN");
}

void SqliteConnection::commit() {
  try {
    execute("COMMIT");
  } catch (const StorageError& problem) {
    if (mode_ == Mode::reader) throw;
    // What a failed fsync left is unknown, so nothing is retried on it.
    throw StorageError(problem.what(), StorageError::Severity::fatal);
  }
}

void SqliteConnection::roll_back() noexcept {
  try {
    execute("ROLLBACK");
  } catch (const StorageError&) {
    // SQLite has already undone the transaction on its own for some errors; then there is nothing left to undo.
  }
}

std::vector<std::string> SqliteConnection::tables() {
  std::vector<std::string> names;
  Rows row = query("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name");
  while (row.next()) names.emplace_back(row.text(0));
  return names;
}

std::vector<Column> SqliteConnection::columns(const std::string& table) {
  std::vector<Column> all;
  Rows row = query("SELECT name, upper(type), pk FROM pragma_table_info($1) ORDER BY cid", table);
  while (row.next()) {
    const std::string_view type = row.text(1);
    const auto known = type == "INTEGER" ? ColumnType::integer : type == "BLOB" ? ColumnType::bytes : ColumnType::text;
    all.push_back({std::string(row.text(0)), known, row.integer(2)});
  }
  return all;
}

std::int64_t SqliteConnection::mark() { return sqlite3_total_changes64(handle_.get()); }
bool SqliteConnection::has_changed_since(std::int64_t mark) { return sqlite3_total_changes64(handle_.get()) != mark; }
std::int64_t SqliteConnection::changes() { return sqlite3_changes64(handle_.get()); }

void SqliteConnection::run_script(std::string_view script) {
  const std::string text(script);
  const int code = sqlite3_exec(handle_.get(), text.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) throw_error(handle_.get(), code, text.substr(0, 60));
}

Statement& SqliteConnection::prepared(Sql sql) {
  auto& kept = statements_[sql.text()];
  if (!kept) kept = std::make_unique<SqliteStatement>(handle_.get(), sql.text());
  static_cast<SqliteStatement&>(*kept).begin_use();
  return *kept;
}

}  // namespace seamline::store
