#include <fstream>

#include "app/audited_shop.hpp"
#include "support/catch.hpp"

namespace seamline::test {
namespace {

/// What clients saw of the quiet shop, to be changed before it is written.
class History {
 public:
  struct Attempt {
    std::string operation;
    std::string key;
    std::string outcome;
    std::string order_id;
  };

  explicit History(const AuditedShop& shop) {
    store::SqliteConnection rows(shop.file("order"), store::SqliteConnection::Mode::reader, 1000);
    store::Rows row = rows.query(
        "SELECT operation, key, json_extract(reply, '$.order_id') FROM idempotency WHERE operation IN ('order.place_order', "
        "'order.start_draft') ORDER BY key");
    while (row.next()) attempts.push_back({std::string(row.text(0)), std::string(row.text(1)), "ok", std::string(row.text(2))});
  }
  Attempt& of(const std::string& key) {
    for (Attempt& attempt : attempts) {
      if (attempt.key == key) return attempt;
    }
    throw std::runtime_error("no attempt has the key " + key);
  }
  std::string text() const {
    std::string lines;
    std::int64_t number = 0;
    for (const Attempt& attempt : attempts) {
      json::Writer line(lines);
      line.begin_object();
      line.member("attempt", ++number);
      line.member("operation", attempt.operation);
      line.member("key", attempt.key);
      line.member("start_ms", number * 10);
      line.member("end_ms", number * 10 + 25);
      line.member("outcome", attempt.outcome);
      if (!attempt.order_id.empty()) line.member("order_id", attempt.order_id);
      line.end_object();
      lines += "\n";
    }
    return lines;
  }

