#include "mongodb/notes_in_documents.hpp"
#include "support/catch.hpp"

using namespace seamline;
using test::NoteProcess;
using test::put_note;

namespace {

store::LogEntry entry_of(std::int64_t seq, const std::string& subject) {
  store::LogEntry entry;
  entry.seq = seq;
  entry.epoch = 1;
  entry.type = "seamline.other.Said.v1";
  entry.subject = subject;
  entry.payload = "{}";
  entry.hash = sha256(std::to_string(seq));
  return entry;
}

std::vector<std::string> due_at(NoteProcess& process, std::int64_t now_ms) {
  return process.read([&](store::View& view) {
    std::vector<std::string> due;
    view.due_timers({now_ms}, [&](std::string_view kind, std::string_view subject) {
      due.push_back(std::string(kind) + " " + std::string(subject));
      return true;
    });
    return due;
  });
}

struct Notes {
  test::ManualClock clock;
  std::string url = test::fresh_database_url();
  std::unique_ptr<NoteProcess> process = std::make_unique<NoteProcess>(url, "us", clock);

  void restart() {
    process.reset();
    process = std::make_unique<NoteProcess>(url, "us", clock);
  }
  NoteProcess* operator->() { return process.get(); }
};

}  // namespace

TEST_CASE("a command that would write two documents is refused, and keeps nothing") {
  Notes notes;
  const auto commands = notes->batch({[](store::Transaction& transaction) { put_note(transaction, "a", 1); },
                                      [](store::Transaction& transaction) {
                                        put_note(transaction, "b", 1);
                                        put_note(transaction, "c", 1);
                                      },
                                      [](store::Transaction& transaction) {
                                        put_note(transaction, "d", 1);
                                        transaction.set_timer("late", "e", {1});
                                      },
                                      [](store::Transaction& transaction) { put_note(transaction, "f", 1); }});
  CHECK(commands[0].is_committed);
  CHECK(commands[1].problem.value().kind == Kind::internal);
  CHECK(commands[2].problem.value().kind == Kind::internal);
  CHECK(commands[3].is_committed);
  CHECK(notes->notes() == "a=1 f=1 ");
  CHECK(notes->logged() == "a f ");
}

