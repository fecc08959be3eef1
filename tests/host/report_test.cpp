#include "host/report.hpp"

#include "contract/decode.hpp"
#include "host/host.hpp"
#include "support/catch.hpp"
#include "support/manual_clock.hpp"
#include "support/notes.hpp"
#include "support/temporary_folder.hpp"

using namespace seamline;
using namespace seamline::test;
using store::Transaction;

namespace {

/// Publishes each note that it is given; a negative one is refused.
class Publisher final : public Port<NoteContract> {
 public:
  using Contract = NoteContract;
  using Settings = int;

  Publisher(host::Environment& environment, int) : store_(environment.store()) {}
  Result<Note> call(const CallContext& context, const WriteNote& operation) override {
    if (operation.number < 0) return fail(WriteNote::errors[0], "negative");
    return store_.write(context, [&](Transaction& transaction) -> Result<Note> {
      transaction.publish(NoteWritten{operation.note_id, operation.number});
      return Note{operation.note_id, operation.number};
    });
  }
  Result<Note> call(const CallContext&, const CopyNote&) override { return Note{}; }

 private:
  store::Store& store_;
};

struct Ask {
  std::string note_id;

  using Reply = Note;
  static constexpr std::string_view name = "listener.ask";
  static constexpr std::string_view summary = "Asks.";
  static constexpr Route route{Verb::post, "/questions"};
  static constexpr Access access = Access::anyone;
  static constexpr Repeat repeat = Repeat::safe;
  static constexpr auto errors = no_errors;
  static constexpr std::tuple fields{Field{"note_id", &Ask::note_id, "Which."}};
};
struct ListenerContract : Contract<Operations<Ask>, Publishes<>> {
  static constexpr std::string_view module = "listener";
  static constexpr std::string_view topic = "none";
};
class Listener final : public Port<ListenerContract> {
 public:
  using Contract = ListenerContract;
  using Settings = int;
  Listener(host::Environment& environment, int) {
    environment.hear<NoteWritten>([](Transaction&, const NoteWritten&) {});
  }
  Result<Note> call(const CallContext&, const Ask&) override { return Note{}; }
};

struct Reported {
  Reported() : host(options(), clock, random) {
    REQUIRE(host.add(host::spec_of<Publisher>(0)).has_value());
    REQUIRE(host.add(host::spec_of<Listener>(0)).has_value());
    first = &host.port<NoteContract>("gateway");
    second = &host.port<NoteContract>("gateway");
    host.start();
  }
  host::HostOptions options() const {
    host::HostOptions made;
    made.data_dir = folder.path();
    made.threads = false;
    return made;
  }
  void write(int count) {
    for (int i = 0; i < count; ++i) REQUIRE((i % 2 == 0 ? first : second)->call({}, WriteNote{{"n"}, i}).has_value());
  }
  host::Report report(host::ReportFacts facts = {}) { return host::make_report(host, facts); }

  host::EdgeReport note_edge() {
    const std::vector<host::EdgeReport> edges = report().edges;
    REQUIRE(edges.size() == 1);
    return edges[0];
  }

  ManualClock clock;
  SeededRandom random{1};
  TemporaryFolder folder;
  host::Host host;
  Port<NoteContract>* first = nullptr;
  Port<NoteContract>* second = nullptr;
};

}  // namespace

TEST_CASE("an edge of several seams is one, with every call counted once, and its errors") {
  Reported shop;
  shop.write(5);
  CHECK_FALSE(shop.first->call({}, WriteNote{{"n"}, -1}).has_value());
  const host::EdgeReport edge = shop.note_edge();
  CHECK((edge.caller + " " + edge.callee + " " + edge.placement) == "gateway note local");
  CHECK(edge.calls == 6);
  CHECK(edge.errors == 1);
  CHECK(edge.total_us >= edge.p50_us);
  CHECK(edge.p99_us >= edge.p50_us);
  REQUIRE(edge.operations.size() == 1);
  CHECK(edge.operations[0].operation == "note.write");
  CHECK(edge.operations[0].calls == 6);
  CHECK(edge.operations[0].total_us == edge.total_us);
}

TEST_CASE("what was published and not yet heard is a subscriber's lag") {
  Reported shop;
  shop.write(3);
  host::EventReport before = shop.report().events.at(0);
  CHECK((before.publisher + " " + before.subscriber) == "note listener");
  CHECK(before.head == 3);
  CHECK(before.lag == 3);
  REQUIRE(shop.host.run_until_quiet());
  host::EventReport after = shop.report().events.at(0);
  CHECK(after.applied == 3);
  CHECK(after.position == 3);
  CHECK(after.lag == 0);
}

TEST_CASE("a module says what its store did, and why it is not well") {
  Reported shop;
  shop.write(3);
  host::ModuleReport note = shop.report().modules.at(0);
  CHECK((note.module + " " + note.placement + " " + note.health) == "note local pass");
  CHECK(note.calls == 3);
  CHECK(note.log_head == 3);
  CHECK(note.commits == 3);
  CHECK(note.transactions == 3);
  CHECK_FALSE(note.breaker.has_value());
  shop.host.stop();
  note = shop.report().modules.at(0);
  CHECK(note.health == "fail");
  CHECK(note.detail == "closed");
}

TEST_CASE("orders are the calls of the operations that place them, without those that failed") {
  Reported shop;
  shop.write(4);
  CHECK_FALSE(shop.first->call({}, WriteNote{{"n"}, -1}).has_value());
  CHECK(shop.report().orders == 0);
  host::ReportFacts facts;
  facts.placing_operations = {"note.write"};
  CHECK(shop.report(facts).orders == 4);
  CHECK(shop.report(facts).order_p50_us == shop.note_edge().p50_us);
}

TEST_CASE("a report is read as it was written, a remote module included") {
  Reported shop;
  shop.write(2);
  host::ReportFacts facts;
  facts.process = "main";
  facts.version = "1.2.3";
  facts.uptime_ms = 60'000;
  facts.remotes = {{"payment", "http://127.0.0.1:8103", "warn", "does not answer", "open"}};
  facts.urls = {{"note", "http://127.0.0.1:8101"}};
  const auto report = decode<host::Report>(host::render_report(shop.host, facts), Reading::lenient);
  REQUIRE(report.has_value());
  CHECK(report->process == "main");
  CHECK(report->uptime_ms == 60'000);
  REQUIRE(report->modules.size() == 3);
  CHECK(report->modules[0].url == "http://127.0.0.1:8101");
  CHECK_FALSE(report->modules[1].url.has_value());
  const host::ModuleReport& remote = report->modules[2];
  CHECK((remote.module + " " + remote.placement + " " + remote.health) == "payment remote warn");
  CHECK(remote.url == "http://127.0.0.1:8103");
  CHECK(remote.breaker == "open");
  CHECK_FALSE(remote.log_head.has_value());
}