  std::vector<Attempt> attempts;
};

/// Has the quiet shop remember a key for the one order that was made without.
void give_all_a_key(const AuditedShop& shop) {
  shop.edit(
      "order",
      "INSERT INTO idempotency (caller, operation, key, fingerprint, reply, at_ms) SELECT 'user:' || user_id, "
      "'order.start_draft', 'dropped', zeroblob(32), json_object('order_id', order_id), 1 FROM orders WHERE order_id NOT IN "
      "(SELECT json_extract(reply, '$.order_id') FROM idempotency)");
}

audit::Report audited_with(const AuditedShop& shop, const std::string& history, audit::Mode mode = audit::Mode::quiet) {
  const std::filesystem::path file = shop.folder() / "history";
  std::ofstream(file, std::ios::binary | std::ios::trunc) << history;
  audit::Options options = shop.options(mode);
  options.history = file;
  return audit::audit(options).value();
}

TEST_CASE("what the clients saw is held against the stores, and nothing of it is left unexamined") {
  const AuditedShop shop = AuditedShop::quiet();
  give_all_a_key(shop);
  History history(shop);
  history.attempts.push_back({"order.place_order", "refused", "failed", ""});
  // A repeat whose answer was lost, and one that was answered with the order of the first.
  history.attempts.push_back({"order.place_order", "confirmed", "unknown", ""});
  history.attempts.push_back({"order.place_order", "confirmed", "ok", history.of("confirmed").order_id});
  const audit::Report report = audited_with(shop, history.text());
  CHECK(violated_in(report).empty());
  CHECK(vacuous_in(report) == "X10 M17 S13");
  CHECK(check_of(report, "A2").count.examined == static_cast<std::int64_t>(history.attempts.size()));
  CHECK(check_of(report, "C1").count.examined == 7);
  CHECK(check_of(report, "C2").count.examined == 6);
  CHECK(check_of(report, "C3").count.examined == 1);
  CHECK(check_of(report, "C4").count.examined == 7);
  CHECK(check_of(report, "C7").count.examined == 6);
  CHECK(check_of(report, "C8").count.examined == 4);
  CHECK(violated_in(audited_with(shop, history.text(), audit::Mode::live)).empty());
}

TEST_CASE("an answer with no history has nothing of what the clients saw") {
  const audit::Report report = AuditedShop::quiet().audited();
  CHECK(report.checks.back().invariant->code == "U3");
}

TEST_CASE("what clients saw and no store knows is found under its code") {
  const AuditedShop shop = AuditedShop::quiet();
  give_all_a_key(shop);
  const auto violated = [&](const std::function<void(History&)>& change) {
    History history(shop);
    change(history);
    return violated_in(audited_with(shop, history.text()));
  };
  using Attempt = History::Attempt;
  CHECK(violated([](History& h) { h.attempts.push_back({"order.place_order", "lost", "ok", "gone"}); }) == "C1 C8");
  CHECK(violated([](History& h) { h.attempts.push_back({"order.place_order", "nameless", "ok", ""}); }) == "A2");
  CHECK(violated([](History& h) { h.attempts.push_back({"order.place_order", "confirmed", "ok", h.of("declined").order_id}); }) ==
        "C2");
  CHECK(violated([](History& h) { h.attempts.push_back({"order.place_order", "twin", "ok", h.of("declined").order_id}); }) ==
        "C2");
  CHECK(violated([](History& h) { h.of("declined") = Attempt{"order.place_order", "declined", "failed", ""}; }) == "C3");
  CHECK(violated([](History& h) { std::swap(h.of("declined").order_id, h.of("confirmed").order_id); }) == "C4");
  CHECK(violated([](History& h) { h.of("declined").key = "never stored"; }) == "C7");
  CHECK(violated([](History& h) { h.of("draft").operation = "order.place_order"; }) == "C7 C8");
}

TEST_CASE("an order under no remembered key was asked for by nobody") {
  const AuditedShop shop = AuditedShop::quiet();
  const audit::Report report = audited_with(shop, History(shop).text());
  CHECK(violated_in(report) == "C7");
  CHECK(check_of(report, "C7").count.violations == 1);
}

TEST_CASE("an order that was acknowledged and is still under way has not ended") {
  const AuditedShop shop = AuditedShop::quiet();
  const std::string history = History(shop).text();
  shop.edit("order", "UPDATE orders SET status = 'placed' WHERE reason = 'payment_declined'");
  CHECK(check_of(audited_with(shop, history), "C8").count.violations == 1);
}

TEST_CASE("two orders under one key are found, whoever asked") {
  const AuditedShop shop = AuditedShop::quiet();
  give_all_a_key(shop);
  const std::string history = History(shop).text();
  shop.edit("order",
            "UPDATE idempotency SET reply = (SELECT json_object('order_id', order_id) FROM orders WHERE status = 'confirmed'), "
            "key = 'declined', operation = 'order.place_order' WHERE key = 'draft'");
  CHECK(violated_in(audited_with(shop, history)) == "I1 C4 C7");
}

TEST_CASE("a history that is not whole is found under A2") {
  const AuditedShop shop = AuditedShop::quiet();
  give_all_a_key(shop);
  const std::string good = History(shop).text();
  const auto is_broken = [&](const std::string& text) {
    return check_of(audited_with(shop, text), "A2").outcome == audit::Outcome::violated;
  };
  CHECK_FALSE(is_broken(good));
  // The last line is still being written.
  CHECK_FALSE(is_broken(good + "{\"attempt\":7,"));
  CHECK(is_broken(good + "{\"attempt\":7,\n"));
  CHECK(is_broken(good + "\n"));
  // The first attempt is missing; the first is there twice.
  CHECK(is_broken(good.substr(good.find('\n') + 1)));
  CHECK(is_broken(good + good.substr(0, good.find('\n') + 1)));
  const auto changed = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    return text.replace(text.find(from), from.size(), to);
  };
  CHECK(is_broken(changed("\"start_ms\":10", "\"start_ms\":99")));
  CHECK(is_broken(changed("\"outcome\":\"ok\"", "\"outcome\":\"fine\"")));
  CHECK(is_broken(changed("\"key\"", "\"kye\"")));
}

TEST_CASE("a history that cannot be opened is no history") {
  const AuditedShop shop = AuditedShop::quiet();
  audit::Options options = shop.options();
  options.history = shop.folder() / "none";
  CHECK(audit::audit(options).error().code == "audit.unreadable");
}

}  // namespace
}  // namespace seamline::test
