#include <fstream>

#include "disk/database.hpp"
#include "support/catch.hpp"
#include "support/simulated_disk.hpp"
#include "support/temporary_folder.hpp"

using namespace seamline::test;

namespace {

constexpr const char* wal = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;";

/// Rows enough for many pages, some of them moved and removed again.
void do_much(Database& database) {
  database.run("CREATE TABLE IF NOT EXISTS notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL)");
  for (int i = 0; i < 40; ++i) {
    database.run("INSERT INTO notes (text) VALUES (hex(randomblob(300)))");
    if (i % 3 == 0) database.run("UPDATE notes SET text = text || 'x' WHERE id % 5 = 0");
    if (i % 7 == 0) database.run("DELETE FROM notes WHERE id % 11 = 0");
  }
}

std::string all_bytes(const SimulatedDisk& disk) {
  std::string all;
  for (const auto& [path, ignored] : disk.image("/d")) all += path + "\n" + disk.bytes("/d/" + path);
  return all;
}

}  // namespace

TEST_CASE("every journal mode works on the simulated disk, and nothing of it is on the machine's own") {
  for (const std::string mode : {"delete", "truncate", "persist", "wal", "memory"}) {
    INFO(mode);
    SimulatedDisk disk;
    const TemporaryFolder folder;
    const std::string path = (folder.path() / "a.db").string();
    {
      Database database(path);
      REQUIRE(database.value("PRAGMA journal_mode = " + mode) == mode);
      do_much(database);
      database.run("BEGIN; DELETE FROM notes; ROLLBACK; VACUUM; CREATE INDEX texts ON notes (text)");
      CHECK(database.value("PRAGMA integrity_check") == "ok");
      CHECK(database.value("SELECT count(*) FROM notes") == "36");
    }
    Database again(path);
    CHECK(again.value("SELECT count(*) FROM notes") == "36");
    CHECK(disk.exists(path));
    CHECK(std::filesystem::is_empty(folder.path()));
  }
}

TEST_CASE("what other programs read of a copy on the machine's own disk is the database") {
  const TemporaryFolder folder;
  {
    SimulatedDisk disk;
    Database database("/d/order/a.db", wal);
    do_much(database);
    disk.copy_out("/d", folder.path().string());
  }
  CHECK(Database((folder.path() / "order" / "a.db").string()).value("SELECT count(*) FROM notes") == "36");
}

TEST_CASE("a reader of a write-ahead log keeps its snapshot while another writes, and two writers exclude each other") {
  SimulatedDisk disk;
  Database writer("/d/a.db", wal);
  Database reader("/d/a.db");
  writer.run("CREATE TABLE notes (id INTEGER PRIMARY KEY); INSERT INTO notes VALUES (1)");
  reader.run("BEGIN");
  CHECK(reader.value("SELECT count(*) FROM notes") == "1");
  writer.run("INSERT INTO notes VALUES (2)");
  CHECK(reader.value("SELECT count(*) FROM notes") == "1");
  // A checkpoint gets no further than the oldest reader, and does not begin the log again under it.
  CHECK(writer.value("PRAGMA wal_checkpoint(TRUNCATE)") == "1");
  reader.run("COMMIT");
  CHECK(reader.value("SELECT count(*) FROM notes") == "2");
  writer.run("BEGIN IMMEDIATE");
  CHECK(reader.attempt("BEGIN IMMEDIATE") == SQLITE_BUSY);
  writer.run("COMMIT");
  CHECK(reader.attempt("BEGIN IMMEDIATE; COMMIT") == SQLITE_OK);
  CHECK(writer.value("PRAGMA wal_checkpoint(TRUNCATE)") == "0");
}

TEST_CASE("with a rollback journal readers share, and a writer waits until they have ended") {
  SimulatedDisk disk;
  Database writer("/d/a.db");
  Database reader("/d/a.db");
  Database other("/d/a.db");
  writer.run("CREATE TABLE notes (id INTEGER PRIMARY KEY); INSERT INTO notes VALUES (1)");
  for (Database* one : {&reader, &other}) {
    one->run("BEGIN");
    CHECK(one->value("SELECT count(*) FROM notes") == "1");
  }
  writer.run("BEGIN IMMEDIATE; INSERT INTO notes VALUES (2)");
  CHECK(other.attempt("INSERT INTO notes VALUES (3)") == SQLITE_BUSY);
  CHECK(writer.attempt("COMMIT") == SQLITE_BUSY);
  // The writer waits for its turn: nobody else begins to read.
  Database late("/d/a.db");
  CHECK(late.attempt("SELECT count(*) FROM notes") == SQLITE_BUSY);
  reader.run("COMMIT");
  CHECK(writer.attempt("COMMIT") == SQLITE_BUSY);
  other.run("COMMIT");
  CHECK(writer.attempt("COMMIT") == SQLITE_OK);
  CHECK(late.value("SELECT count(*) FROM notes") == "2");
}

