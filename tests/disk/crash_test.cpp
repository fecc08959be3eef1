#include "disk/database.hpp"
#include "support/catch.hpp"
#include "support/simulated_disk.hpp"

using namespace seamline::test;

namespace {

constexpr const char* wal = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;";
constexpr const char* count = "SELECT count(*) FROM notes";

}  // namespace

TEST_CASE("after a kill all that was written is there, and what was not committed is gone") {
  SimulatedDisk disk;
  for (const std::string settings : {wal, "", "PRAGMA synchronous = OFF;"}) {
    disk.put({}, "/d");
    Database dying("/d/a.db", settings);
    dying.run("CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT)");
    for (int i = 0; i < 10; ++i) dying.run("INSERT INTO notes (text) VALUES (randomblob(5000))");
    dying.run("PRAGMA cache_size = 2; BEGIN; UPDATE notes SET text = ''; INSERT INTO notes (text) VALUES ('')");
    disk.kill("/d");
    Database next("/d/a.db");
    CHECK(next.value(count) == "10");
    CHECK(next.value("SELECT count(*) FROM notes WHERE text = ''") == "0");
    CHECK(next.value("PRAGMA integrity_check") == "ok");
  }
}

TEST_CASE("a zombie's connection works on, unseen, and its locks block nobody") {
  SimulatedDisk disk;
  Database zombie("/d/a.db", wal);
  zombie.run("CREATE TABLE notes (id INTEGER PRIMARY KEY); INSERT INTO notes DEFAULT VALUES; BEGIN IMMEDIATE");
  zombie.run("INSERT INTO notes DEFAULT VALUES");
  disk.kill("/d");
  Database next("/d/a.db");
  next.run("BEGIN EXCLUSIVE; INSERT INTO notes (id) VALUES (100); COMMIT");
  zombie.run("COMMIT");
  CHECK(zombie.value("SELECT max(id) FROM notes") == "2");
  CHECK(next.value("SELECT max(id) FROM notes") == "100");
  CHECK(next.value(count) == "2");
}

TEST_CASE("a zombie that closes its database removes its own log, not that of the process after it") {
  SimulatedDisk disk;
  {
    auto zombie = std::make_unique<Database>("/d/a.db", wal);
    zombie->run("CREATE TABLE notes (id INTEGER PRIMARY KEY); INSERT INTO notes DEFAULT VALUES");
    disk.kill("/d");
    Database next("/d/a.db");
    next.run("INSERT INTO notes DEFAULT VALUES");
    zombie.reset();
    REQUIRE(disk.exists("/d/a.db-wal"));
    CHECK(next.value(count) == "2");
    disk.kill("/d");
  }
  CHECK(Database("/d/a.db").value(count) == "2");
}

TEST_CASE("a zombie with a rollback journal goes on with its own") {
  SimulatedDisk disk;
  Database zombie("/d/a.db");
  zombie.run("CREATE TABLE notes (id INTEGER PRIMARY KEY); INSERT INTO notes DEFAULT VALUES; BEGIN IMMEDIATE");
  disk.kill("/d");
  Database next("/d/a.db");
  next.run("BEGIN IMMEDIATE; INSERT INTO notes DEFAULT VALUES");
  REQUIRE(disk.exists("/d/a.db-journal"));
  zombie.run("INSERT INTO notes DEFAULT VALUES; INSERT INTO notes DEFAULT VALUES; COMMIT");
  CHECK(disk.exists("/d/a.db-journal"));
  next.run("COMMIT");
  CHECK(next.value(count) == "2");
  CHECK(zombie.value(count) == "3");
}

TEST_CASE("a zombie that runs on opens its own files, until the process is started again") {
  SimulatedDisk disk;
  Database zombie("/d/a.db", wal);
  zombie.run("CREATE TABLE notes (id INTEGER PRIMARY KEY); INSERT INTO notes DEFAULT VALUES");
  disk.kill("/d", SimulatedDisk::Zombie::runs_on);
  zombie.run("INSERT INTO notes DEFAULT VALUES");
  Database also_dead("/d/a.db");
  CHECK(also_dead.value(count) == "2");
  disk.restart("/d");
  Database next("/d/a.db");
  CHECK(next.value(count) == "1");
  zombie.run("INSERT INTO notes DEFAULT VALUES");
  CHECK(also_dead.value(count) == "3");
  CHECK(next.value(count) == "1");
}

TEST_CASE("a zombie's operations are neither counted nor failed") {
  SimulatedDisk disk;
  Database zombie("/d/a.db", wal);
  zombie.run("CREATE TABLE notes (id INTEGER PRIMARY KEY)");
  disk.kill("/d");
  disk.inject({{}, 1, true, 0, false, ""});
  const std::int64_t before = disk.count();
  zombie.run("INSERT INTO notes DEFAULT VALUES");
  CHECK(disk.count() == before);
  CHECK(disk.failed() == 0);
}

TEST_CASE("only what lies below the folder crashes") {
  SimulatedDisk disk;
  Database dying("/d/order/0.db", wal);
  Database living("/data/order/0.db", wal);
  for (Database* one : {&dying, &living}) one->run("CREATE TABLE notes (id INTEGER PRIMARY KEY)");
  disk.kill("/d");
  for (Database* one : {&dying, &living}) one->run("INSERT INTO notes DEFAULT VALUES");
  CHECK(Database("/d/order/0.db").value(count) == "0");
  CHECK(Database("/data/order/0.db").value(count) == "1");
}

TEST_CASE("the power can go amid a statement") {
  SimulatedDisk disk;
  Database dying("/d/a.db", wal);
  dying.run("CREATE TABLE notes (id INTEGER PRIMARY KEY); INSERT INTO notes DEFAULT VALUES");
  disk.observe([&](DiskOperation operation, std::string_view) {
    if (operation != DiskOperation::sync) return;
    disk.observe({});
    disk.lose_power("/d", SimulatedDisk::Zombie::runs_on);
  });
  dying.run("INSERT INTO notes DEFAULT VALUES");
  CHECK(dying.value(count) == "2");
  disk.restart("/d");
  const std::string left = Database("/d/a.db").value(count);
  CHECK((left == "1" || left == "2"));
}
