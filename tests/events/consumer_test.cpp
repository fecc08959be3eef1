#include <thread>

#include "ear.hpp"
#include "support/catch.hpp"
#include "support/poll.hpp"

using namespace seamline;
using namespace seamline::test;
using store::StorageError;
using store::Transaction;
using DeadLetters = std::vector<std::pair<std::int64_t, std::string>>;

TEST_CASE(
    "whatever carriers lose, repeat and reorder, and however often it restarts, the effects are the log, once and in order") {
  rc::prop("effects equal the log", [](const std::vector<std::pair<std::uint8_t, std::uint16_t>>& steps, bool small_queue) {
    NoteStore publisher;
    Ear ear(publisher, {.queue_entries = small_queue ? std::size_t{4} : std::size_t{64}, .wake_puller = {}},
            {.max_queued = 16, .batch_cap = 5});
    ear.puller_options.read_entries = 3;
    ear.restart();
    std::int64_t published = 0;
    int failures_to_come = 0;
    ear.after_effect = [&](Transaction&, const NoteWritten&) {
      if (failures_to_come > 0 && failures_to_come-- > 0) throw StorageError("passes", StorageError::Severity::passing);
    };
    const auto publish = [&](std::int64_t count) {
      publish_numbers(publisher, published + 1, published + count);
      published += count;
      // Now and then there is something that nobody hears.
      if (count % 2 == 0) {
        (void)publisher->write({}, [](Transaction& transaction) -> Result<void> {
          transaction.publish(NoteSeen{{"x"}});
          return {};
        });
      }
    };
    publish(3);
    for (const auto& [kind, value] : steps) {
      const auto log = publisher.whole_log();
      const auto size = static_cast<std::int64_t>(log.size());
      const std::int64_t from = 1 + value % size;
      const std::int64_t to = std::min(size, from + value / 251 % 5);
      switch (kind % 9) {
        case 0: publish(1 + value % 4); break;
        case 1:
        case 2: ear.offer(log, from, to); break;
        case 3: ear.offer(log, std::max<std::int64_t>(1, size - 2), size); break;
        case 4: {  // a batch with a hole in it
          store::EntryBatch holey{log[static_cast<std::size_t>(from - 1)], log[static_cast<std::size_t>(to - 1)]};
          ear.consumer->offer(std::make_shared<const store::EntryBatch>(std::move(holey)));
          break;
        }
        case 5: ear.puller->step(); break;
        case 6: ear.store->writer().step(); break;
        case 7: ear.restart(); break;
        default: failures_to_come = value % 3; publisher.clock.advance_ms(400);
      }
    }
    failures_to_come = 0;
    for (int i = 0; i < 4; ++i) {
      ear.settle();
      publisher.clock.advance_ms(1000);
    }
    RC_ASSERT(ear.numbers() == count_up(1, published));
    RC_ASSERT(ear.consumer->applied().seq == publisher->log().head().seq);
    RC_ASSERT(ear.dead_letters().empty());
    ear.restart();
    ear.settle();
    RC_ASSERT(ear.numbers() == count_up(1, published));
  });
}

TEST_CASE("a consumer starts from its cursor, reads what it missed, and then takes what is handed over without reading the log") {
  NoteStore publisher;
  publish_numbers(publisher, 1, 5);
  Ear ear(publisher);
  ear.settle();
  CHECK(ear.numbers() == count_up(1, 5));
  const auto reads = ear.consumer->counts().log_reads;
  publish_numbers(publisher, 6, 8);
  ear.offer(publisher.whole_log(), 6, 8);
  ear.settle();
  CHECK(ear.numbers() == count_up(1, 8));
  CHECK(ear.consumer->counts().log_reads == reads);
  // Copies are ignored, and are no gap.
  ear.offer(publisher.whole_log(), 7, 8);
  ear.offer(publisher.whole_log(), 8, 8);
  ear.settle();
  CHECK(ear.numbers() == count_up(1, 8));
  CHECK(ear.consumer->counts().skipped_duplicates == 3);
  CHECK(ear.consumer->counts().log_reads == reads);
  ear.restart();
  CHECK(ear.consumer->applied().seq == 8);
  CHECK(ear.consumer->applied().hash == publisher->log().head().hash);
}

