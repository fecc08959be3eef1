#include "store/postgres_schema.hpp"

#include "store/connection.hpp"
#include "store/migrations.hpp"
#include "support/catch.hpp"

using namespace seamline;
using store::in_postgres_words;
using Texts = std::vector<std::string>;

TEST_CASE("types get PostgreSQL's names, and SQLite's table options go") {
  CHECK(in_postgres_words(
            "CREATE TABLE things (id INTEGER NOT NULL PRIMARY KEY, name text NOT NULL, hash BLOB) STRICT, WITHOUT ROWID;") ==
        Texts{"CREATE TABLE things (id BIGINT NOT NULL PRIMARY KEY, name TEXT COLLATE \"C\" NOT NULL, hash BYTEA)"});
  CHECK(in_postgres_words("CREATE TABLE IF NOT EXISTS t (a INTEGER NOT NULL, b TEXT NOT NULL, PRIMARY KEY (a, b)) STRICT") ==
        Texts{"CREATE TABLE IF NOT EXISTS t (a BIGINT NOT NULL, b TEXT COLLATE \"C\" NOT NULL, PRIMARY KEY (a, b))"});
}

TEST_CASE("names and literals that read like types stay as they are") {
  CHECK(
      in_postgres_words("CREATE TABLE t (text TEXT NOT NULL PRIMARY KEY CHECK (text = 'INTEGER; -- BLOB' OR text = 'it''s'))") ==
      Texts{"CREATE TABLE t (text TEXT COLLATE \"C\" NOT NULL PRIMARY KEY CHECK (text= 'INTEGER; -- BLOB' OR text= 'it''s'))"});
}

TEST_CASE("a script is cut into its statements, without its comments") {
  CHECK(in_postgres_words("-- first; not a statement\nCREATE INDEX i ON t (a, b); -- behind\n;UPDATE t SET a = a - -1;") ==
        Texts{"CREATE INDEX i ON t (a, b)", "UPDATE t SET a= a- - 1"});
  CHECK(in_postgres_words(" -- nothing\n").empty());
}

TEST_CASE("an added column is translated, and what has no meaning in PostgreSQL is refused") {
  CHECK(in_postgres_words("ALTER TABLE t ADD COLUMN more BLOB") == Texts{"ALTER TABLE t ADD COLUMN more BYTEA"});
  for (const char* migration :
       {"CREATE TABLE t (a INTEGER PRIMARY KEY AUTOINCREMENT)", "CREATE TABLE t (a ANY)", "CREATE TABLE t (a REAL)",
        "CREATE TABLE t (a)", "CREATE TABLE t (a INTEGER) SECRET", "PRAGMA foreign_keys = ON",
        "CREATE TRIGGER g AFTER INSERT ON t", "CREATE TABLE t (a INTEGER", "CREATE TABLE t (a TEXT DEFAULT 'x)", "VACUUM",
        "ALTER TABLE t RENAME TO u", "/* x */ DROP TABLE t"}) {
    INFO(migration);
    CHECK_THROWS_AS(in_postgres_words(migration), store::StorageError);
  }
}

TEST_CASE("every migration of the shop has a meaning in PostgreSQL") {
  for (const store::Migration& migration : store::all_migrations()) {
    INFO(migration.owner << "/" << migration.name);
    CHECK_FALSE(in_postgres_words(migration.sql).empty());
  }
}
