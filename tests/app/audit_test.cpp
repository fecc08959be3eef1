#include <fstream>
#include <sstream>

#include "app/audited_shop.hpp"
#include "base/json.hpp"
#include "support/catch.hpp"

namespace seamline::test {
namespace {

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

/// The names of all files in a folder, with their sizes and times.
std::map<std::string, std::pair<std::uintmax_t, std::filesystem::file_time_type>> listing(const std::filesystem::path& folder) {
  std::map<std::string, std::pair<std::uintmax_t, std::filesystem::file_time_type>> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) files[entry.path().string()] = {entry.file_size(), entry.last_write_time()};
  }
  return files;
}

TEST_CASE("the invariants are those of the page, in its order") {
  std::vector<std::string> page;
  std::string title;
  std::ifstream lines(std::filesystem::path(SEAMLINE_SOURCE_DIR) / "app/audit/README.md");
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("## ")) title = line.substr(3);
    const bool is_invariant = line.find(" | always | ") != std::string::npos || line.find(" | quiet | ") != std::string::npos;
    if (is_invariant) page.push_back(title + ": " + line.substr(0, line.rfind(" | ")));
  }
  REQUIRE(page.size() == audit::invariants.size());
  std::size_t group = 0;
  for (std::size_t i = 0; i < audit::invariants.size(); ++i) {
    const audit::Invariant& one = audit::invariants.at(i);
    if (group + 1 < audit::groups.size() && audit::groups.at(group + 1).first == i) ++group;
    CHECK(page.at(i) == std::string(audit::groups.at(group).title) + ": | " + std::string(one.code) + " | " +
                            (one.holds == audit::Holds::quiet ? "quiet" : "always") + " | " + std::string(one.sentence));
  }
}

TEST_CASE("a shop in which all has ended is clean, and next to nothing of it was left unexamined") {
  const AuditedShop shop = AuditedShop::quiet();
  const audit::Report report = shop.audited();
  CHECK(violated_in(report).empty());
  // No letter is parked, no charge unanswered and no reservation stands where all has ended.
  CHECK(vacuous_in(report) == "X10 M17 S13");
  CHECK(report.is_clean());
}

TEST_CASE("a shop at work is clean, of what holds at any moment") {
  const AuditedShop shop = AuditedShop::at_work();
  const audit::Report report = shop.audited(audit::Mode::live);
  CHECK(violated_in(report).empty());
  CHECK(vacuous_in(report) == "X10");
  for (const audit::Check& check : report.checks) CHECK(check.invariant->holds == audit::Holds::always);
  // To one who believes that it is quiet it is not.
  CHECK(violated_in(shop.audited()) == "X2 O8 M18 S8");
}