TEST_CASE("many entries are applied in one transaction, with one move of the cursor") {
  NoteStore publisher;
  publish_numbers(publisher, 1, 60);
  Ear ear(publisher);
  ear.puller->step();
  CHECK(ear.store->writer().step());
  CHECK(ear.numbers() == count_up(1, 60));
  CHECK(ear.consumer->applied().seq == 60);
}

TEST_CASE("a gap is read from the log at once") {
  NoteStore publisher;
  bool woken = false;
  Ear ear(publisher, {.queue_entries = 64, .wake_puller = [&] { woken = true; }});
  ear.settle();
  publish_numbers(publisher, 1, 4);
  ear.offer(publisher.whole_log(), 3, 4);
  ear.store->writer().step();
  CHECK(woken);
  CHECK(ear.numbers().empty());
  ear.settle();
  CHECK(ear.numbers() == count_up(1, 4));
}

TEST_CASE("what does not fit into a full queue is dropped, counted, and read from the log as soon as there is room") {
  NoteStore publisher;
  int wakes = 0;
  Ear ear(publisher, {.queue_entries = 4, .wake_puller = [&] { ++wakes; }});
  ear.settle();
  publish_numbers(publisher, 1, 20);
  const auto log = publisher.whole_log();
  for (std::int64_t i = 1; i <= 20; ++i) ear.offer(log, i, i);
  CHECK(ear.consumer->counts().dropped_when_full == 1);
  CHECK(wakes == 0);
  CHECK_FALSE(ear.puller->step());
  // The writer makes room, and that wakes the puller: nobody waits for the next poll.
  ear.store->writer().step();
  CHECK(wakes == 1);
  ear.settle();
  CHECK(ear.numbers() == count_up(1, 20));
}

TEST_CASE("entries that nobody hears do not fill the queue up for good") {
  NoteStore publisher;
  Ear ear(publisher, {.queue_entries = 8, .wake_puller = {}});
  ear.settle();
  for (int i = 1; i <= 30; ++i) {
    (void)publisher->write({}, [](Transaction& transaction) -> Result<void> {
      transaction.publish(NoteSeen{{"x"}});
      return {};
    });
    ear.offer(publisher.whole_log(), i, i);
    ear.store->writer().step();
  }
  CHECK(ear.consumer->counts().dropped_when_full == 0);
}

TEST_CASE("a lost tail is found after a second without movement, and read in the same step") {
  NoteStore publisher;
  Ear ear(publisher);
  ear.settle();
  publish_numbers(publisher, 1, 2);
  publisher.clock.advance_ms(1000);
  CHECK_FALSE(ear.puller->step());
  publisher.clock.advance_ms(1000);
  CHECK(ear.puller->step());
  ear.settle();
  CHECK(ear.numbers() == count_up(1, 2));
}

TEST_CASE("a head that moves just before its hand-over sends nobody to the log") {
  NoteStore publisher;
  Ear ear(publisher);
  ear.settle();
  const auto reads = ear.consumer->counts().log_reads;
  for (std::int64_t i = 1; i <= 5; ++i) {
    publish_numbers(publisher, i, i);
    publisher.clock.advance_ms(1000);
    ear.puller->step();  // sees the head, and the entry not yet
    ear.offer(publisher.whole_log(), i, i);
    ear.settle();
  }
  CHECK(ear.numbers() == count_up(1, 5));
  CHECK(ear.consumer->counts().log_reads == reads);
}

TEST_CASE("offers during a log read lead to another read only as far as something is missing") {
  NoteStore publisher;
  Ear ear(publisher);
  publish_numbers(publisher, 1, 4);
  const auto log = publisher.whole_log();
  const auto after = ear.consumer->begin_log_read();
  REQUIRE(after);
  ear.offer(log, 3, 3);
  ear.consumer->offer_from_log("log-1", store::EntryBatch(log.begin(), log.begin() + 4), true);
  CHECK_FALSE(ear.consumer->begin_log_read());
  ear.settle();

  ear.offer(log, 4, 4);
  publish_numbers(publisher, 5, 6);
  ear.offer(publisher.whole_log(), 6, 6);
  ear.settle();
  CHECK(ear.numbers() == count_up(1, 6));
}

