#include "mongodb/notes_in_documents.hpp"
#include "support/catch.hpp"

using namespace seamline;
using test::NoteProcess;
using test::put_note;

namespace {

/// Writes one note without the writer, which would end the process. Returns how it failed; `refused` stands for success.
store::StorageError::Severity try_to_write(NoteProcess& process, const std::string& id) {
  store::OpenTransaction& transaction = process.transaction();
  test::NoteCommand command([](store::Transaction&) {});
  try {
    transaction.begin(store::Answers::later);
    transaction.begin_command(command);
    put_note(transaction, id, 1);
    transaction.commit();
    (void)process.log().batch_committed();
    return store::StorageError::Severity::refused;
  } catch (const store::StorageError& problem) {
    process.log().batch_rolled_back();
    return problem.severity();
  }
}

constexpr auto written = store::StorageError::Severity::refused;
constexpr auto fatal = store::StorageError::Severity::fatal;

}  // namespace

TEST_CASE("a store in use is refused to a process with another folder, until its lease is over or given back") {
  const std::string url = test::fresh_database_url();
  test::ManualClock clock;
  {
    NoteProcess first(url, "here", clock);
    REQUIRE(first.taken);
    NoteProcess second(url, "there", clock);
    REQUIRE_FALSE(second.taken);
    CHECK(second.taken.error().code == "store.locked");
    CHECK(second.taken.error().detail.find("here") != std::string::npos);
    clock.advance_ms(14'000);
    first.transaction().idle();
    clock.advance_ms(14'000);
    CHECK_FALSE(NoteProcess(url, "there", clock).taken);
    CHECK(try_to_write(first, "a") == written);
    clock.advance_ms(14'000);
    CHECK_FALSE(NoteProcess(url, "there", clock).taken);
  }
  CHECK(NoteProcess(url, "there", clock).taken);
}

TEST_CASE("who has lost the store writes nothing any more, neither a batch that begins nor one that is under way") {
  const std::string url = test::fresh_database_url();
  test::ManualClock clock;
  NoteProcess first(url, "here", clock);
  CHECK(try_to_write(first, "a") == written);
  clock.advance_ms(15'000);
  std::unique_ptr<NoteProcess> second;
  // It takes the store after the first has begun its batch.
  first.plan.before_write = [&] { second = std::make_unique<NoteProcess>(url, "there", clock); };
  CHECK(try_to_write(first, "b") == fatal);
  REQUIRE(second->taken);
  CHECK(second->notes() == "a=1 ");
  CHECK(try_to_write(first, "c") == fatal);
  CHECK(try_to_write(*second, "d") == written);
  CHECK(second->logged() == "a d ");
}

TEST_CASE("what a bulk of the owner before still writes after the store was taken is found by the first batch of the new one") {
  const std::string url = test::fresh_database_url();
  test::ManualClock clock;
  NoteProcess first(url, "here", clock);
  CHECK(try_to_write(first, "a") == written);
  // It is past the write that needs the store to be its own; what follows it is under way.
  first.plan.breakdowns.push_back({1, test::Breakdown::Then::late});
  std::unique_ptr<NoteProcess> second;
  std::function<void()> rest;
  first.plan.before_read = [&] {
    second = std::make_unique<NoteProcess>(url, "here", clock);
    rest = std::exchange(first.plan.before_write, {});
  };
  CHECK(try_to_write(first, "b") == fatal);
  REQUIRE(second->taken);
  rest();
  CHECK(try_to_write(*second, "c") == fatal);
  NoteProcess third(url, "here", clock);
  CHECK(try_to_write(third, "c") == written);
  CHECK(third.logged() == "a b c ");
}

TEST_CASE("a document that somebody else wrote is not written over") {
  const std::string url = test::fresh_database_url();
  test::ManualClock clock;
  NoteProcess process(url, "here", clock);
  CHECK(try_to_write(process, "a") == written);
  store::MongoServer server({url, "note"});
  const auto collection = server.connect();
  auto record = store::to_record(*store::find_document(*collection, store::subject_document_id("a")));
  process.plan.before_write = [&] {
    const std::int64_t before = record.revision++;
    record.fence = 77;
    const store::DocumentWrite meddling{record.id, before, store::to_document(record)};
    CHECK(collection->write({&meddling, 1}).kind == store::BulkOutcome::Kind::written);
  };
  CHECK(try_to_write(process, "a") == fatal);
}
