#include "host/host.hpp"

#include <fstream>
#include <thread>

#include "host/metrics.hpp"
#include "observe/exposition.hpp"
#include "support/catch.hpp"
#include "support/poll.hpp"
#include "support/manual_clock.hpp"
#include "support/notes.hpp"
#include "support/temporary_folder.hpp"
#include "support/test_storage.hpp"

using namespace seamline;
using namespace seamline::test;
using store::Transaction;

namespace {

/// What the test modules are asked to do, and what they have seen; outlives the host.
struct Probe {
  std::function<void()> during_write;
  std::atomic<int> worker_steps{0};
  bool register_worker = true;
};

/// Writes notes and publishes each.
class NoteModule final : public Port<NoteContract> {
 public:
  using Contract = NoteContract;
  using Settings = Probe*;

  NoteModule(host::Environment& environment, Probe* probe) : store_(environment.store()), probe_(*probe) {
    (void)store_.write({}, [](Transaction& transaction) -> Result<void> {
      transaction.rows().run_script(
          "CREATE TABLE IF NOT EXISTS notes (id TEXT NOT NULL PRIMARY KEY, number INTEGER NOT NULL) STRICT");
      return {};
    });
  }
  Result<Note> call(const CallContext& context, const WriteNote& operation) override {
    if (probe_.during_write) probe_.during_write();
    auto once = store_.once(context, operation);
    if (!once) return fail(once.error());
    if (once->answer()) return *once->answer();
    return once->write([&](Transaction& transaction) -> Result<Note> {
      transaction.rows().execute("INSERT INTO notes (id, number) VALUES ($1, $2)", operation.note_id, operation.number);
      transaction.publish(NoteWritten{operation.note_id, operation.number});
      return Note{operation.note_id, operation.number};
    });
  }
  Result<Note> call(const CallContext&, const CopyNote&) override { return Note{}; }

 private:
  store::Store& store_;
  Probe& probe_;
};

struct CopyAll {
  std::string note_id;

  using Reply = Note;
  static constexpr std::string_view name = "ear.copy";
  static constexpr std::string_view summary = "Writes a note through the other module.";
  static constexpr Route route{Verb::post, "/all-copies"};
  static constexpr Access access = Access::anyone;
  static constexpr Repeat repeat = Repeat::safe;
  static constexpr auto errors = no_errors;
  static constexpr std::tuple fields{Field{"note_id", &CopyAll::note_id, "Which."}};
};
struct EarContract : Contract<Operations<CopyAll>, Publishes<>> {
  static constexpr std::string_view module = "ear";
  static constexpr std::string_view topic = "ears";
};

/// Hears what is written, calls the other module, and has a timer and a worker.
class EarModule final : public Port<EarContract> {
 public:
  using Contract = EarContract;
  using Settings = Probe*;

