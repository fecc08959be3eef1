#include "audit/database.hpp"

#include <sqlite3.h>

#include <utility>

namespace seamline::audit {
namespace {

constexpr int busy_timeout_ms = 5'000;

[[noreturn]] void throw_error(const std::string& place, sqlite3* handle, int code) {
  throw ReadError("The store in " + place + " cannot be read: " + sqlite3_errstr(code) + " (" +
                      (handle != nullptr ? sqlite3_errmsg(handle) : "no connection") + ").",
                  (code & 0xFF) == SQLITE_CORRUPT || (code & 0xFF) == SQLITE_NOTADB);
}

/// The file as a URI (https://www.sqlite.org/uri.html): everything that could mean something there is escaped.
std::string uri_of(const std::filesystem::path& file, bool is_immutable) {
  static constexpr std::string_view digits = "0123456789ABCDEF";
  std::string uri = "file:";
  for (const char c : std::filesystem::absolute(file).string()) {
    if (c == '%' || c == '?' || c == '#') {
      const auto byte = static_cast<unsigned char>(c);
      uri += {'%', digits[byte >> 4U], digits[byte & 0xFU]};
    } else {
      uri.push_back(c);
    }
  }
  return uri + "?mode=ro" + (is_immutable ? "&immutable=1" : "");
}

std::unique_ptr<Origin> open_origin(const Source& source) {
#ifdef SEAMLINE_POSTGRES
  if (source.kind == Source::Kind::postgres) return open_postgres(source);
#endif
#ifdef SEAMLINE_MONGODB
  if (source.kind == Source::Kind::mongodb) return open_mongodb(source);
#endif
  throw ReadError("The store of " + source.module + " is on a server for which this program was not built: it needs -DSEAMLINE_" +
                  (source.kind == Source::Kind::postgres ? "POSTGRES" : "MONGODB") + "=ON.");
}

}  // namespace

void Database::Close::operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }

Database::Database(const Source& source, std::int64_t cache_kib) : file_(source.file) {
  if (source.kind == Source::Kind::file) {
    open_file();
  } else {
    open_copy(source);
  }
  run(("PRAGMA cache_size = -" + std::to_string(cache_kib)).c_str());
}

void Database::open_file() {
  place_ = file_.string();
  if (!has_write_ahead_log()) unchanged_since_ = stamp();
  open(uri_of(file_, unchanged_since_.has_value()), SQLITE_OPEN_READONLY | SQLITE_OPEN_URI);
  run("PRAGMA query_only = ON");
}

void Database::open_copy(const Source& source) {
  place_ = "the copy of the store of " + source.module;
  origin_ = open_origin(source);
  // Without a name it is in the cache, and in a temporary file, which is nobody else's, where that is too small.
  open("", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  run("PRAGMA journal_mode = MEMORY");
  // Nothing is required of the rows: what is wrong with them is for the checks to say.
  for (const Table& table : tables_of(source.module)) {
    run(("CREATE TABLE " + std::string(table.name) + " (" + std::string(table.columns) + ")").c_str());
  }
  run("CREATE INDEX event_log_by_seq ON event_log (seq)");
  // Entries of others' logs that took effect in a document.
  run("CREATE TABLE applied (publisher, seq)");
}

void Database::open(const std::string& uri, int flags) {
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(uri.c_str(), &handle, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  handle_.reset(handle);
  if (code != SQLITE_OK) throw_error(place_, handle, code);
  sqlite3_extended_result_codes(handle, 1);
  sqlite3_busy_timeout(handle, busy_timeout_ms);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
}

void Database::begin() {
  if (origin_) return origin_->begin(*this);
  if (sqlite3_get_autocommit(handle_.get()) == 0) run("COMMIT");
  run("BEGIN");
}

void Database::complete() {
  if (origin_) origin_->complete(*this);
}

void Database::check_unchanged() const {
  if (!unchanged_since_ || (!has_write_ahead_log() && stamp() == *unchanged_since_)) return;
  throw ReadError("The shop was started while its store in " + file_.string() + " was read. Audit it again.");
}

void Database::run(const char* sql) {
  const int code = sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) throw_error(place_, handle_.get(), code);
}

Database::Stamp Database::stamp() const {
  std::error_code problem;
  Stamp stamp;
  stamp.bytes = std::filesystem::file_size(file_, problem);
  if (!problem) stamp.written_at = std::filesystem::last_write_time(file_, problem);
  if (problem) throw ReadError("The store in " + file_.string() + " cannot be read: " + problem.message() + ".");
  return stamp;
}

bool Database::has_write_ahead_log() const { return std::filesystem::exists(file_.string() + "-wal"); }

void Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

Cursor::Cursor(Database& database, std::string_view sql) : database_(&database) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(database.handle_.get(), sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                                      &statement, nullptr);
  statement_.reset(statement);
  if (code != SQLITE_OK) refuse(code);
}