TEST_CASE("a consumer whose cursor is no place in the log stops, says so, and never skips") {
  NoteStore publisher;
  publish_numbers(publisher, 1, 3);
  Ear ear(publisher);
  ear.settle();
  ear.stop();
  publisher.store.reset();
  const auto edit = [&](const char* sql) { edit_store(publisher.options, sql); };
  SECTION("the log has another id") { edit("UPDATE ownership SET log_id = 'another'"); }
  SECTION("the log was restored from an older copy") { edit("DELETE FROM event_log WHERE seq = 3"); }
  SECTION("the log has another entry there") {
    edit("UPDATE event_log SET hash = (SELECT hash FROM event_log WHERE seq = 1) WHERE seq = 3");
  }
  publisher.reopen();
  ear.start();
  ear.settle();
  CHECK(ear.consumer->is_diverged());
  publish_numbers(publisher, 4, 9);
  CHECK(ear.numbers() == count_up(1, 3));
  ear.offer(publisher.whole_log(), 4, 5);
  publisher.clock.advance_ms(2000);
  ear.settle();
  CHECK(ear.numbers() == count_up(1, 3));
  CHECK(ear.consumer->applied().seq == 3);
}

TEST_CASE("a poisoned entry becomes a dead letter, later ones of its subject are parked, and the others go on") {
  NoteStore publisher;
  Ear ear(publisher);
  ear.after_effect = [](Transaction&, const NoteWritten& event) {
    if (event.number == 2) throw std::runtime_error("two is poison");
  };
  publish_numbers(publisher, 1, 8);  // the subjects: s1 s2 s0 s1 s2 s0 s1 s2
  ear.settle();
  CHECK(ear.numbers() == std::vector<std::int64_t>{1, 3, 4, 6, 7});
  CHECK(ear.dead_letters() == DeadLetters{{2, "poisoned"}, {5, "parked"}, {8, "parked"}});
  CHECK(ear.consumer->applied().seq == 8);
  CHECK(ear.consumer->counts().dead_letters == 3);

  SECTION("dead letters survive a restart, and go on parking") {
    ear.restart();
    publish_numbers(publisher, 11, 11);
    ear.settle();
    CHECK(ear.dead_letters().size() == 4);
  }
  SECTION("a replay that still fails changes nothing") {
    const auto replayed = ear.consumer->replay("s2");
    CHECK_FALSE(replayed.has_value());
    CHECK(ear.dead_letters().size() == 3);
    CHECK(ear.numbers().size() == 5);
  }
  SECTION("a replay applies the subject in order, and later entries of it are applied again") {
    ear.after_effect = nullptr;
    CHECK(ear.consumer->replay("s2").value() == 3);
    CHECK(ear.numbers() == std::vector<std::int64_t>{1, 3, 4, 6, 7, 2, 5, 8});
    CHECK(ear.dead_letters().empty());
    publish_numbers(publisher, 11, 11);
    ear.offer(publisher.whole_log(), 9, 9);
    ear.settle();
    CHECK(ear.numbers().back() == 11);
    CHECK(ear.dead_letters().empty());
  }
  SECTION("a discard drops the oldest, and a replay applies those behind it") {
    REQUIRE(ear.consumer->discard("s2").has_value());
    CHECK(ear.dead_letters() == DeadLetters{{5, "parked"}, {8, "parked"}});
    CHECK(ear.consumer->replay("s2").value() == 2);
    CHECK(ear.numbers() == std::vector<std::int64_t>{1, 3, 4, 6, 7, 5, 8});
    CHECK(ear.consumer->discard("s2").error().code == "events.no_dead_letter");
  }
}

