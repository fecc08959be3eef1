#include <thread>

#include "store/sqlite.hpp"
#include "support/catch.hpp"
#include "support/child_process.hpp"
#include "support/note_store.hpp"

using namespace seamline;
using namespace seamline::test;
using store::Transaction;

namespace {

/// A command that a test steers by hand.
class HandCommand final : public store::Command {
 public:
  std::function<void(Transaction&)> body = [](Transaction&) {};
  std::vector<std::string>* order = nullptr;
  std::string name;
  int runs = 0;
  int rollbacks = 0;
  bool is_committed = false;
  std::optional<Error> error;

  std::size_t run(Transaction& transaction, std::size_t) override {
    ++runs;
    if (order != nullptr) order->push_back(name);
    body(transaction);
    return 1;
  }
  void committed() override { is_committed = true; }
  void rolled_back() override { ++rollbacks; }
  void failed(const Error& why) override { error = why; }
};

Result<void> write_note(NoteStore& notes, const std::string& id, const CallContext& context = {}) {
  return notes->write(context, [&](Transaction& transaction) -> Result<void> {
    add_note(transaction, id, 1);
    return {};
  });
}

}  // namespace

TEST_CASE("a write is answered after its commit: another connection sees it") {
  NoteStore notes;
  notes->writer().start_thread();
  const auto database = store::make_database(notes.options).value();
  const auto other = database->open_reader();
  for (int i = 1; i <= 50; ++i) {
    REQUIRE(write_note(notes, "n" + std::to_string(i)).has_value());
    auto row = other->query("SELECT count(*) FROM notes");
    REQUIRE(row.next());
    CHECK(row.integer(0) == i);
  }
}

TEST_CASE("each of many threads' writes runs once, and commits are shared") {
  NoteStore notes;
  std::atomic<int> commits{0};
  notes->writer().listen([&](const auto&) { ++commits; });
  notes->writer().start_thread();
  constexpr int threads = 8;
  constexpr int each = 100;
  std::atomic<int> failures{0};
  {
    std::vector<std::jthread> clients;
    for (int t = 0; t < threads; ++t) {
      clients.emplace_back([&, t] {
        for (int i = 0; i < each; ++i) {
          const auto done = notes->write({}, [&](Transaction& transaction) -> Result<void> {
            add_note(transaction, std::to_string(t) + "-" + std::to_string(i), i);
            transaction.publish(NoteWritten{{"n"}, i});
            return {};
          });
          if (!done) ++failures;
        }
      });
    }
  }
  CHECK(failures == 0);
  CHECK(notes.notes() == threads * each);
  CHECK(notes->log().head().seq == threads * each);
  CHECK(commits < threads * each);
}

TEST_CASE("a batch takes events before commands, and no more commands than its cap") {
  NoteStore notes({.max_queued = 10, .batch_cap = 3});
  std::vector<std::string> order;
  std::array<HandCommand, 5> commands;
  for (std::size_t i = 0; i < commands.size(); ++i) {
    commands[i].name = "c" + std::to_string(i);
    commands[i].order = &order;
    if (i < 4) notes->writer().post(commands[i]);
  }
  notes->writer().post_event(commands[4]);
  CHECK(notes->writer().step());
  CHECK(order == std::vector<std::string>{"c4", "c0", "c1"});
  CHECK(commands[1].is_committed);
  CHECK_FALSE(commands[2].is_committed);
  CHECK(notes->writer().step());
  CHECK(commands[3].is_committed);
  CHECK_FALSE(notes->writer().step());
}

TEST_CASE("a command beyond the queue's limit is refused, not run and worth repeating, an event never is") {
  NoteStore notes({.max_queued = 2, .batch_cap = 64});
  std::array<HandCommand, 3> commands;
  for (auto& command : commands) notes->writer().post(command);
  REQUIRE(commands[2].error);
  CHECK(commands[2].error->code == "store.overloaded");
  CHECK(commands[2].error->kind == Kind::unavailable);
  CHECK(commands[2].error->retryable);
  CHECK_FALSE(commands[2].error->may_have_run);
  CHECK(commands[2].runs == 0);
  HandCommand event;
  notes->writer().post_event(event);
  while (notes->writer().step()) {
  }
  CHECK(event.is_committed);
  CHECK(commands[1].is_committed);
}

TEST_CASE("a command whose deadline passed in the queue is dropped unrun") {
  NoteStore notes;
  HandCommand late;
  late.deadline = notes.clock.monotonic().plus_ms(100);
  notes->writer().post(late);
  notes.clock.advance_ms(100);
  notes->writer().step();
  REQUIRE(late.error);
  CHECK(late.error->kind == Kind::deadline_exceeded);
  CHECK(late.runs == 0);
}

