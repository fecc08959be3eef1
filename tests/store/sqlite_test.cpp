#include "store/sqlite.hpp"

#include "support/catch.hpp"
#include "support/child_process.hpp"
#include "support/temporary_folder.hpp"

using namespace seamline;
using namespace seamline::test;
using store::SqliteConnection;
using store::StorageError;

namespace {

struct Database {
  TemporaryFolder folder;
  SqliteConnection rows{folder.path() / "0.db", SqliteConnection::Mode::writer, 1000};

  Database() {
    rows.run_script(
        "CREATE TABLE things (id INTEGER NOT NULL PRIMARY KEY, name TEXT, digest BLOB, amount INTEGER CHECK (amount >= 0)) "
        "STRICT");
    rows.execute("INSERT INTO things (id, name, digest, amount) VALUES (1, 'one', x'00ff', NULL)");
  }
};

StorageError::Severity severity_of_failure(const std::function<void()>& body) {
  try {
    body();
  } catch (const StorageError& error) {
    return error.severity();
  }
  FAIL("nothing was thrown");
  return {};
}

}  // namespace

TEST_CASE("a column of another type than asked for is refused, never converted") {
  Database database;
  auto row = database.rows.query("SELECT id, name, digest, amount FROM things");
  REQUIRE(row.next());
  CHECK(row.integer(0) == 1);
  CHECK(row.text(1) == "one");
  CHECK(row.bytes(2) == std::string_view("\0\xff", 2));
  CHECK(row.is_null(3));
  CHECK_THROWS_AS(row.text(0), StorageError);
  CHECK_THROWS_AS(row.integer(1), StorageError);
  CHECK_THROWS_AS(row.text(2), StorageError);
  CHECK_THROWS_AS(row.integer(3), StorageError);
  CHECK_THROWS_AS(row.text(3), StorageError);
  CHECK_THROWS_AS(row.integer(4), StorageError);
  CHECK_THROWS_AS(row.digest(2), StorageError);
}

TEST_CASE("parameters are numbered, whatever the order in which they stand") {
  Database database;
  auto row = database.rows.query("SELECT $2, $1, $2", "first", std::int64_t{2});
  REQUIRE(row.next());
  CHECK(row.integer(0) == 2);
  CHECK(row.text(1) == "first");
  CHECK(row.integer(2) == 2);
}

TEST_CASE("integers, texts with any byte, and absent values come back as they went in") {
  Database database;
  const std::string odd("a\0b'\"\xC3\xA4", 7);
  for (const std::int64_t number : {INT64_MIN, std::int64_t{-1}, std::int64_t{0}, INT64_MAX}) {
    auto row = database.rows.query("SELECT $1, $2, $3, $4", number, odd, std::optional<std::string>(), std::string());
    REQUIRE(row.next());
    CHECK(row.integer(0) == number);
    CHECK(row.text(1) == odd);
    CHECK_FALSE(row.optional_text(2).has_value());
    CHECK(row.text(3).empty());
  }
}

TEST_CASE("a statement serves one use at a time, and takes all of its parameters: else the process ends") {
  CHECK(run_in_child([] {
          Database database;
          static constexpr const char* sql = "SELECT id FROM things";
          auto first = database.rows.query(sql);
          auto second = database.rows.query(sql);
        }).aborted);
  CHECK(run_in_child([] {
          Database database;
          database.rows.execute("DELETE FROM things WHERE id = $1 AND name = $2", 1);
        }).aborted);
  CHECK(run_in_child([] {
          Database database;
          database.rows.execute("DELETE FROM things WHERE id = ?", 1);
        }).aborted);
}

TEST_CASE("a statement is usable again after a failure in the midst of it") {
  Database database;
  static constexpr const char* sql = "INSERT INTO things (id) VALUES ($1)";
  CHECK_THROWS_AS(database.rows.execute(sql, 1), StorageError);
  CHECK(database.rows.execute_and_count(sql, 2) == 1);
}

TEST_CASE("a broken constraint is a refusal, a lock that passes passes, and a file that cannot be opened is fatal") {
  Database database;
  using Severity = StorageError::Severity;
  CHECK(severity_of_failure([&] { database.rows.execute("INSERT INTO things (id, amount) VALUES (2, -1)"); }) ==
        Severity::refused);
  CHECK(severity_of_failure([&] { database.rows.execute("INSERT INTO things (id, amount) VALUES (2, 'many')"); }) ==
        Severity::refused);
  CHECK(severity_of_failure([&] { database.rows.execute("SELECT nothing FROM nowhere"); }) == Severity::refused);
  CHECK(severity_of_failure([&] {
          SqliteConnection(database.folder.path() / "no" / "0.db", SqliteConnection::Mode::writer, 1000);
        }) == Severity::fatal);
}

TEST_CASE("a connection is set up as the design says: write-ahead log, full sync, foreign keys, untrusted schema") {
  Database database;
  const auto setting = [&](store::Sql pragma) {
    auto row = database.rows.query(pragma);
    REQUIRE(row.next());
    return row.integer(0);
  };
  CHECK(setting("PRAGMA synchronous") == 2);
  CHECK(setting("PRAGMA foreign_keys") == 1);
  CHECK(setting("PRAGMA trusted_schema") == 0);
  auto row = database.rows.query("PRAGMA journal_mode");
  REQUIRE(row.next());
  CHECK(row.text(0) == "wal");
  // Defensive mode: the schema table cannot be written by hand.
  database.rows.execute("PRAGMA writable_schema = ON");
  CHECK_THROWS_AS(database.rows.execute("UPDATE sqlite_schema SET sql = ''"), StorageError);
}

TEST_CASE("the write-ahead log is moved into the file once it is as long as it may be, and then begins anew") {
  const TemporaryFolder folder;
  constexpr std::int64_t checkpoint_pages = 100;
  constexpr std::uintmax_t page_bytes = 4096;
  const auto file = folder.path() / "0.db";
  const auto log = folder.path() / "0.db-wal";
  SqliteConnection rows(file, SqliteConnection::Mode::writer, checkpoint_pages);
  rows.run_script("CREATE TABLE things (id INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL) STRICT");
  const std::string name(page_bytes, 'x');
  std::int64_t id = 0;
  const auto add_things = [&](int count) {
    for (int i = 0; i < count; ++i) rows.execute("INSERT INTO things (id, name) VALUES ($1, $2)", ++id, name);
  };
  // A commit writes two to four pages.
  add_things(20);
  CHECK(std::filesystem::file_size(file) < 20 * page_bytes);
  CHECK(std::filesystem::file_size(log) > 20 * page_bytes);
  add_things(500);
  CHECK(std::filesystem::file_size(file) > 400 * page_bytes);
  CHECK(std::filesystem::file_size(log) < (checkpoint_pages + 10) * (page_bytes + 100));
}