  EarModule(host::Environment& environment, Probe* probe)
      : notes_(environment.port<NoteContract>()), probe_(*probe), worker_(*probe) {
    (void)environment.store().write({}, [](Transaction& transaction) -> Result<void> {
      transaction.rows().run_script(
          "CREATE TABLE IF NOT EXISTS heard (id TEXT NOT NULL PRIMARY KEY, number INTEGER NOT NULL) STRICT");
      return {};
    });
    environment.hear<NoteWritten>([this](Transaction& transaction, const NoteWritten& event) {
      transaction.rows().execute("INSERT INTO heard (id, number) VALUES ($1, $2)", event.note_id, event.number);
      transaction.set_timer("echo", event.note_id.text, {transaction.now().ms + 1'000});
      waker_.wake();
    });
    environment.on_timer("echo", [](Transaction& transaction, const std::string& id) {
      transaction.rows().execute("UPDATE heard SET number = -number WHERE id = $1", id);
    });
    if (probe->register_worker) waker_ = environment.add_worker("worker", worker_, 1'000);
  }
  Result<Note> call(const CallContext& context, const CopyAll& operation) override {
    if (probe_.during_write) probe_.during_write();
    return notes_.call(context, WriteNote{{operation.note_id}, 1});
  }

 private:
  struct Worker final : Loop {
    explicit Worker(Probe& its_probe) : probe(its_probe) {}
    bool step() override {
      ++probe.worker_steps;
      return false;
    }
    Probe& probe;
  };
  Port<NoteContract>& notes_;
  Probe& probe_;
  Worker worker_;
  host::WorkerWaker waker_;
};

/// The two modules in one host, that can be stopped and started again.
class TwoModules {
 public:
  explicit TwoModules(bool threads) {
    options.data_dir = folder.path();
    options.storage = storage_for_all(options.data_dir, {"note", "ear"});
    options.threads = threads;
    options.timers.grace_ms = 0;
    options.timers.stall_ms = INT64_MAX / 2'000'000;
    options.drain_ms = 10'000;
  }
  void start() {
    host = std::make_unique<host::Host>(options, clock, random);
    REQUIRE(host->add(host::spec_of<NoteModule>(&probe)).has_value());
    REQUIRE(host->add(host::spec_of<EarModule>(&probe)).has_value());
    notes = &host->port<NoteContract>("test");
    ears = &host->port<EarContract>("test");
    host->start();
  }
  void restart() {
    host.reset();
    start();
  }
  Result<Note> write(const std::string& id, const std::string& key = "") {
    CallContext context;
    context.idempotency_key = key;
    return notes->call(context, WriteNote{{id}, 1});
  }
  std::int64_t count(const std::string& module, store::Sql sql) {
    return host->store_of(module).read([&](store::View& view) {
      auto row = view.rows().query(sql);
      row.next();
      return row.integer(0);
    });
  }
  std::int64_t written() { return count("note", "SELECT count(*) FROM notes"); }
  std::int64_t heard() { return count("ear", "SELECT count(*) FROM heard"); }
  std::int64_t echoed() { return count("ear", "SELECT count(*) FROM heard WHERE number < 0"); }

  Probe probe;
  ManualClock clock;
  SeededRandom random{1};
  TemporaryFolder folder;
  host::HostOptions options;
  std::unique_ptr<host::Host> host;
  Port<NoteContract>* notes = nullptr;
  Port<EarContract>* ears = nullptr;
};

}  // namespace

TEST_CASE("a host without threads runs until all is quiet: events, timers and what follows from them") {
  TwoModules two(false);
  two.start();
  REQUIRE(two.write("a").has_value());
  CHECK(two.heard() == 0);
  CHECK(two.host->run_until_quiet());
  CHECK(two.heard() == 1);
  CHECK(two.echoed() == 0);
  two.clock.advance_ms(1'000);
  CHECK(two.host->run_until_quiet());
  CHECK(two.echoed() == 1);
  CHECK(two.probe.worker_steps > 0);
}

TEST_CASE("a host that does not come to rest says so") {
  TwoModules two(false);
  two.start();
  REQUIRE(two.write("a").has_value());
  CHECK_FALSE(two.host->run_until_quiet(1));
  CHECK(two.host->run_until_quiet());
}

TEST_CASE("what was written before a restart is heard after it, once") {
  TwoModules two(false);
  two.start();
  REQUIRE(two.write("a").has_value());
  two.restart();
  REQUIRE(two.host->run_until_quiet());
  CHECK(two.heard() == 1);
  two.restart();
  REQUIRE(two.host->run_until_quiet());
  CHECK(two.heard() == 1);
  CHECK(two.host->consumer_of("ear", "note").applied().seq == 1);
}

TEST_CASE("with threads, what is written is heard, and its timer fires") {
  TwoModules two(true);
  two.options.timer_poll_ms = 5;
  two.start();
  for (int i = 0; i < 50; ++i) REQUIRE(two.write(std::to_string(i)).has_value());
  CHECK(test::poll_until([&] { return two.heard() == 50; }));
  two.clock.advance_ms(1'000);
  CHECK(test::poll_until([&] { return two.echoed() == 50; }));
  two.host->stop();
  two.host->stop();
}

TEST_CASE("a host that stops while clients call answers each of them: done and kept, or draining and not run") {
  TwoModules two(true);
  two.start();
  std::atomic<std::int64_t> done{0};
  std::mutex mutex;
  std::vector<Error> errors;
  std::vector<std::jthread> clients;
  for (int t = 0; t < 4; ++t) {
    clients.emplace_back([&, t] {
      for (int i = 0;; ++i) {
        const std::string id = std::to_string(t) + "-" + std::to_string(i);
        const auto reply = t % 2 == 0 ? two.write(id) : two.ears->call(CallContext{}, CopyAll{id});
        if (reply) {
          ++done;
          continue;
        }
        const std::lock_guard lock(mutex);
        errors.push_back(reply.error());
        return;
      }
    });
  }
  REQUIRE(test::poll_until([&] { return done >= 200; }));
  two.host->stop();
  clients.clear();
  REQUIRE(errors.size() == 4);
  for (const Error& error : errors) {
    CHECK(error.code == "module.draining");
    CHECK(error.retryable);
    CHECK_FALSE(error.may_have_run);
  }
  CHECK(two.written() == done);
  two.restart();
  CHECK(test::poll_until([&] { return two.heard() == done; }));
}

TEST_CASE("a call that is under way when its host stops can still call the module that it needs") {
  TwoModules two(true);
  std::atomic<bool> is_inside{false};
  std::atomic<bool> go_on{false};
  two.probe.during_write = [&] {
    is_inside = true;
    while (!go_on) std::this_thread::yield();
  };
  two.start();
  Result<Note> reply = fail(ErrorCode{"none", Kind::internal}, "");
  std::thread caller([&] { reply = two.ears->call(CallContext{}, CopyAll{"a"}); });
  while (!is_inside) std::this_thread::yield();
  std::thread stopper([&] { two.host->stop(); });
  REQUIRE(test::poll_until([&] { return !two.host->status()[1].is_open; }));
  go_on = true;
  caller.join();
  stopper.join();
  CHECK(reply.has_value());
  CHECK(two.written() == 1);
}

TEST_CASE("behind a closed gate a module is still: it answers, hears, fires and works nothing, open, it goes on at once") {
  TwoModules two(true);
  two.options.timer_poll_ms = 60'000;
  two.options.puller.poll_ms = 60'000;
  two.start();
  REQUIRE(two.write("a").has_value());
  REQUIRE(test::poll_until([&] { return two.heard() == 1; }));
  seam::Gate& gate = two.host->gate_of("ear");
  gate.close(std::move(fail(seam::fenced, "moving").value()));
  REQUIRE(gate.wait_empty(10'000));
  const int worker_steps = two.probe.worker_steps;
  two.clock.advance_ms(1'000);
  for (int i = 0; i < 20; ++i) REQUIRE(two.write(std::to_string(i)).has_value());
  CHECK(two.ears->call(CallContext{}, CopyAll{"b"}).error().code == "module.fenced");
  CHECK_FALSE(two.host->status()[1].is_open);
  CHECK(two.heard() == 1);
  CHECK(two.echoed() == 0);
  CHECK(two.probe.worker_steps == worker_steps);
  // Nothing polls within this test: it is the opening that wakes them all.
  gate.open();
  CHECK(test::poll_until([&] { return two.heard() == 21 && two.echoed() == 1; }));
  CHECK(test::poll_until([&] { return two.probe.worker_steps > worker_steps; }));
}

TEST_CASE("a module whose store is in use is refused, and so is one whose store is broken", "[sqlite]") {
  TwoModules two(false);
  two.start();
  host::Host second(two.options, two.clock, two.random);
  const auto refused = second.add(host::spec_of<NoteModule>(&two.probe));
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == "store.locked");
  two.host.reset();
  std::ofstream(two.folder.path() / "note" / "0.db", std::ios::trunc) << "no database at all, but a text of some length";
  CHECK(second.add(host::spec_of<NoteModule>(&two.probe)).error().code == "store.unusable");
}

TEST_CASE("a module alone on its host runs: calls to one that is nowhere are refused, and it hears nobody") {
  TwoModules two(false);
  two.host = std::make_unique<host::Host>(two.options, two.clock, two.random);
  REQUIRE(two.host->add(host::spec_of<EarModule>(&two.probe)).has_value());
  auto& ears = two.host->port<EarContract>("test");
  auto& notes = two.host->port<NoteContract>("test");
  two.host->start();
  CHECK(two.host->run_until_quiet());
  CHECK(two.host->consumers().empty());
  CHECK(notes.call(CallContext{}, WriteNote{{"a"}, 1}).error().code == "module.not_placed");
  const auto reply = ears.call(CallContext{}, CopyAll{"a"});
  CHECK(reply.error().code == "module.not_placed");
  CHECK(reply.error().kind == Kind::unavailable);
  REQUIRE(two.host->status().size() == 1);
  CHECK(two.host->status()[0].is_open);
  CHECK(two.host->status()[0].diverged_from.empty());
}

TEST_CASE("remembered answers are forgotten when they have aged out, and not before") {
  TwoModules two(false);
  two.options.idempotency_keep_ms = 3'600'000;
  two.start();
  REQUIRE(two.write("a", "key").has_value());
  const auto remembered = [&] { return two.count("note", "SELECT count(*) FROM idempotency"); };
  two.clock.advance_ms(3'600'000);
  REQUIRE(two.host->run_until_quiet());
  CHECK(remembered() == 1);
  two.clock.advance_ms(60'000);
  REQUIRE(two.host->run_until_quiet());
  CHECK(remembered() == 0);
}

TEST_CASE("status and edges show every module, who calls whom, and whom a module has stopped to hear") {
  TwoModules two(false);
  two.start();
  REQUIRE(two.write("a").has_value());
  REQUIRE(two.host->run_until_quiet());
  CHECK(two.host->routes().size() == 3);
  CHECK(two.host->routes_to("ear", "service").size() == 1);
  std::set<std::string> edges;
  for (const host::Edge* edge : two.host->edges()) edges.insert(std::string(edge->caller()) + ">" + std::string(edge->callee()));
  CHECK(edges == std::set<std::string>{"test>note", "test>ear", "gateway>note", "gateway>ear", "service>ear", "ear>note"});

  two.host.reset();
  store::DatabaseOptions note;
  note.module = "note";
  note.directory = two.folder.path() / note.module;
  note.storage = storage_for(note.directory);
  edit_store(note, "UPDATE ownership SET log_id = 'restored'");
  two.start();
  REQUIRE(two.host->run_until_quiet());
  CHECK(two.host->status()[1].diverged_from == std::vector<std::string>{"note"});
}

TEST_CASE("metrics tell what each edge carried and each subscriber applied, family by family") {
  TwoModules two(false);
  two.start();
  REQUIRE(two.write("a").has_value());
  CHECK(!two.write("a").has_value());
  const auto has_line = [&](const std::string& line) {
    observe::Exposition out;
    host::write_metrics(out, *two.host, "1.2.3");
    return ("\n" + out.take()).find("\n" + line + "\n") != std::string::npos;
  };
  CHECK(has_line("seamline_build_info{version=\"1.2.3\"} 1"));
  CHECK(has_line("seamline_seam_calls_total{from=\"test\",to=\"note\",operation=\"note.write\"} 2"));
  CHECK(has_line("seamline_seam_errors_total{from=\"test\",to=\"note\",operation=\"note.write\"} 1"));
  CHECK(has_line("seamline_events_lag{subscriber=\"ear\",publisher=\"note\"} 1"));
  REQUIRE(two.host->run_until_quiet());
  CHECK(has_line("seamline_events_lag{subscriber=\"ear\",publisher=\"note\"} 0"));
  CHECK(has_line("seamline_events_applied_total{subscriber=\"ear\",publisher=\"note\"} 1"));
  CHECK(has_line("# TYPE seamline_events_applied_total counter"));
}