TEST_CASE("the same seed gives the same bytes, and another one others") {
  const auto run = [](std::uint64_t seed) {
    SimulatedDisk disk(seed);
    Database database("/d/a.db", wal);
    do_much(database);
    disk.lose_power("/d");
    const std::string bytes = all_bytes(disk);
    Database again("/d/a.db", wal);
    do_much(again);
    return bytes + all_bytes(disk);
  };
  CHECK((run(7) == run(7)));  // too long to be shown
  CHECK((run(7) != run(8)));
}

TEST_CASE("an image is put anywhere and again, and each place goes its own way") {
  SimulatedDisk disk;
  {
    Database database("/d/order/0.db", wal);
    do_much(database);
  }
  const DiskImage image = disk.image("/d");
  REQUIRE(image.contains("order/0.db"));
  disk.put(image, "/e");
  disk.put(image, "/f");
  Database e("/e/order/0.db");
  e.run("DELETE FROM notes");
  CHECK(Database("/d/order/0.db").value("SELECT count(*) FROM notes") == "36");
  CHECK(Database("/f/order/0.db").value("SELECT count(*) FROM notes") == "36");
  CHECK(e.value("SELECT count(*) FROM notes") == "0");
  // What was open there is detached.
  disk.put(image, "/e");
  e.run("INSERT INTO notes (text) VALUES ('x')");
  CHECK(Database("/e/order/0.db").value("SELECT count(*) FROM notes") == "36");
  // It is durable as it stands.
  disk.lose_power("/e");
  CHECK(Database("/e/order/0.db").value("SELECT count(*) FROM notes") == "36");
}

TEST_CASE("the n-th operation fails with its code, once or for good, only below its folder") {
  SimulatedDisk disk;
  Database database("/d/a.db", wal);
  database.run("CREATE TABLE notes (id INTEGER PRIMARY KEY)");
  const auto write = [&] { return database.attempt("INSERT INTO notes DEFAULT VALUES"); };

  disk.inject({{DiskOperation::sync}, 2, false, 0, false, ""});
  CHECK(write() == SQLITE_OK);
  CHECK(write() == SQLITE_IOERR_FSYNC);
  CHECK(write() == SQLITE_OK);
  CHECK(disk.failed() == 1);
  disk.mend();

  disk.inject({{DiskOperation::write}, 1, true, SQLITE_FULL, false, "/d"});
  CHECK(write() == SQLITE_FULL);
  CHECK(write() == SQLITE_FULL);
  disk.mend();
  disk.inject({{}, 1, true, 0, false, "/elsewhere"});
  CHECK(write() == SQLITE_OK);
  disk.mend();

  disk.inject({{DiskOperation::lock}, 1, true, SQLITE_BUSY, false, ""});
  CHECK((write() & 0xFF) != SQLITE_OK);
  disk.mend();
  disk.inject({{DiskOperation::open}, 1, true, 0, false, ""});
  CHECK_THROWS_AS(Database("/d/b.db"), std::runtime_error);
  disk.mend();
  CHECK(write() == SQLITE_OK);
  CHECK(database.value("PRAGMA integrity_check") == "ok");
}

TEST_CASE("every kind of operation is counted and seen") {
  SimulatedDisk disk;
  std::map<DiskOperation, std::int64_t> seen;
  disk.observe([&](DiskOperation operation, std::string_view path) {
    ++seen[operation];
    CHECK(path.starts_with("/d/a.db"));
  });
  {
    Database database("/d/a.db", wal);
    do_much(database);
    database.run("PRAGMA wal_checkpoint(TRUNCATE)");
  }
  CHECK(seen.size() == disk_operations);
  std::int64_t sum = 0;
  for (const auto& [operation, count] : seen) {
    CHECK(disk.count(operation) == count);
    sum += count;
  }
  CHECK(disk.count() == sum);
}

TEST_CASE("sleeps take no time, and the clock tells of nothing else") {
  SimulatedDisk disk;
  Database holder("/d/a.db", wal);
  Database waiting("/d/a.db");
  holder.run("CREATE TABLE notes (id INTEGER PRIMARY KEY); BEGIN IMMEDIATE");
  CHECK(waiting.value("SELECT strftime('%s', 'now')") == "1591012800");
  waiting.run("PRAGMA busy_timeout = 3600000");
  CHECK(waiting.attempt("BEGIN IMMEDIATE") == SQLITE_BUSY);
  CHECK(waiting.value("SELECT strftime('%s', 'now') - 1591012800 BETWEEN 3590 AND 3610") == "1");
}
