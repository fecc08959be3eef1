#include "support/catch.hpp"
#include "support/child_process.hpp"
#include "support/note_store.hpp"

using namespace seamline;
using namespace seamline::test;
using store::EntryBatch;
using store::LogPosition;
using store::Transaction;

namespace {

/// The place of the first entry whose hash does not follow from the one before; 0 where all is well.
std::int64_t first_break(const EntryBatch& entries) {
  Sha256 before{};
  std::int64_t seq = 0;
  for (const auto& entry : entries) {
    ++seq;
    if (entry.seq != seq || entry.hash != store::chain_hash(before, entry)) return seq;
    before = entry.hash;
  }
  return 0;
}

void edit(NoteStore& notes, const std::string& sql) { edit_store(notes.options, sql); }

Result<EntryBatch> read_after(NoteStore& notes, const LogPosition& after) {
  return notes->read([&](store::View& view) { return store::read_log(view, after, 100); });
}

}  // namespace

TEST_CASE("the log is gap-free from 1, and its chain of hashes holds across batches and restarts") {
  NoteStore notes;
  notes.publish({"a", "b", "c"});
  notes.reopen();
  notes.publish({"d"});
  const auto log = notes.whole_log();
  REQUIRE(log.size() == 4);
  CHECK(first_break(log) == 0);
  CHECK(log[3].subject == "d");
  CHECK(log[0].type == "seamline.note.NoteWritten.v1");
  CHECK(log[0].payload == R"({"type":"NoteWritten","note_id":"a","number":1})");
  CHECK(log[0].epoch == 1);
  CHECK(notes->log().head() == LogPosition{"log-1", 1, 4, log[3].hash});
}

TEST_CASE("an edit and a hole in the log show in its chain") {
  NoteStore notes;
  notes.publish({"a", "b", "c", "d"});
  SECTION("the payload") {
    edit(notes, "UPDATE event_log SET payload = replace(payload, '1', '2') WHERE seq = 2");
    CHECK(first_break(notes.whole_log()) == 2);
  }
  SECTION("the time") {
    edit(notes, "UPDATE event_log SET at_ms = at_ms + 1 WHERE seq = 3");
    CHECK(first_break(notes.whole_log()) == 3);
  }
  SECTION("a byte moved from one column to the next") {
    edit(notes,
         "UPDATE event_log SET subject = subject || substr(trace || payload, 1, 1), payload = substr(payload, 2) WHERE seq = 2");
    CHECK(first_break(notes.whole_log()) == 2);
  }
  SECTION("a hole") {
    edit(notes, "DELETE FROM event_log WHERE seq = 2");
    CHECK(first_break(notes.whole_log()) == 2);
  }
}

TEST_CASE("a command that fails takes back its sequence numbers, its chain head and its hand-over") {
  NoteStore notes;
  int handed_over = 0;
  notes->writer().listen([&](const auto& entries) { handed_over += static_cast<int>(entries->size()); });
  notes.publish({"a"});
  const auto head = notes->log().head();
  const auto failed = notes->write({}, [](Transaction& transaction) -> Result<void> {
    transaction.publish(NoteWritten{{"b"}, 1});
    throw std::runtime_error("after publishing");
  });
  CHECK_FALSE(failed.has_value());
  CHECK(notes->log().head() == head);
  CHECK(handed_over == 1);
  notes.publish({"c"});
  CHECK(first_break(notes.whole_log()) == 0);
  CHECK(notes.whole_log().back().seq == 2);
  CHECK(handed_over == 2);
}

TEST_CASE("an event carries the trace of the call that caused it") {
  NoteStore notes;
  CallContext context;
  context.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  (void)notes->write(context, [](Transaction& transaction) -> Result<void> {
    transaction.publish(NoteWritten{{"a"}, 1});
    return {};
  });
  CHECK(notes.whole_log()[0].trace == context.traceparent);
}

TEST_CASE("a log is read from any of its places, and refuses a cursor that is none") {
  NoteStore notes;
  notes.publish({"a", "b", "c"});
  const auto log = notes.whole_log();
  const LogPosition at_2{"log-1", 1, 2, log[1].hash};
  CHECK(read_after(notes, at_2).value().size() == 1);
  CHECK(read_after(notes, notes->log().head()).value().empty());
  CHECK(read_after(notes, {"log-1", 1, 0, {}}).value().size() == 3);

  LogPosition wrong = at_2;
  wrong.log_id = "another";
  CHECK(read_after(notes, wrong).error().code == "events.diverged");
  wrong = at_2;
  wrong.seq = 4;
  CHECK(read_after(notes, wrong).error().code == "events.diverged");
  wrong = at_2;
  wrong.hash[0] ^= 1U;
  CHECK(read_after(notes, wrong).error().code == "events.diverged");
  CHECK(read_after(notes, {"another", 1, 0, {}}).error().code == "events.diverged");
}

TEST_CASE("a store whose epoch another process has raised is not written to any more: the process stops") {
  const auto ending = run_in_child([] {
    NoteStore notes;
    notes.publish({"a"});
    edit(notes, "UPDATE ownership SET epoch = 2");
    notes.publish({"b"});
  });
  CHECK_FALSE(ending.aborted);
  CHECK(ending.status == 1);
}

TEST_CASE("a store that is opened at a later epoch publishes under it") {
  NoteStore notes;
  notes.publish({"a"});
  notes.store.reset();
  edit(notes, "UPDATE ownership SET epoch = 2");
  notes.reopen();
  notes.publish({"b"});
  const auto log = notes.whole_log();
  CHECK(log[1].epoch == 2);
  CHECK(first_break(log) == 0);
}
