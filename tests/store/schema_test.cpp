#include <algorithm>
#include <set>

#include "store/migrator.hpp"
#include "store/sqlite.hpp"
#include "support/catch.hpp"
#include "support/note_store.hpp"

using namespace seamline;
using namespace seamline::test;
using store::Migration;
using store::SqliteConnection;

namespace {

struct Database {
  TemporaryFolder folder;
  SqliteConnection rows{folder.path() / "0.db", SqliteConnection::Mode::writer, 1000};

  Result<void> migrate(std::vector<Migration> migrations) { return store::migrate(rows, "note", migrations, {1}); }
  bool has_table(const std::string& name) {
    auto row = rows.query("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = $1", name);
    return row.next();
  }
};

constexpr Migration first{"note", 1, "first", "CREATE TABLE first (id INTEGER NOT NULL PRIMARY KEY) STRICT;"};
constexpr Migration second{"note", 2, "second", "CREATE TABLE second AS SELECT id FROM first;"};

/// What is wrong with a schema, by the rules of DESIGN section 4.
std::vector<std::string> broken_rules(SqliteConnection& rows) {
  std::vector<std::string> broken;
  {
    auto trigger = rows.query("SELECT name FROM sqlite_schema WHERE type IN ('trigger', 'view')");
    while (trigger.next()) broken.push_back(std::string(trigger.text(0)) + " is a trigger or view");
  }
  auto table = rows.query("SELECT name, upper(sql) FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'");
  while (table.next()) {
    const std::string name(table.text(0));
    const std::string_view sql = table.text(1);
    auto listed = rows.query("SELECT strict FROM pragma_table_list($1) WHERE schema = 'main'", name);
    if (!listed.next() || listed.integer(0) != 1) broken.push_back(name + " is not STRICT");
    int keys = 0;
    auto column = rows.query("SELECT name, pk, \"notnull\" FROM pragma_table_info($1)", name);
    while (column.next()) {
      if (column.integer(1) == 0) continue;
      ++keys;
      if (column.integer(2) == 0) broken.push_back(name + ": a part of the primary key may be NULL");
    }
    if (keys == 0) broken.push_back(name + " has no primary key");
    if (sql.find("AUTOINCREMENT") != std::string_view::npos) broken.push_back(name + " uses AUTOINCREMENT");
    auto foreign = rows.query("SELECT on_update, on_delete FROM pragma_foreign_key_list($1)", name);
    while (foreign.next()) {
      if (foreign.text(0) != "NO ACTION" || foreign.text(1) != "NO ACTION") broken.push_back(name + " has a foreign-key action");
    }
  }
  return broken;
}

}  // namespace

TEST_CASE("migrations are applied in order, each once") {
  Database database;
  REQUIRE(database.migrate({first, second}).has_value());
  CHECK(database.has_table("second"));
  REQUIRE(database.migrate({first, second}).has_value());
  auto row = database.rows.query("SELECT count(*) FROM schema_migrations");
  row.next();
  CHECK(row.integer(0) == 2);
}

TEST_CASE("the kernel's migrations come before the module's, and other modules' do not come at all") {
  Database database;
  const Migration uses_kernel{"note", 1, "uses", "CREATE TABLE mine AS SELECT id FROM base;"};
  const Migration kernel{"kernel", 1, "base", "CREATE TABLE base (id INTEGER NOT NULL PRIMARY KEY) STRICT;"};
  const Migration foreign{"other", 1, "foreign", "CREATE TABLE foreign_table (id INTEGER NOT NULL PRIMARY KEY) STRICT;"};
  REQUIRE(database.migrate({uses_kernel, foreign, kernel}).has_value());
  CHECK(database.has_table("mine"));
  CHECK_FALSE(database.has_table("foreign_table"));
}

TEST_CASE("a migration that was changed after it was applied is refused") {
  Database database;
  REQUIRE(database.migrate({first}).has_value());
  Migration changed = first;
  changed.sql = "CREATE TABLE first (id INTEGER NOT NULL PRIMARY KEY, more TEXT) STRICT;";
  const auto refused = database.migrate({changed, second});
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == "store.schema_changed");
  CHECK(refused.error().detail.find("note/1") != std::string::npos);
  CHECK_FALSE(database.has_table("second"));
}

