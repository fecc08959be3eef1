#pragma once

#include <sqlite3.h>

#include <memory>
#include <stdexcept>
#include <string>

namespace seamline::test {

/// A plain SQLite connection of a test, without anything of the store.
class Database {
 public:
  explicit Database(const std::string& path, const std::string& settings = "") {
    sqlite3* handle = nullptr;
    const int code =
        sqlite3_open_v2(path.c_str(), &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
    handle_.reset(handle);
    sqlite3_extended_result_codes(handle, 1);
    if (code != SQLITE_OK) throw std::runtime_error("opening " + path + ": " + sqlite3_errstr(code));
    run(settings);
  }

  /// The SQLite result code of statements.
  int attempt(const std::string& sql) { return sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr); }
  void run(const std::string& sql) {
    if (const int code = attempt(sql); code != SQLITE_OK) {
      throw std::runtime_error(sql + ": " + sqlite3_errstr(code) + " " + std::to_string(code));
    }
  }
  /// The first column of the first row, as text; empty where there is none.
  std::string value(const std::string& sql) {
    std::string found;
    const auto keep = [](void* into, int, char** values, char**) {
      if (values[0] != nullptr) *static_cast<std::string*>(into) = values[0];
      return 1;
    };
    const int code = sqlite3_exec(handle_.get(), sql.c_str(), keep, &found, nullptr);
    if (code != SQLITE_OK && code != SQLITE_ABORT) throw std::runtime_error(sql + ": " + sqlite3_errstr(code));
    return found;
  }

 private:
  struct Close {
    void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
  };
  std::unique_ptr<sqlite3, Close> handle_;
};

}  // namespace seamline::test
