#include <barrier>
#include <thread>

#include "support/catch.hpp"
#include "support/note_store.hpp"

using namespace seamline;
using namespace seamline::test;
using store::Transaction;

namespace {

CallContext under_key(const std::string& key, Caller caller = {Role::user, "ada"}) {
  CallContext context;
  context.caller = std::move(caller);
  context.idempotency_key = key;
  return context;
}

/// An operation as a module writes it; counts its effects in the table.
template <class Op>
Result<Note> run(NoteStore& notes, const CallContext& context, const Op& operation, bool refuse = false) {
  auto once = notes->once(context, operation);
  if (!once) return fail(once.error());
  if (once->answer()) return *once->answer();
  return once->write([&](Transaction& transaction) -> Result<Note> {
    if (refuse) return fail(WriteNote::errors[0], "not now");
    const std::int64_t number = count_notes(transaction) + 1;
    add_note(transaction, std::to_string(number), number);
    return Note{{std::to_string(number)}, number};
  });
}

}  // namespace

TEST_CASE("a repeat under the same key has one effect and the same answer, also after a restart") {
  NoteStore notes;
  const auto first = run(notes, under_key("k"), WriteNote{{"a"}, 1});
  REQUIRE(first.has_value());
  CallNotes said;
  auto context = under_key("k");
  context.notes = &said;
  CHECK(run(notes, context, WriteNote{{"a"}, 1}) == first);
  CHECK(said.replayed);
  notes.reopen();
  CHECK(run(notes, under_key("k"), WriteNote{{"a"}, 1}) == first);
  CHECK(notes.notes() == 1);
}

TEST_CASE("without a key every call has its effect") {
  NoteStore notes;
  CHECK(run(notes, under_key(""), WriteNote{{"a"}, 1})->number == 1);
  CHECK(run(notes, under_key(""), WriteNote{{"a"}, 1})->number == 2);
}

TEST_CASE("the same key with another body is refused") {
  NoteStore notes;
  REQUIRE(run(notes, under_key("k"), WriteNote{{"a"}, 1}).has_value());
  const auto other = run(notes, under_key("k"), WriteNote{{"a"}, 2});
  CHECK(other.error().code == "idempotency.key_reused");
  CHECK(other.error().kind == Kind::invalid);
  CHECK(notes.notes() == 1);
}

TEST_CASE("a key belongs to its caller and its operation") {
  NoteStore notes;
  const WriteNote operation{{"a"}, 1};
  std::set<std::int64_t> numbers;
  // An anonymous caller has no subject, and neither has the admin that everybody is without authentication.
  for (const Caller& caller : {Caller{Role::user, "ada"}, Caller{Role::user, "eve"}, Caller{Role::service, "ada"},
                               Caller{Role::anonymous, ""}, Caller{Role::admin, ""}}) {
    numbers.insert(run(notes, under_key("k", caller), operation).value().number);
  }
  numbers.insert(run(notes, under_key("k"), CopyNote{{"a"}, 1}).value().number);
  CHECK(numbers.size() == 6);
}

TEST_CASE("a failure is not remembered: the repeat is judged afresh") {
  NoteStore notes;
  CHECK(run(notes, under_key("k"), WriteNote{{"a"}, 1}, true).error().code == "note.refused");
  CHECK(run(notes, under_key("k"), WriteNote{{"a"}, 1}).has_value());
}

TEST_CASE("a key that is still running is refused as a conflict, and free again when its call has ended") {
  NoteStore notes;
  const WriteNote operation{{"a"}, 1};
  {
    const auto running = notes->once(under_key("k"), operation);
    REQUIRE(running.has_value());
    const auto second = run(notes, under_key("k"), operation);
    CHECK(second.error().code == "idempotency.in_progress");
    CHECK(second.error().kind == Kind::conflict);
    CHECK(second.error().retryable);
    CHECK(run(notes, under_key("another"), operation).has_value());
  }
  CHECK(run(notes, under_key("k"), operation).has_value());
}

TEST_CASE("sixteen callers with one key at once have one effect, and each gets its answer or is told to repeat") {
  NoteStore notes;
  notes->writer().start_thread();
  for (int round = 1; round <= 20; ++round) {
    std::barrier together(16);
    std::atomic<int> answered{0};
    std::atomic<int> told_to_repeat{0};
    {
      std::vector<std::jthread> callers;
      for (int t = 0; t < 16; ++t) {
        callers.emplace_back([&] {
          together.arrive_and_wait();
          const auto reply = run(notes, under_key(std::to_string(round)), WriteNote{{"a"}, 1});
          if (reply && reply->number == round) ++answered;
          if (!reply && reply.error().code == "idempotency.in_progress") ++told_to_repeat;
        });
      }
    }
    CHECK(answered >= 1);
    CHECK(answered + told_to_repeat == 16);
    CHECK(notes.notes() == round);
  }
}

TEST_CASE("remembered answers age out, oldest first and a few at a time, and their keys can be used again") {
  NoteStore notes;
  for (int i = 0; i < 5; ++i) REQUIRE(run(notes, under_key("k" + std::to_string(i)), WriteNote{{"a"}, 1}).has_value());
  notes.clock.advance_ms(1'000);
  REQUIRE(run(notes, under_key("young"), WriteNote{{"a"}, 1}).has_value());
  const Timestamp before = notes.clock.now();
  CHECK(notes->forget_aged(before, 3) == 3);
  CHECK(notes->forget_aged(before, 3) == 2);
  CHECK(notes->forget_aged(before, 3) == 0);
  CHECK(run(notes, under_key("young"), WriteNote{{"a"}, 1})->number == 6);
  CHECK(run(notes, under_key("k0"), WriteNote{{"a"}, 1})->number == 7);
}
