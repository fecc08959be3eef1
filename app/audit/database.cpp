#include "audit/database.hpp"

#include <sqlite3.h>

#include <utility>

namespace seamline::audit {
namespace {

constexpr int busy_timeout_ms = 5'000;

[[noreturn]] void throw_error(const std::filesystem::path& file, sqlite3* handle, int code) {
  throw ReadError("The store in " + file.string() + " cannot be read: " + sqlite3_errstr(code) + " (" +
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

}  // namespace

void Database::Close::operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }

Database::Database(std::filesystem::path file, std::int64_t cache_kib) : file_(std::move(file)) {
  if (!has_write_ahead_log()) unchanged_since_ = stamp();
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(uri_of(file_, unchanged_since_.has_value()).c_str(), &handle,
                                   SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, nullptr);
  handle_.reset(handle);
  if (code != SQLITE_OK) throw_error(file_, handle, code);
  sqlite3_extended_result_codes(handle, 1);
  sqlite3_busy_timeout(handle, busy_timeout_ms);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  run("PRAGMA query_only = ON");
  run(("PRAGMA cache_size = -" + std::to_string(cache_kib)).c_str());
}

void Database::begin() {
  if (sqlite3_get_autocommit(handle_.get()) == 0) run("COMMIT");
  run("BEGIN");
}

void Database::check_unchanged() const {
  if (!unchanged_since_ || (!has_write_ahead_log() && stamp() == *unchanged_since_)) return;
  throw ReadError("The shop was started while its store in " + file_.string() + " was read. Audit it again.");
}

void Database::run(const char* sql) {
  const int code = sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) throw_error(file_, handle_.get(), code);
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

void Cursor::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

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

void Cursor::refuse(int code) const { throw_error(database_->file_, database_->handle_.get(), code); }

}  // namespace seamline::audit