TEST_CASE("a command that throws after a write fails alone, the rest of its batch runs again with the same time and sequence") {
  NoteStore notes;
  std::vector<store::EntryBatch> handed_over;
  notes->writer().listen([&](const auto& entries) { handed_over.push_back(*entries); });
  std::array<HandCommand, 3> commands;
  std::vector<Timestamp> times;
  int actions = 0;
  for (std::size_t i = 0; i < commands.size(); ++i) {
    commands[i].body = [&, i](Transaction& transaction) {
      times.push_back(transaction.now());
      add_note(transaction, "n" + std::to_string(i), 1);
      transaction.publish(NoteWritten{{"n" + std::to_string(i)}, 1});
      transaction.after_commit([&] { ++actions; });
      if (i == 1) throw std::runtime_error("poisoned");
    };
    notes->writer().post(commands[i]);
    notes.clock.advance_ms(10);
  }
  notes->writer().step();

  CHECK(commands[0].is_committed);
  CHECK(commands[2].is_committed);
  REQUIRE(commands[1].error);
  CHECK(commands[1].error->kind == Kind::internal);
  CHECK(commands[1].error->detail == "poisoned");
  CHECK(commands[0].runs == 2);
  CHECK(commands[1].rollbacks == 2);
  CHECK(actions == 2);
  // Twice the first, twice the second, and the third only in the second round.
  REQUIRE(times.size() == 5);
  CHECK(times[0] == times[2]);
  CHECK(times[1] == times[3]);
  CHECK(notes.notes() == 2);
  const auto log = notes.whole_log();
  REQUIRE(log.size() == 2);
  CHECK(log[0].subject == "n0");
  CHECK(log[1].subject == "n2");
  CHECK(log[1].seq == 2);
  CHECK(log[1].hash == store::chain_hash(log[0].hash, log[1]));
  REQUIRE(handed_over.size() == 2);
  CHECK(handed_over[1].front().seq == 2);
  CHECK(notes->log().head().hash == log[1].hash);
}

TEST_CASE("a store that somebody else holds refuses the batch as unavailable, not run, and goes on afterwards", "[sqlite]") {
  NoteStore notes;
  store::SqliteConnection intruder(notes.options.directory / "0.db", store::SqliteConnection::Mode::writer, 1000);
  intruder.execute("BEGIN IMMEDIATE");
  std::array<HandCommand, 3> commands;
  for (auto& command : commands) notes->writer().post(command);
  notes->writer().step();
  for (const auto& command : commands) {
    REQUIRE(command.error);
    CHECK(command.error->code == "store.unavailable");
    CHECK(command.error->retryable);
    CHECK(command.runs == 0);
  }
  intruder.execute("ROLLBACK");
  CHECK(write_note(notes, "n1").has_value());
}

TEST_CASE("an expected failure that has written breaks an assumption and ends the process") {
  const auto ending = run_in_child([] {
    NoteStore notes;
    (void)notes->write({}, [](Transaction& transaction) -> Result<void> {
      add_note(transaction, "n1", 1);
      return fail(ErrorCode{"note.refused", Kind::conflict}, "after a write");
    });
  });
  CHECK(ending.aborted);
}

TEST_CASE("a write inside a transaction breaks an assumption and ends the process") {
  const auto ending = run_in_child([] {
    NoteStore notes;
    (void)notes->write({}, [&](Transaction&) -> Result<void> { return write_note(notes, "n1"); });
  });
  CHECK(ending.aborted);
}

TEST_CASE("an expected failure that wrote nothing is the caller's answer, and spoils nobody's batch") {
  NoteStore notes;
  const auto refused = notes->write(
      {}, [](Transaction&) -> Result<int> { return fail(ErrorCode{"note.refused", Kind::conflict}, "before any write"); });
  CHECK(refused.error().code == "note.refused");
  CHECK(write_note(notes, "n1").has_value());
}

TEST_CASE("what is queued when a writer stops is answered, and what comes later is refused") {
  NoteStore notes;
  HandCommand queued;
  HandCommand event;
  notes->writer().post(queued);
  notes->stop();
  CHECK(queued.is_committed);
  HandCommand late;
  notes->writer().post(late);
  REQUIRE(late.error);
  CHECK(late.error->code == "store.stopping");
  CHECK(late.error->retryable);
  notes->writer().post_event(event);
  CHECK(event.error->code == "store.stopping");
  notes->stop();
}

TEST_CASE("a queued event that no step has taken is given back when the writer stops") {
  NoteStore notes;
  HandCommand event;
  notes->writer().post_event(event);
  notes->stop();
  CHECK(event.runs == 0);
  CHECK(event.error->code == "store.stopping");
}

TEST_CASE("a writer that stops while clients write answers every one of them, and keeps exactly the successes") {
  NoteStore notes;
  notes->writer().start_thread();
  std::atomic<std::int64_t> successes{0};
  std::atomic<int> running{4};
  std::vector<std::jthread> clients;
  for (int t = 0; t < 4; ++t) {
    clients.emplace_back([&, t] {
      for (int i = 0;; ++i) {
        const auto done = write_note(notes, std::to_string(t) + "-" + std::to_string(i));
        if (!done) break;
        ++successes;
      }
      --running;
    });
  }
  while (successes < 100) std::this_thread::yield();
  notes->stop();
  clients.clear();
  CHECK(running == 0);
  CHECK(notes.notes() == successes);
}
