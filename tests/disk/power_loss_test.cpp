#include <functional>
#include <set>

#include "disk/database.hpp"
#include "support/catch.hpp"
#include "support/simulated_disk.hpp"

using namespace seamline;
using namespace seamline::test;

namespace {

constexpr const char* wal = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;";
/// With FULL the removal of a rollback journal is not durable, and may bring back what was before the last commit.
constexpr const char* rollback = "PRAGMA journal_mode = DELETE; PRAGMA synchronous = EXTRA;";

/// What was found after a loss of power, over many seeds.
struct Findings {
  int lost = 0;
  int torn = 0;
  int damaged = 0;
  /// How many rows of the commit that was under way were there.
  std::set<std::string> of_the_last;
};

/// Commits ten rows, and then a large one that the power interrupts at a moment given by the seed.
void run_until_power_is_lost(SimulatedDisk& disk, const std::string& settings, std::uint64_t seed) {
  Database database("/d/a.db", settings);
  database.run("CREATE TABLE notes (id INTEGER PRIMARY KEY, text BLOB); PRAGMA cache_size = 5; PRAGMA wal_autocheckpoint = 9");
  for (int i = 0; i < 10; ++i) database.run("INSERT INTO notes (text) VALUES (randomblob(3000))");
  std::int64_t left = static_cast<std::int64_t>(seed % 200);
  disk.observe([&](DiskOperation, std::string_view) {
    if (left-- == 0) disk.lose_power("/d", SimulatedDisk::Zombie::runs_on);
  });
  database.run("BEGIN; UPDATE notes SET text = randomblob(3000)");
  database.run("INSERT INTO notes SELECT id + 100, text FROM notes; COMMIT");
  disk.observe({});
  if (left >= 0) disk.lose_power("/d", SimulatedDisk::Zombie::runs_on);
}

Findings over_seeds(const std::string& settings, const std::function<void(SimulatedDisk&)>& prepare = [](SimulatedDisk&) {}) {
  Findings findings;
  for (std::uint64_t seed = 0; seed < 1'000; ++seed) {
    SimulatedDisk disk(seed);
    prepare(disk);
    run_until_power_is_lost(disk, settings, seed);
    disk.restart("/d");
    try {
      Database database("/d/a.db");
      if (database.value("PRAGMA integrity_check") != "ok") ++findings.damaged;
      if (database.value("SELECT count(*) FROM notes WHERE id <= 10") != "10") ++findings.lost;
      const std::string last = database.value("SELECT count(*) FROM notes WHERE id > 100");
      if (last != "0" && last != "10") ++findings.torn;
      findings.of_the_last.insert(last);
    } catch (const std::runtime_error&) {
      ++findings.damaged;
    }
  }
  return findings;
}

}  // namespace

TEST_CASE("what was committed survives any loss of power, and a commit that it interrupts is there whole or not at all") {
  for (const std::string settings : {wal, rollback}) {
    INFO(settings);
    const Findings findings = over_seeds(settings);
    CHECK(findings.lost == 0);
    CHECK(findings.torn == 0);
    CHECK(findings.damaged == 0);
    CHECK(findings.of_the_last == std::set<std::string>{"0", "10"});
  }
}

TEST_CASE("without syncs a loss of power is found to lose what was committed") {
  const Findings lying_log = over_seeds(wal, [](SimulatedDisk& disk) { disk.ignore_syncs(true); });
  CHECK(lying_log.lost + lying_log.damaged > 100);
  const Findings lying_journal = over_seeds(rollback, [](SimulatedDisk& disk) { disk.ignore_syncs(true); });
  CHECK(lying_journal.lost + lying_journal.damaged > 100);
  const Findings normal = over_seeds("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;");
  CHECK(normal.lost + normal.damaged > 100);
}

TEST_CASE("a removal of a journal that was not made durable takes a commit back, as SQLite says of synchronous = FULL") {
  const Findings findings = over_seeds("PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL;");
  CHECK(findings.lost > 0);
  CHECK(findings.torn == 0);
  CHECK(findings.damaged == 0);
}
