#include "mongodb/notes_in_documents.hpp"
#include "support/catch.hpp"

using namespace seamline;
using test::Breakdown;
using test::NoteProcess;
using test::put_note;

namespace {

test::NoteCommand::Body writing(const std::string& id, std::int64_t number) {
  return [=](store::Transaction& transaction) { put_note(transaction, id, number); };
}

/// Two new documents, and one of them once more.
std::vector<test::NoteCommand::Body> three_commands() { return {writing("a", 1), writing("b", 2), writing("a", 3)}; }

}  // namespace

TEST_CASE("a batch of commands is there after another start, with its log") {
  const std::string url = test::fresh_database_url();
  const test::ManualClock clock;
  {
    NoteProcess process(url, "us", clock);
    for (const auto& command : process.batch(three_commands())) CHECK(command.is_committed);
    CHECK(process.notes() == "a=3 b=2 ");
    CHECK(process.logged() == "a b a ");
  }
  NoteProcess process(url, "us", clock);
  CHECK(process.taken->seq == 3);
  CHECK(process.taken->log_id == "log-1");
  CHECK(process.notes() == "a=3 b=2 ");
  CHECK(process.write(writing("c", 4)));
  CHECK(process.logged() == "a b a c ");
}

TEST_CASE("what a death leaves of a batch is a beginning of it, and the log has no gap") {
  const std::vector<std::string> notes{"", "a=1 ", "a=1 b=2 ", "a=3 b=2 "};
  const std::vector<std::string> logs{"", "a ", "a b ", "a b a "};
  for (std::size_t written = 0; written <= 3; ++written) {
    INFO(written);
    const std::string url = test::fresh_database_url();
    const test::ManualClock clock;
    NoteProcess process(url, "us", clock);
    process.plan.breakdowns.push_back({1 + written, Breakdown::Then::death});
    CHECK_THROWS_AS(process.batch(three_commands()), test::Death);
    NoteProcess next(url, "us", clock);
    REQUIRE(next.taken);
    CHECK(next.notes() == notes[written]);
    CHECK(next.logged() == logs[written]);
    CHECK(next.write(writing("z", 9)));
    CHECK(next.logged() == logs[written] + "z ");
  }
}

TEST_CASE("a batch whose answer got lost is found out and finished before anybody is answered, and done once") {
  for (const auto then : {Breakdown::Then::lost, Breakdown::Then::late}) {
    for (std::size_t written = 0; written <= 4; ++written) {
      for (const int reads_failing : {0, 3}) {
        INFO(written << " written, " << (then == Breakdown::Then::late ? "the rest late" : "the rest lost"));
        const std::string url = test::fresh_database_url();
        const test::ManualClock clock;
        NoteProcess process(url, "us", clock);
        REQUIRE(process.write(writing("b", 0)));
        process.plan.breakdowns.push_back({written, then, reads_failing});
        for (const auto& command : process.batch(three_commands())) CHECK(command.is_committed);
        process.plan.reads_failing = 0;
        CHECK(process.notes() == "a=3 b=2 ");
        CHECK(process.logged() == "b a b a ");
        CHECK(process.write(writing("c", 5)));
        CHECK(process.logged() == "b a b a c ");
      }
    }
  }
}

TEST_CASE("a batch that was not sent is answered as unavailable, and nothing is kept") {
  test::ManualClock clock;
  NoteProcess process(test::fresh_database_url(), "us", clock);
  // Once for the batch; its commands, which are tried alone, do not wait for the server again.
  process.plan.breakdowns.push_back({0, Breakdown::Then::not_sent});
  for (const auto& command : process.batch(three_commands())) {
    CHECK_FALSE(command.is_committed);
    REQUIRE(command.problem);
    CHECK(command.problem->code == "store.unavailable");
    CHECK(command.problem->retryable);
  }
  CHECK(process.notes().empty());
  clock.advance_ms(500);
  for (const auto& command : process.batch(three_commands())) CHECK(command.is_committed);
  CHECK(process.logged() == "a b a ");
}

TEST_CASE("a batch in several bulks is finished likewise, and a death between them leaves its beginning") {
  store::DocumentOptions options;
  options.transaction.bulk_documents = 1;
  const test::ManualClock clock;
  const std::string url = test::fresh_database_url();
  {
    NoteProcess process(url, "us", clock, options);
    process.plan.breakdowns = {{2, Breakdown::Then::lost}, {1, Breakdown::Then::late}};
    for (const auto& command : process.batch(three_commands())) CHECK(command.is_committed);
    CHECK(process.logged() == "a b a ");
    process.plan.breakdowns = {{0, Breakdown::Then::lost}, {2, Breakdown::Then::death}};
    CHECK_THROWS_AS(process.batch(three_commands()), test::Death);
  }
  NoteProcess next(url, "us", clock, options);
  CHECK(next.logged() == "a b a a ");
}

TEST_CASE("a long batch makes sure between its writes that the store is still its own") {
  store::DocumentOptions options;
  options.transaction.held_documents = 1;
  const test::ManualClock clock;
  const std::string url = test::fresh_database_url();
  NoteProcess process(url, "us", clock, options);
  process.plan.breakdowns = {{3, Breakdown::Then::late}};
  for (const auto& command : process.batch(three_commands())) CHECK(command.is_committed);
  CHECK(process.logged() == "a b a ");
  process.plan.breakdowns = {{4, Breakdown::Then::death}};
  CHECK_THROWS_AS(process.batch(three_commands()), test::Death);
  CHECK(NoteProcess(url, "us", clock).logged() == "a b a a b ");
}

TEST_CASE("a command whose document would become too large is refused, and what was committed beside it stays") {
  store::DocumentOptions options;
  options.transaction.document_bytes = 10'000;
  const test::ManualClock clock;
  NoteProcess process(test::fresh_database_url(), "us", clock, options);
  const auto commands =
      process.batch({writing("a", 1),
                     [](store::Transaction& transaction) {
                       transaction.documents().put_body("b", store::Document().add("text", std::string(10'000, 'x')));
                     },
                     writing("c", 1)});
  CHECK(commands[0].is_committed);
  REQUIRE(commands[1].problem);
  CHECK(commands[1].problem->kind == Kind::internal);
  CHECK(commands[2].is_committed);
  CHECK(process.logged() == "a c ");
}

TEST_CASE("a server that does not come back ends the writer when the time is over, and not before") {
  test::ManualClock clock;
  NoteProcess process(test::fresh_database_url(), "us", clock);
  store::OpenTransaction& transaction = process.transaction();
  test::NoteCommand command(writing("a", 1));
  transaction.begin(store::Answers::later);
  transaction.begin_command(command);
  put_note(transaction, "a", 1);
  process.plan.breakdowns.push_back({1, Breakdown::Then::lost, std::numeric_limits<int>::max()});
  process.plan.before_write = [&] {
    process.plan.before_write = [&] {
      clock.advance_ms(60'000);
      process.plan.breakdowns.push_back({0, Breakdown::Then::not_sent, std::numeric_limits<int>::max()});
    };
  };
  try {
    transaction.commit();
    FAIL("it came back");
  } catch (const store::StorageError& problem) {
    CHECK(problem.severity() == store::StorageError::Severity::fatal);
  }
}
