#include "store/copy.hpp"

#include "support/catch.hpp"
#include "support/note_store.hpp"
#include "support/postgres_server.hpp"

using namespace seamline;
using namespace seamline::test;
using store::CopiedTable;
using store::StorageKind;

namespace {

/// A store in a file, and a server that it can go to.
struct Removal {
  NoteStore notes;
  PostgresServer server;
  store::DatabaseOptions file = notes.options;
  store::DatabaseOptions schema = notes.options;

  Removal() {
    schema.storage = {StorageKind::postgres, server.url()};
    for (int i = 0; i < 2'500; ++i) {
      (void)notes->write({}, [&](store::Transaction& transaction) -> Result<void> {
        add_note(transaction, "n\xC3\xA4" + std::to_string(i), i - 1'000);
        return {};
      });
    }
    notes.publish({"a", "b", "c"});
    notes.store.reset();
  }
  static Result<std::vector<CopiedTable>> copy(const store::DatabaseOptions& from, const store::DatabaseOptions& to) {
    return store::copy_store(from, to, note_migrations(), {1}, [](const CopiedTable&) {});
  }
};

}  // namespace

TEST_CASE("a store goes to a server and back, and is the same") {
  Removal removal;
  const auto there = removal.copy(removal.file, removal.schema).value();
  const auto rows_of = [&](const std::string& name) {
    for (const CopiedTable& table : there) {
      if (table.name == name) return table.rows;
    }
    return std::int64_t{-1};
  };
  CHECK(rows_of("notes") == 2'500);
  CHECK(rows_of("event_log") == 3);
  CHECK(rows_of("ownership") == 1);
  std::filesystem::remove_all(removal.file.directory);
  std::filesystem::create_directories(removal.file.directory);
  const auto back = removal.copy(removal.schema, removal.file).value();
  REQUIRE(back.size() == there.size());
  for (std::size_t i = 0; i < back.size(); ++i) CHECK(back[i].digest == there[i].digest);
  removal.notes.reopen();
  CHECK(removal.notes.notes() == 2'500);
  CHECK(removal.notes->log().head().seq == 3);
}

TEST_CASE("a module that was moved to a server goes on there where it was") {
  Removal removal;
  REQUIRE(removal.copy(removal.file, removal.schema).has_value());
  removal.notes.options.storage = removal.schema.storage;
  removal.notes.reopen();
  removal.notes.publish({"d"});
  CHECK(removal.notes.whole_log().size() == 4);
}

TEST_CASE("a target that holds rows is refused, and so is a store that is in use") {
  Removal removal;
  REQUIRE(removal.copy(removal.file, removal.schema).has_value());
  CHECK(removal.copy(removal.file, removal.schema).error().code == "store.not_empty");
  removal.notes.reopen();
  CHECK(removal.copy(removal.file, removal.schema).error().code == "store.locked");
}

TEST_CASE("a copy that fails leaves nothing in the target") {
  Removal removal;
  edit_store(removal.file, "UPDATE notes SET id = 'a' || char(0) || 'b' WHERE number = 1499");
  CHECK_THROWS_AS(removal.copy(removal.file, removal.schema), store::StorageError);
  edit_store(removal.file, "UPDATE notes SET id = 'ab' WHERE number = 1499");
  CHECK(removal.copy(removal.file, removal.schema).has_value());
}
