#include <chrono>
#include <set>
#include <thread>

#include "support/catch.hpp"
#include "support/child_process.hpp"
#include "support/note_store.hpp"
#include "support/poll.hpp"
#include "support/postgres_server.hpp"

using namespace seamline;
using namespace seamline::test;
using store::Transaction;

namespace {

/// A store in a schema of a server that the test may break.
class Notes {
 public:
  Notes() { reopen(); }

  static store::StoreOptions options_in(const std::filesystem::path& folder, const std::string& url) {
    store::StoreOptions options;
    options.directory = folder;
    options.module = "note";
    options.storage = {store::StorageKind::postgres, url};
    options.server = {1'000, 500, 500, 100, 20'000};
    return options;
  }
  Result<std::unique_ptr<store::Store>> open(const std::string& name) {
    return store::Store::open(options_in(folder.path() / name, server.url()), note_migrations(), clock, "log-1");
  }
  void reopen() {
    store.reset();
    store = open("note").value();
  }
  Result<void> write(const std::string& id, const std::function<void()>& before_commit = [] {}) {
    return store->write({}, [&](Transaction& transaction) -> Result<void> {
      add_note(transaction, id, 1);
      transaction.publish(NoteWritten{{id}, 1});
      (void)count_notes(transaction);
      before_commit();
      return {};
    });
  }
  std::set<std::string> ids() {
    return store->read([](store::View& view) {
      std::set<std::string> all;
      auto row = view.rows().query("SELECT id FROM notes");
      while (row.next()) all.emplace(row.text(0));
      return all;
    });
  }
  /// Writes until one succeeds.
  void write_at_last(const std::string& id) {
    REQUIRE(poll_until([&] { return write(id).has_value(); }));
  }
  std::size_t log_length() {
    return store->read([](store::View& view) { return store::read_log(view, {}, 1'000'000).value().size(); });
  }

  ManualClock clock;
  TemporaryFolder folder;
  PostgresServer server;
  std::unique_ptr<store::Store> store;
};

}  // namespace

TEST_CASE("while the server is away commands fail at once as unavailable, and go on when it is back") {
  Notes notes;
  REQUIRE(notes.write("a").has_value());
  CHECK(notes.ids().size() == 1);
  notes.server.stop();
  const auto refused = notes.write("b");
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == "store.unavailable");
  CHECK(refused.error().retryable);
  CHECK_THROWS_AS(notes.ids(), store::StorageError);
  notes.server.start();
  notes.write_at_last("b");
  CHECK(notes.ids() == std::set<std::string>{"a", "b"});
  CHECK(notes.log_length() == 2);
  CHECK(notes.store->log().head().seq == 2);
}

TEST_CASE("a commit that the server did before it went silent is found, and its caller told that it succeeded") {
  Notes notes;
  std::thread waker;
  const auto written = notes.write("a", [&] {
    notes.server.pause();
    // The client gives up after a second; what it has sent lies in the server's socket until then.
    waker = std::thread([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(2'500));
      notes.server.resume();
    });
  });
  waker.join();
  CHECK(written.has_value());
  CHECK(notes.ids() == std::set<std::string>{"a"});
  CHECK(notes.log_length() == 1);
  CHECK(notes.write("b").has_value());
}

TEST_CASE("a commit that the server never did is found out likewise, and its caller told that nothing was kept") {
  Notes notes;
  std::thread starter;
  int runs = 0;
  const auto written = notes.write("a", [&] {
    if (++runs > 1) return;
    notes.server.kill();
    starter = std::thread([&] { notes.server.start(); });
  });
  starter.join();
  // It was undone for certain, so the writer has run it once more, alone.
  CHECK((written.has_value() || written.error().code == "store.unavailable"));
  notes.write_at_last("b");
  CHECK(notes.ids().contains("a") == written.has_value());
  CHECK(notes.log_length() == notes.ids().size());
}

TEST_CASE("a server killed again and again under load loses and doubles nothing: what succeeded is there, and nothing else") {
  Notes notes;
  notes.store->writer().start_thread();
  std::mutex mutex;
  std::set<std::string> succeeded;
  std::atomic<bool> stop{false};
  std::atomic<std::size_t> count{0};
  {
    std::vector<std::jthread> clients;
    for (int client = 0; client < 8; ++client) {
      clients.emplace_back([&, client] {
        for (int i = 0; !stop; ++i) {
          const std::string id = std::to_string(client) + "-" + std::to_string(i);
          if (!notes.write(id).has_value()) continue;
          const std::lock_guard lock(mutex);
          succeeded.insert(id);
          ++count;
        }
      });
    }
    for (int round = 0; round < 6; ++round) {
      const std::size_t before = count;
      REQUIRE(poll_until([&] { return count > before + 50; }));
      notes.server.kill();
      notes.server.start();
    }
    const std::size_t before = count;
    REQUIRE(poll_until([&] { return count > before + 50; }));
    stop = true;
  }
  CHECK(notes.ids() == succeeded);
  CHECK(notes.log_length() == succeeded.size());
  notes.store->stop();
}

TEST_CASE("a process whose store another one has had meanwhile stops, and writes nothing") {
  const auto ending = run_in_child([] {
    Notes notes;
    if (!notes.write("a").has_value()) ::_exit(3);
    notes.server.kill();
    notes.server.start();
    notes.open("another").value().reset();
    for (int i = 0; i < 100; ++i) (void)notes.write("b" + std::to_string(i));
  });
  CHECK(ending.status == 1);
}
