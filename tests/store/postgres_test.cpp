#include "store/postgres.hpp"

#include "store/postgres_session.hpp"
#include "support/catch.hpp"
#include "support/child_process.hpp"
#include "support/note_store.hpp"
#include "support/postgres_server.hpp"

using namespace seamline;
using namespace seamline::test;
using store::Answers;
using store::StorageError;

namespace {

/// One server for the whole program: starting one takes seconds.
PostgresServer& server() {
  static PostgresServer the_server;
  return the_server;
}

store::DatabaseOptions options_at(const std::string& url, const std::string& schema) {
  store::DatabaseOptions options;
  options.module = "note";
  options.storage = {store::StorageKind::postgres, url + "?schema=" + schema};
  options.server.lock_timeout_ms = 200;
  return options;
}

struct Schema {
  TemporaryFolder folder;
  store::DatabaseOptions options = options_at(server().url(), "s" + to_hex(sha256(folder.path().string())).substr(0, 24));
  std::unique_ptr<store::Database> database = store::make_database(options).value();
  std::unique_ptr<store::Connection> rows = database->open_writer().value();

  Schema() {
    rows->run_script(
        "CREATE TABLE things (id INTEGER NOT NULL PRIMARY KEY, name TEXT, digest BLOB, amount INTEGER CHECK (amount >= 0)) "
        "STRICT");
    rows->execute("INSERT INTO things (id, name, digest, amount) VALUES (1, 'one', $1, NULL)", sha256("one"));
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

std::string refusal(const store::DatabaseOptions& options) {
  auto database = store::make_database(options);
  if (!database) return database.error().detail;
  try {
    auto opened = (*database)->open_writer();
    return opened ? "" : opened.error().detail;
  } catch (const StorageError& problem) {
    return problem.what();
  }
}

}  // namespace

TEST_CASE("a column of another type than asked for is refused, never converted") {
  Schema schema;
  auto row = schema.rows->query("SELECT id, name, digest, amount, id > 0, CAST(id AS NUMERIC) FROM things");
  REQUIRE(row.next());
  CHECK(row.integer(0) == 1);
  CHECK(row.text(1) == "one");
  CHECK(row.digest(2) == sha256("one"));
  CHECK(row.is_null(3));
  CHECK_THROWS_AS(row.text(0), StorageError);
  CHECK_THROWS_AS(row.integer(1), StorageError);
  CHECK_THROWS_AS(row.text(2), StorageError);
  CHECK_THROWS_AS(row.integer(3), StorageError);
  CHECK_THROWS_AS(row.integer(4), StorageError);
  CHECK_THROWS_AS(row.integer(5), StorageError);
  CHECK_THROWS_AS(row.integer(6), StorageError);
  CHECK_FALSE(row.next());
  CHECK_THROWS_AS(row.integer(0), StorageError);
}

TEST_CASE("integers, texts and absent values come back as they went in, whichever came first") {
  Schema schema;
  static constexpr const char* sql = "SELECT id, name, amount FROM things WHERE id = $1";
  std::int64_t id = 10;
  for (const auto& name :
       {std::optional<std::string>(), std::optional<std::string>("\xC3\xA4'\"$1\\"), std::optional<std::string>("")}) {
    schema.rows->execute("INSERT INTO things (id, name, amount) VALUES ($1, $2, $3)", ++id, name, INT64_MAX);
    auto row = schema.rows->query(sql, id);
    REQUIRE(row.next());
    CHECK(row.optional_text(1) == name);
    CHECK(row.integer(2) == INT64_MAX);
  }
  schema.rows->execute("INSERT INTO things (id) VALUES ($1)", INT64_MIN);
  auto row = schema.rows->query(sql, INT64_MIN);
  REQUIRE(row.next());
  CHECK(row.integer(0) == INT64_MIN);
}

TEST_CASE("parameters are numbered, whatever the order in which they stand") {
  Schema schema;
  auto row = schema.rows->query("SELECT $2, $1, $2", "first", std::int64_t{2});
  REQUIRE(row.next());
  CHECK(row.integer(0) == 2);
  CHECK(row.text(1) == "first");
}

TEST_CASE("a broken constraint and a wrong type are refusals, and the connection goes on") {
  Schema schema;
  using Severity = StorageError::Severity;
  const auto insert = [&](const auto& amount) {
    return severity_of_failure([&] { schema.rows->execute("INSERT INTO things (id, amount) VALUES (2, $1)", amount); });
  };
  CHECK(insert(-1) == Severity::refused);
  CHECK(insert("many") == Severity::refused);
  CHECK(severity_of_failure([&] { schema.rows->execute("SELECT nothing FROM nowhere"); }) == Severity::refused);
  CHECK(severity_of_failure([&] {
          schema.rows->execute("INSERT INTO things (id, name) VALUES (3, $1)", std::string("a\0b", 3));
        }) == Severity::refused);
  CHECK(schema.rows->execute_and_count("UPDATE things SET amount = 3 WHERE id = 1") == 1);
}

TEST_CASE("a failure shows at the commit where nobody asked before, and nothing is kept") {
  Schema schema;
  schema.rows->begin(Answers::later);
  schema.rows->execute("INSERT INTO things (id) VALUES ($1)", 2);
  schema.rows->execute("INSERT INTO things (id) VALUES ($1)", 1);
  schema.rows->execute("INSERT INTO things (id) VALUES ($1)", 3);
  CHECK(severity_of_failure([&] { schema.rows->commit(); }) == StorageError::Severity::refused);
  schema.rows->roll_back();
  schema.rows->begin(Answers::at_once);
  CHECK(severity_of_failure([&] { schema.rows->execute("INSERT INTO things (id) VALUES ($1)", 1); }) ==
        StorageError::Severity::refused);
  schema.rows->roll_back();
  auto row = schema.rows->query("SELECT count(*) FROM things");
  REQUIRE(row.next());
  CHECK(row.integer(0) == 1);
}

TEST_CASE("a statement that is to change one row, and does not, fails the transaction before the commit") {
  Schema schema;
  schema.rows->begin(Answers::later);
  schema.rows->execute("INSERT INTO things (id) VALUES (2)");
  schema.rows->execute_for_one_row("UPDATE things SET amount = 1 WHERE id = $1", 99);
  CHECK(severity_of_failure([&] { schema.rows->commit(); }) == StorageError::Severity::fatal);
  schema.rows->roll_back();
  CHECK(schema.rows->execute_and_count("UPDATE things SET amount = 1") == 1);
}

TEST_CASE("texts are compared by their bytes, whatever the database's language") {
  Schema schema;
  for (const char* name : {"b", "B", "a", "\xC3\xA4"}) {
    schema.rows->execute("INSERT INTO things (id, name) VALUES ((SELECT max(id) + 1 FROM things), $1)", name);
  }
  auto row = schema.rows->query("SELECT name FROM things WHERE id > 1 ORDER BY name");
  std::string all;
  while (row.next()) all += row.text(0);
  CHECK(all == "Bab\xC3\xA4");
}

TEST_CASE("a schema has one writer, who is known by where the rows are and not by a folder") {
  Schema schema;
  const auto second = schema.database->open_writer();
  REQUIRE_FALSE(second.has_value());
  CHECK(second.error().code == "store.locked");
  CHECK(second.error().detail.find("another database or schema") != std::string::npos);
  schema.rows.reset();
  CHECK(schema.database->open_writer().has_value());
}

TEST_CASE("what is no url of a store is refused without being shown") {
  const auto refused = [](const std::string& url) { return refusal(options_at(url, "x")); };
  for (const char* url : {"postgres://shop:hunter2@127.0.0.1/shop", "postgres://shop@127.0.0.1/shop?password=hunter2"}) {
    const std::string said = refused(url);
    CHECK(said.find("PGPASSWORD") != std::string::npos);
    CHECK(said.find("hunter2") == std::string::npos);
  }
  CHECK(refused("mysql://127.0.0.1/shop").find("postgres://") != std::string::npos);
  CHECK_FALSE(refused("postgres://127.0.0.1:port/shop").empty());
  CHECK_FALSE(refused("postgres://127.0.0.1:1/shop").empty());
  for (const char* schema : {"Upper", "1st", "pg_mine", "a-b", "x\"y"}) {
    CHECK(refusal(options_at(server().url(), schema)).find("small letters") != std::string::npos);
  }
}

TEST_CASE("a database that is not UTF-8 is refused") {
  Schema schema;
  const store::PostgresTarget target = store::PostgresTarget::read(schema.options).value();
  store::PostgresSession(target, schema.options.server, true)
      .ask("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'");
  const std::string url = server().url().substr(0, server().url().rfind('/')) + "/latin";
  CHECK(refusal(options_at(url, "x")).find("ENCODING 'UTF8'") != std::string::npos);
}

TEST_CASE("a server whose commits a power cut may take back is refused") {
  for (const char* setting : {"fsync", "full_page_writes"}) {
    PostgresServer unsafe({std::string(setting) + "=off"});
    CHECK(refusal(options_at(unsafe.url(), "x")).find(std::string(setting) + " = off") != std::string::npos);
  }
  PostgresServer lazy({"synchronous_commit=off"});
  const auto database = store::make_database(options_at(lazy.url(), "x")).value();
  const auto rows = database->open_writer();
  auto row = (*rows)->query("SELECT current_setting('synchronous_commit')");
  REQUIRE(row.next());
  CHECK(row.text(0) == "on");
}