TEST_CASE("an entry that cannot be decoded is a dead letter at once") {
  NoteStore publisher;
  publish_numbers(publisher, 1, 2);
  edit_store(publisher.options, R"(UPDATE event_log SET payload = '{"type":"NoteWritten","number":"one"}' WHERE seq = 1)");
  Ear ear(publisher);
  ear.settle();
  CHECK(ear.numbers() == count_up(2, 2));
  CHECK(ear.dead_letters() == DeadLetters{{1, "poisoned"}});
}

TEST_CASE("a constraint that an entry breaks is its own fault: a dead letter") {
  NoteStore publisher;
  publish_numbers(publisher, 1, 3);
  Ear ear(publisher);
  ear.before_effect = [](Transaction& transaction, const NoteWritten& event) {
    if (event.number == 2) transaction.rows().execute("INSERT INTO heard (position, subject, number) VALUES (1, 'x', 'y')");
  };
  ear.settle();
  CHECK(ear.numbers() == std::vector<std::int64_t>{1, 3});
  CHECK(ear.dead_letters() == DeadLetters{{2, "poisoned"}});
}

TEST_CASE("a failure that passes is retried every second for as long as it lasts, and buries nothing") {
  NoteStore publisher;
  publish_numbers(publisher, 1, 3);
  Ear ear(publisher);
  bool is_failing = true;
  int tries = 0;
  ear.after_effect = [&](Transaction&, const NoteWritten& event) {
    if (event.number != 2 || !is_failing) return;
    ++tries;
    throw StorageError("locked", StorageError::Severity::passing);
  };
  ear.settle();  // comes to rest, and does not try again and again
  const int tries_at_once = tries;
  CHECK(tries_at_once <= 4);
  publisher.clock.advance_ms(1000);
  ear.settle();
  CHECK(tries > tries_at_once);
  CHECK(ear.numbers() == count_up(1, 1));
  is_failing = false;
  publisher.clock.advance_ms(1000);
  ear.settle();
  CHECK(ear.numbers() == count_up(1, 3));
  CHECK(ear.dead_letters().empty());
}

TEST_CASE("behind a closed gate nothing is applied, and what has come is applied when it opens") {
  NoteStore publisher;
  Ear ear(publisher);
  ear.settle();
  publish_numbers(publisher, 1, 6);
  ear.offer(publisher.whole_log(), 1, 3);
  ear.gate.close(std::move(fail(seam::fenced, "moving").value()));
  // What was on its way before the gate closed ends inside it.
  CHECK_FALSE(ear.gate.wait_empty(0));
  ear.store->writer().step();
  CHECK(ear.gate.wait_empty(0));
  CHECK(ear.numbers() == count_up(1, 3));
  ear.offer(publisher.whole_log(), 4, 6);
  ear.settle();
  CHECK(ear.numbers() == count_up(1, 3));
  CHECK(ear.consumer->replay("s1").error().code == "module.fenced");
  CHECK(ear.consumer->discard("s1").error().code == "module.fenced");
  ear.gate.open();
  ear.consumer->resume();
  ear.settle();
  CHECK(ear.numbers() == count_up(1, 6));
}

TEST_CASE("with threads, entries from a busy publisher arrive once and in order through a queue that is too small") {
  NoteStore publisher;
  std::atomic<LoopThread*> puller_thread{nullptr};
  Ear ear(publisher, {.queue_entries = 16, .wake_puller = [&] {
                        if (auto* thread = puller_thread.load()) thread->wake();
                      }});
  publisher->writer().listen([&](const auto& entries) { ear.consumer->offer(entries); });
  publisher->writer().start_thread();
  ear.store->writer().start_thread();
  LoopThread puller("puller", *ear.puller, 50);
  puller_thread = &puller;
  for (std::int64_t i = 0; i < 300; ++i) publish_numbers(publisher, i * 3 + 1, i * 3 + 3);
  CHECK(test::poll_until([&] { return ear.consumer->applied().seq == 900; }));
  publisher->stop();
  puller.stop();
  CHECK(ear.numbers() == count_up(1, 900));
}