TEST_CASE("timers of documents come due, are moved, put off and taken back") {
  Notes notes;
  CHECK(notes->write([](store::Transaction& transaction) {
    transaction.set_timer("one", "a", {1'000});
    transaction.set_timer("two", "a", {3'000});
  }));
  CHECK(notes->write([](store::Transaction& transaction) { transaction.set_timer("one", "b", {500}); }));
  CHECK(due_at(*notes.process, 1'000) == std::vector<std::string>{"one b", "one a"});
  CHECK(notes->write([](store::Transaction& transaction) {
    CHECK(transaction.is_timer_due("one", "a"));
    transaction.set_timer("one", "a", {9'000'000'000'000});
    CHECK_FALSE(transaction.is_timer_due("one", "a"));
    CHECK_FALSE(transaction.is_timer_due("none", "a"));
  }));
  CHECK(notes->write([](store::Transaction& transaction) { transaction.cancel_timer("one", "b"); }));
  notes.restart();
  CHECK(due_at(*notes.process, 3'000) == std::vector<std::string>{"two a"});
  CHECK(notes->write([](store::Transaction& transaction) { transaction.put_off_timer("two", "a", {8'000}); }));
  CHECK(due_at(*notes.process, 7'999).empty());
  CHECK(due_at(*notes.process, 8'000) == std::vector<std::string>{"two a"});
}

TEST_CASE("an answer lies with what its command was about, is found again, and is forgotten when it is old") {
  Notes notes;
  const store::AnswerKey key{"user:ada", "note.write", "k1"};
  const store::AnswerKey other{"user:eve", "note.write", "k1"};
  CHECK(notes->write([&](store::Transaction& transaction) {
    CHECK_FALSE(transaction.remembered(key));
    put_note(transaction, "a", 1);
    transaction.remember(key, {sha256("body"), "reply"});
    CHECK(transaction.remembered(key));
  }));
  // A command that has found nothing to do has something to remember too.
  CHECK(notes->write([&](store::Transaction& transaction) {
    CHECK(transaction.documents().find_body("a"));
    transaction.remember(other, {sha256("body"), "another"});
  }));
  CHECK(notes->batch({[&](store::Transaction& transaction) { transaction.remember(key, {}); }}).front().problem);
  notes.restart();
  const auto found = notes->read([&](store::View& view) { return view.remembered(key); });
  REQUIRE(found);
  CHECK(found->reply == "reply");
  CHECK(found->fingerprint == sha256("body"));
  CHECK(notes->read([&](store::View& view) { return view.remembered(other); })->reply == "another");
  std::int64_t forgotten = 0;
  const auto forget = [&](store::Transaction& transaction) { forgotten = transaction.forget_answers(transaction.now(), 10); };
  CHECK(notes->write(forget));
  CHECK(forgotten == 0);
  notes.clock.advance_ms(1);
  CHECK(notes->write(forget));
  CHECK(forgotten == 2);
  CHECK_FALSE(notes->read([&](store::View& view) { return view.remembered(key); }));
}

TEST_CASE("an entry that took effect before its cursor was moved is not applied again, and is forgotten behind the cursor") {
  Notes notes;
  const auto apply = [&](std::int64_t seq, const std::string& subject, bool is_new) {
    return [=](store::Transaction& transaction) {
      CHECK(transaction.begin_entry("other", entry_of(seq, subject)) == is_new);
      if (is_new) put_note(transaction, subject, seq);
    };
  };
  // Three entries in one command, of which a death keeps the effects, and not the cursor.
  CHECK(notes->write([&](store::Transaction& transaction) {
    apply(1, "a", true)(transaction);
    apply(2, "b", true)(transaction);
    apply(3, "a", true)(transaction);
  }));
  notes.restart();
  CHECK(notes->read([](store::View& view) { return view.cursor("other").seq; }) == 0);
  CHECK(notes->write([&](store::Transaction& transaction) {
    apply(1, "a", false)(transaction);
    apply(2, "b", false)(transaction);
    apply(3, "a", false)(transaction);
    apply(4, "a", true)(transaction);
    transaction.move_cursor("other", 0, {"log-2", 1, 4, sha256("4")});
  }));
  CHECK(notes->read([](store::View& view) { return view.cursor("other"); }) == store::LogPosition{"log-2", 1, 4, sha256("4")});
  CHECK(notes->write([&](store::Transaction& transaction) {
    apply(5, "a", true)(transaction);
    transaction.move_cursor("other", 4, {"log-2", 1, 5, sha256("5")});
  }));
  CHECK(notes->logged() == "a b a a a ");
  store::MongoServer server({notes.url, "note"});
  const auto collection = server.connect();
  CHECK(store::to_record(*store::find_document(*collection, store::subject_document_id("a"))).applied.size() == 1);
}

TEST_CASE("an entry about one document that would write another is refused") {
  Notes notes;
  const auto command = notes->batch({[](store::Transaction& transaction) {
    CHECK(transaction.begin_entry("other", entry_of(1, "a")));
    put_note(transaction, "b", 1);
  }});
  CHECK(command.front().problem);
  CHECK(notes->notes().empty());
}

TEST_CASE("dead letters lie with their subject, and are taken in order") {
  Notes notes;
  for (const std::int64_t seq : {7, 5}) {
    CHECK(notes->write([&](store::Transaction& transaction) {
      CHECK(transaction.begin_entry("other", entry_of(seq, "a")));
      transaction.bury("other", entry_of(seq, "a"), true, "unreadable");
    }));
  }
  notes.restart();
  CHECK(notes->notes().empty());
  CHECK(notes->read([](store::View& view) { return view.dead_subjects("other"); }) == std::vector<std::string>{"a"});
  CHECK(notes->write([](store::Transaction& transaction) {
    const auto oldest = transaction.oldest_dead_letter("other", "a");
    REQUIRE(oldest);
    CHECK(oldest->seq == 5);
    CHECK(oldest->subject == "a");
    put_note(transaction, "a", 5);
    transaction.remove_dead_letter("other", *oldest);
    CHECK(transaction.oldest_dead_letter("other", "a")->seq == 7);
  }));
  CHECK(notes->read([](store::View& view) { return view.oldest_dead_letter("other", "a"); })->seq == 7);
}

TEST_CASE("receipts, places in a broker's topics and foreign events are kept") {
  Notes notes;
  CHECK(notes->write([](store::Transaction& transaction) { transaction.record_receipt("ear", 4); }));
  CHECK(notes->write([](store::Transaction& transaction) {
    CHECK(transaction.receipt("ear") == 4);
    transaction.record_receipt("ear", 6);
  }));
  CHECK(notes->write([](store::Transaction& transaction) {
    for (const char* id : {"x", "y"}) {
      CHECK_FALSE(transaction.is_foreign_event_known("shop", id));
      transaction.begin_foreign_event();
      put_note(transaction, id, 1);
      transaction.remember_foreign_event("shop", id);
      CHECK(transaction.is_foreign_event_known("shop", id));
    }
    transaction.move_topic_places("kafka", "notes", {"cluster", {{0, 5}, {1, 2}}});
  }));
  CHECK(notes->write([](store::Transaction& transaction) {
    transaction.bury_foreign({"kafka", "notes", "cluster", 0, 5, "unreadable", "Said", "shop", "z", "", "{}"});
    transaction.move_topic_places("kafka", "notes", {"cluster", {{0, 6}}});
  }));
  notes.restart();
  const auto places = notes->read([](store::View& view) { return view.topic_places("kafka", "notes"); });
  CHECK(places.storage_id == "cluster");
  CHECK(places.next_offsets == std::map<std::int64_t, std::int64_t>{{0, 6}, {1, 2}});
  CHECK(notes->read([](store::View& view) { return view.receipts(); }) == std::map<std::string, std::int64_t>{{"ear", 6}});
  CHECK(notes->read([](store::View& view) { return view.is_foreign_event_known("shop", "x"); }));
  CHECK_FALSE(notes->read([](store::View& view) { return view.is_foreign_event_known("elsewhere", "x"); }));
  notes.clock.advance_ms(1);
  CHECK(notes->write(
      [](store::Transaction& transaction) { CHECK(transaction.forget_foreign_events(transaction.now(), 10) == 2); }));
  CHECK(notes->write(
      [](store::Transaction& transaction) { transaction.move_topic_places("kafka", "notes", {"another", {{2, 1}}}); }));
  CHECK(notes->read([](store::View& view) { return view.topic_places("kafka", "notes"); }).next_offsets.size() == 1);
  CHECK(notes->notes() == "x=1 y=1 ");
}

TEST_CASE("bodies are listed from either end, by their members, and counted") {
  Notes notes;
  for (const char* id : {"a", "b", "c", "d"}) {
    CHECK(notes->write([&](store::Transaction& transaction) {
      transaction.documents().put_body(id, store::Document().add("kind", id[0] % 2 == 0 ? "even" : "odd"));
    }));
  }
  notes->read([](store::View& view) {
    view.documents().ensure_index("kind");
    const auto ids = [&](const store::Documents::Filter& filter) {
      std::string all;
      for (const auto& [id, body] : view.documents().list(filter)) all += id;
      return all;
    };
    CHECK(ids({{}, "", "", false, 0}) == "dcba");
    CHECK(ids({{}, "d", "", false, 2}) == "cb");
    CHECK(ids({{}, "", "b", true, 0}) == "cd");
    CHECK(ids({{{"kind", "odd"}}, "", "", false, 0}) == "ca");
    auto counts = view.documents().count_by("kind");
    CHECK(counts.size() == 2);
    CHECK_THROWS_AS(view.documents().put_body("a", {}), store::StorageError);
    CHECK_THROWS_AS(view.rows(), store::StorageError);
    return 0;
  });
}