void Cursor::restart(std::int64_t parameter) {
  sqlite3_reset(statement_.get());
  if (const int code = sqlite3_bind_int64(statement_.get(), 1, parameter); code != SQLITE_OK) refuse(code);
}

void Cursor::restart(std::string_view parameter) {
  sqlite3_reset(statement_.get());
  const int code = sqlite3_bind_text64(statement_.get(), 1, parameter.data(), parameter.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  if (code != SQLITE_OK) refuse(code);
}

bool Cursor::next() {
  const int code = sqlite3_step(statement_.get());
  if (code != SQLITE_ROW && code != SQLITE_DONE) refuse(code);
  return code == SQLITE_ROW;
}

bool Cursor::is_null(int column) const { return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL; }

std::int64_t Cursor::integer(int column) const { return sqlite3_column_int64(statement_.get(), column); }

std::string_view Cursor::text(int column) const {
  const auto* data = static_cast<const char*>(sqlite3_column_blob(statement_.get(), column));
  if (data == nullptr) return {};
  return {data, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

std::optional<std::int64_t> Cursor::optional_integer(int column) const {
  if (is_null(column)) return std::nullopt;
  return integer(column);
}

std::optional<std::string> Cursor::optional_text(int column) const {
  if (is_null(column)) return std::nullopt;
  return std::string(text(column));
}

void Cursor::refuse(int code) const { throw_error(database_->place_, database_->handle_.get(), code); }

Insert::Insert(Database& copy, std::string_view table, std::string_view columns) : database_(&copy) {
  std::string sql = "INSERT INTO " + std::string(table) + " (" + std::string(columns) + ") VALUES (?";
  for (const char c : columns) sql += c == ',' ? ", ?" : "";
  sql += ")";
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(database_->handle_.get(), sql.c_str(), -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  statement_.reset(statement);
  check(code);
}

void Insert::bind(int column, const Value& value) {
  sqlite3_stmt* statement = statement_.get();
  if (const auto* number = std::get_if<std::int64_t>(&value)) {
    check(sqlite3_bind_int64(statement, column, *number));
  } else if (const auto* text = std::get_if<std::string_view>(&value)) {
    check(sqlite3_bind_text64(statement, column, text->data(), text->size(), SQLITE_STATIC, SQLITE_UTF8));
  } else if (const auto* bytes = std::get_if<Bytes>(&value)) {
    check(sqlite3_bind_blob64(statement, column, bytes->data.data(), bytes->data.size(), SQLITE_STATIC));
  } else {
    check(sqlite3_bind_null(statement, column));
  }
}

void Insert::add(std::span<const Value> values) {
  int column = 0;
  for (const Value& value : values) bind(++column, value);
  const int code = sqlite3_step(statement_.get());
  sqlite3_reset(statement_.get());
  check(code == SQLITE_DONE ? SQLITE_OK : code);
}

void Insert::check(int code) const {
  if (code != SQLITE_OK) throw_error(database_->place_, database_->handle_.get(), code);
}

}  // namespace seamline::audit