TEST_CASE("an audit reads a shop that runs beside it, over one consistent cut each time") {
  ShopOptions options;
  options.threads = true;
  Shop shop(options);
  const auto ada = shop.add_user();
  shop.add_product("p1", 100'000);
  audit::Options wanted;
  wanted.mode = audit::Mode::live;
  for (const audit::Owner owner : audit::owners) {
    wanted.stores.at(static_cast<std::size_t>(owner)) = shop.folder() / audit::name_of(owner) / "0.db";
  }
  std::atomic<bool> is_over{false};
  std::atomic<int> placed{0};
  std::thread customer([&] {
    while (!is_over) {
      (void)shop.place(ada, {{{"p1"}, 1}});
      ++placed;
    }
  });
  for (int i = 0; i < 20; ++i) {
    const auto report = audit::audit(wanted);
    CHECK(report.has_value());
    if (report) CHECK(violated_in(*report).empty());
  }
  is_over = true;
  customer.join();
  shop.settle();
  wanted.mode = audit::Mode::quiet;
  const audit::Report report = audit::audit(wanted).value();
  CHECK(violated_in(report).empty());
  CHECK(check_of(report, "O1").count.examined == placed);
}

/// A publisher and a subscriber as they run: both their stores are open.
class Running {
 public:
  Running(const AuditedShop& shop, std::string publisher, const std::string& subscriber)
      : publisher_name_(std::move(publisher)),
        publisher_(shop.file(publisher_name_), store::SqliteConnection::Mode::writer, 1000),
        subscriber_(shop.file(subscriber), store::SqliteConnection::Mode::writer, 1000) {}

  /// Publishes an entry, which the subscriber applies at once.
  void say() {
    publisher_.execute(
        "INSERT INTO event_log SELECT seq + 1, epoch, type, subject, at_ms, trace, payload, hash FROM event_log "
        "ORDER BY seq DESC LIMIT 1");
    subscriber_.execute("UPDATE cursors SET seq = seq + 1 WHERE publisher = $1", publisher_name_);
  }

 private:
  std::string publisher_name_;
  store::SqliteConnection publisher_;
  store::SqliteConnection subscriber_;
};

TEST_CASE("snapshots are taken again until none has applied what another does not hold") {
  const AuditedShop shop = AuditedShop::quiet();
  Running inventory(shop, "inventory", "order");
  std::string taken;
  audit::Cut cut(shop.options().stores, [&](audit::Owner owner) {
    taken += std::string(name_of(owner)) + " ";
    // Inventory's snapshot is the first: whatever it says from here on is news to that one, and not to order's.
    if (owner == audit::Owner::payment || owner == audit::Owner::order) inventory.say();
  });
  CHECK(taken == "inventory payment order user inventory ");
  CHECK(cut.of(audit::Owner::order).cursor_on("inventory")->place.seq == cut.of(audit::Owner::inventory).head().seq);
}

TEST_CASE("users are looked at after the orders that name them") {
  const AuditedShop shop = AuditedShop::quiet();
  Running inventory(shop, "inventory", "order");
  Running order(shop, "order", "inventory");
  std::string taken;
  const audit::Cut cut(shop.options().stores, [&](audit::Owner owner) {
    taken += std::string(name_of(owner)) + " ";
    if (owner == audit::Owner::payment) inventory.say();
    // Inventory is looked at again, and has heard more of order by then; so order is, too.
    if (taken == "inventory payment order user inventory ") order.say();
  });
  CHECK(taken == "inventory payment order user inventory order user ");
}

TEST_CASE("what a later snapshot does not hold either is damage, and no reason to go on") {
  const AuditedShop shop = AuditedShop::quiet();
  shop.edit("order", "UPDATE cursors SET seq = seq + 1");
  std::int64_t taken = 0;
  const audit::Cut cut(shop.options().stores, [&](audit::Owner) { ++taken; });
  CHECK(taken == 6);
  CHECK(violated_in(shop.audited()) == "X3");
}

TEST_CASE("a shop that is never still is not audited") {
  const AuditedShop shop = AuditedShop::quiet();
  Running inventory(shop, "inventory", "order");
  Running order(shop, "order", "inventory");
  // Whoever is looked at has just heard something which the snapshot of the other does not have yet.
  const auto move = [&](audit::Owner owner) { (owner == audit::Owner::order ? inventory : order).say(); };
  CHECK_THROWS_AS(audit::Cut(shop.options().stores, move), audit::ReadError);
}

TEST_CASE("an audit leaves a stopped shop's files as they are") {
  const AuditedShop shop = AuditedShop::quiet();
  const auto before = listing(shop.folder());
  CHECK(shop.audited().is_clean());
  CHECK(listing(shop.folder()) == before);
}

TEST_CASE("an audit reads what a killed shop left in its write-ahead logs, and leaves it there") {
  const AuditedShop shop = AuditedShop::quiet();
  TemporaryFolder killed;
  {
    // A copy of the files while they are open is what a kill leaves; the last order is in the write-ahead log alone.
    store::SqliteConnection rows(shop.file("user"), store::SqliteConnection::Mode::writer, 1000);
    rows.run_script("UPDATE users SET password_hash = 'open sesame' WHERE email = 'ada@example.org'");
    std::filesystem::copy(shop.folder(), killed.path(), std::filesystem::copy_options::recursive);
  }
  const AuditedShop left(killed.path());
  const std::string log = read_file(left.file("user").string() + "-wal");
  const std::string store = read_file(left.file("user"));
  REQUIRE(!log.empty());
  CHECK(violated_in(left.audited()) == "U2");
  CHECK(read_file(left.file("user").string() + "-wal") == log);
  CHECK(read_file(left.file("user")) == store);
  std::filesystem::remove(left.file("user").string() + "-shm");
  CHECK(violated_in(left.audited()) == "U2");
  CHECK(read_file(left.file("user").string() + "-wal") == log);
  CHECK(read_file(left.file("user")) == store);
}

TEST_CASE("a store that was closed is not read as one that never changes once a shop has opened it") {
  const AuditedShop shop = AuditedShop::quiet();
  audit::Database store(shop.file("user"), 1'000);
  store.check_unchanged();
  store::SqliteConnection started(shop.file("user"), store::SqliteConnection::Mode::writer, 1000);
  started.run_script("UPDATE users SET name = 'Ada L.'");
  CHECK_THROWS_AS(store.check_unchanged(), audit::ReadError);
}

TEST_CASE("a store that is not there, or of no shop, cannot be audited") {
  const AuditedShop shop = AuditedShop::quiet();
  shop.edit("payment", "DROP TABLE invoices");
  CHECK(audit::audit(shop.options()).error().code == "audit.unreadable");
  std::filesystem::remove(shop.file("payment"));
  CHECK(audit::audit(shop.options()).error().code == "audit.unreadable");
  CHECK(!std::filesystem::exists(shop.file("payment")));
}

TEST_CASE("a store that is no sound database breaks K1, and proves nothing else") {
  const AuditedShop shop = AuditedShop::quiet();
  std::ofstream(shop.file("order"), std::ios::binary | std::ios::trunc) << std::string(8192, 'x');
  const audit::Report report = shop.audited();
  CHECK(violated_in(report) == "K1");
  CHECK(check_of(report, "O1").outcome == audit::Outcome::vacuous);
  CHECK(check_of(report, "X1").outcome == audit::Outcome::vacuous);
}

TEST_CASE("of a log that was tampered with the first entry is named, and only that") {
  const AuditedShop shop = AuditedShop::quiet();
  shop.edit("order", "UPDATE event_log SET trace = trace || ' ' WHERE seq >= 3");
  const audit::Report report = shop.audited();
  CHECK(check_of(report, "X1").count.violations == 1);
  CHECK(check_of(report, "X1").count.examples.at(0) == "order: entry 3 has another hash than the chain gives it");
  shop.edit("order", "DELETE FROM event_log WHERE seq = 2");
  CHECK(check_of(shop.audited(), "X1").count.examples.at(0) == "order: entry 3 stands where entry 2 should");
}

TEST_CASE("at most twenty examples are kept, and all violations counted") {
  audit::Findings findings;
  for (int i = 0; i < 50; ++i) findings.examine("S1", false, [&] { return std::to_string(i); });
  audit::Findings others;
  others.merge(findings);
  others.merge(findings);
  const audit::Report report = audit::make_report(others, audit::Mode::quiet, false);
  CHECK(check_of(report, "S1").count.violations == 100);
  CHECK(check_of(report, "S1").count.examples.size() == 20);
  CHECK(check_of(report, "S1").count.examples.back() == "19");
}

TEST_CASE("as JSON an audit has the shape that the page describes, whatever bytes the stores hold") {
  audit::Findings findings;
  findings.examine("M1", true, [] { return ""; });
  findings.examine("O2", false, [] { return std::string("order \xff\"x\": differs"); });
  const auto json = json::parse(audit::render_json(audit::make_report(findings, audit::Mode::quiet, false))).value();
  CHECK(json.find("mode")->text == "quiet");
  CHECK_FALSE(json.find("clean")->boolean);
  std::string codes;
  for (const json::Value& check : json.find("checks")->items) {
    codes += check.find("code")->text + " ";
    const std::string code = check.find("code")->text;
    const std::string outcome = code == "M1" || code == "X9" ? "holds" : code == "O2" ? "violated" : "vacuous";
    CHECK(check.find("outcome")->text == outcome);
    CHECK((check.find("holds")->text == "always" || check.find("holds")->text == "quiet"));
    CHECK(!check.find("invariant")->text.empty());
    CHECK(check.find("examined")->integer == (code == "M1" || code == "O2" ? 1 : 0));
    CHECK(check.find("violations")->integer == (code == "O2" ? 1 : 0));
    CHECK(check.find("examples")->items.size() == (code == "O2" ? 1U : 0U));
    if (code == "O2") CHECK(check.find("examples")->items.at(0).text == "order ?\"x\": differs");
  }
  CHECK(codes.starts_with("K1 K2 X1 X2 X3 X6 X8 X9 X10 I1 I2 O1 "));
  CHECK(codes.ends_with("U1 U2 U3 "));
}

}  // namespace
}  // namespace seamline::test