TEST_CASE("a store that has a migration which this program does not know is refused") {
  Database database;
  REQUIRE(database.migrate({first, second}).has_value());
  const auto refused = database.migrate({first});
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == "store.schema_newer");
  CHECK(refused.error().detail.find("Run the newer program") != std::string::npos);
}

TEST_CASE("the migrations that a store lacks can be told without applying them") {
  Database database;
  const auto pending = [&](std::vector<Migration> migrations) {
    return store::pending_migrations(database.rows, "note", migrations);
  };
  const std::vector<Migration> both{first, second};
  CHECK(pending(both).value().size() == 2);
  REQUIRE(database.migrate({first}).has_value());
  REQUIRE(pending(both).value().size() == 1);
  CHECK(pending(both).value().front().name == "second");
  CHECK_FALSE(database.has_table("second"));
  REQUIRE(database.migrate(both).has_value());
  CHECK(pending(both).value().empty());
  CHECK(pending({first}).error().code == "store.schema_newer");
  CHECK(pending({{"note", 1, "first", "SELECT 1;"}, second}).error().code == "store.schema_changed");
}

TEST_CASE("a migration that fails half-way leaves nothing behind, and those before it stay") {
  Database database;
  const Migration broken{"note", 2, "broken", "CREATE TABLE half (id INTEGER NOT NULL PRIMARY KEY) STRICT; CREATE TABLE oops (;"};
  CHECK_THROWS_AS(database.migrate({first, broken}), store::StorageError);
  CHECK(database.has_table("first"));
  CHECK_FALSE(database.has_table("half"));
  CHECK(database.migrate({first, second}).has_value());
}

TEST_CASE("every migration of this program has the number and the name of its file") {
  const auto all = store::all_migrations();
  REQUIRE_FALSE(all.empty());
  CHECK(std::all_of(all.begin(), all.end(), [](const Migration& one) { return one.version > 0 && !one.name.empty(); }));
  CHECK(std::any_of(all.begin(), all.end(),
                    [](const Migration& one) { return one.owner == "order" && one.version == 1 && one.name == "orders"; }));
}

TEST_CASE("every table of every store keeps the schema rules") {
  std::set<std::string, std::less<>> owners;
  for (const Migration& migration : store::all_migrations()) owners.emplace(migration.owner);
  REQUIRE(owners.size() >= 5);
  for (const auto& owner : owners) {
    INFO(owner);
    TemporaryFolder folder;
    SqliteConnection rows(folder.path() / "0.db", SqliteConnection::Mode::writer, 1000);
    REQUIRE(store::migrate(rows, owner, store::all_migrations(), {1}).has_value());
    for (const auto& rule : broken_rules(rows)) FAIL_CHECK(rule);
    auto row = rows.query("SELECT count(*) FROM sqlite_schema WHERE type = 'table'");
    row.next();
    CHECK(row.integer(0) >= 8);
  }
}

TEST_CASE("the schema rules notice what they forbid") {
  const std::vector<std::pair<const char*, std::string>> forbidden = {
      {"CREATE TABLE t (a INTEGER NOT NULL) STRICT", "t has no primary key"},
      {"CREATE TABLE t (a TEXT PRIMARY KEY)", "t: a part of the primary key may be NULL"},
      {"CREATE TABLE t (a INTEGER NOT NULL PRIMARY KEY)", "t is not STRICT"},
      {"CREATE TABLE t (a INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT) STRICT", "t uses AUTOINCREMENT"},
      {"CREATE TABLE p (a INTEGER NOT NULL PRIMARY KEY) STRICT; "
       "CREATE TABLE t (a INTEGER NOT NULL PRIMARY KEY REFERENCES p ON DELETE CASCADE) STRICT",
       "t has a foreign-key action"},
      {"CREATE TABLE t (a INTEGER NOT NULL PRIMARY KEY) STRICT; CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; END",
       "g is a trigger or view"},
  };
  for (const auto& [schema, rule] : forbidden) {
    INFO(schema);
    TemporaryFolder folder;
    SqliteConnection rows(folder.path() / "0.db", SqliteConnection::Mode::writer, 1000);
    rows.run_script(schema);
    const auto broken = broken_rules(rows);
    CHECK(std::count(broken.begin(), broken.end(), rule) == 1);
  }
}
