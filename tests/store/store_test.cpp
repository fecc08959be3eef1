#include <fstream>
#include <thread>

#include "store/folder_lock.hpp"
#include "support/catch.hpp"
#include "support/note_store.hpp"

using namespace seamline;
using namespace seamline::test;
using store::Transaction;
using store::View;

namespace {

Result<void> write_note(NoteStore& notes, const std::string& id) {
  return notes->write({}, [&](Transaction& transaction) -> Result<void> {
    add_note(transaction, id, 1);
    return {};
  });
}

}  // namespace

TEST_CASE("a reader sees one snapshot, whatever is committed meanwhile") {
  NoteStore notes;
  REQUIRE(write_note(notes, "n1").has_value());
  notes->read([&](View& view) {
    CHECK(count_notes(view) == 1);
    std::thread writer([&] { REQUIRE(write_note(notes, "n2").has_value()); });
    writer.join();
    CHECK(count_notes(view) == 1);
  });
  CHECK(notes.notes() == 2);
}

TEST_CASE("a read inside a write sees what is committed, and the transaction sees its own rows") {
  NoteStore notes;
  REQUIRE(write_note(notes, "n1").has_value());
  const auto seen = notes->write({}, [&](Transaction& transaction) -> Result<std::int64_t> {
    add_note(transaction, "n2", 1);
    CHECK(count_notes(transaction) == 2);
    return notes.notes();
  });
  CHECK(seen.value() == 1);
}

TEST_CASE("no more readers are in use at once than the store has") {
  NoteStore notes({}, 2);
  std::atomic<int> inside{0};
  std::atomic<int> most{0};
  {
    std::vector<std::jthread> clients;
    for (int t = 0; t < 8; ++t) {
      clients.emplace_back([&] {
        for (int i = 0; i < 50; ++i) {
          notes->read([&](View& view) {
            const int now = ++inside;
            int before = most;
            while (now > before && !most.compare_exchange_weak(before, now)) {
            }
            (void)count_notes(view);
            --inside;
          });
        }
      });
    }
  }
  CHECK(most <= 2);
  CHECK(most >= 1);
}

TEST_CASE("a query that throws amid its rows gives its reader back, ready for the next") {
  NoteStore notes({}, 1);
  REQUIRE(write_note(notes, "n1").has_value());
  REQUIRE(write_note(notes, "n2").has_value());
  for (int i = 0; i < 5; ++i) {
    CHECK_THROWS_AS(notes->read([](View& view) {
      auto row = view.rows().query("SELECT id FROM notes");
      row.next();
      throw std::runtime_error("amid");
    }),
                    std::runtime_error);
  }
  CHECK(notes.notes() == 2);
}

TEST_CASE("a reader whose transaction the database ended is replaced, and the pool does not shrink", "[sqlite]") {
  NoteStore notes({}, 1);
  for (int i = 0; i < 3; ++i) {
    // As SQLite does by itself after an I/O error.
    notes->read([](View& view) { view.rows().execute("ROLLBACK"); });
  }
  CHECK(notes.notes() == 0);
}

TEST_CASE("a reader that cannot be opened fails its caller alone, and the pool does not shrink", "[sqlite]") {
  NoteStore notes({}, 1);
  const auto file = notes.options.directory / "0.db";
  std::filesystem::rename(file, file.string() + ".away");
  for (int i = 0; i < 3; ++i) CHECK_THROWS_AS(notes.notes(), store::StorageError);
  std::filesystem::rename(file.string() + ".away", file);
  CHECK(notes.notes() == 0);
}

TEST_CASE("a reader cannot write") {
  NoteStore notes;
  CHECK_THROWS_AS(notes->read([](View& view) { view.rows().execute("DELETE FROM notes"); }), store::StorageError);
}

TEST_CASE("what was written is there after the store was closed and opened again") {
  NoteStore notes;
  REQUIRE(write_note(notes, "n1").has_value());
  notes.publish({"n1", "n2"});
  const auto head = notes->log().head();
  notes.reopen();
  CHECK(notes.notes() == 1);
  CHECK(notes->log().head() == head);
}

TEST_CASE("a second store on the same folder is refused, and says what to do") {
  NoteStore notes;
  const auto second = notes.open();
  REQUIRE_FALSE(second.has_value());
  CHECK(second.error().code == "store.locked");
  CHECK(second.error().detail.find("Stop that one, or give this one another data_dir") != std::string::npos);
  CHECK(store::FolderLock::is_taken(notes.options.directory));
  notes.store.reset();
  CHECK_FALSE(store::FolderLock::is_taken(notes.options.directory));
  CHECK(notes.open().has_value());
}

TEST_CASE("a file that is no database is refused and left as it is", "[sqlite]") {
  NoteStore notes;
  notes.store.reset();
  const auto file = notes.options.directory / "0.db";
  const std::string text = "This is a letter, and no database at all. " + std::string(2000, 'x');
  std::ofstream(file, std::ios::trunc) << text;
  const auto opened = notes.open();
  REQUIRE_FALSE(opened.has_value());
  CHECK(opened.error().code == "store.unusable");
  CHECK(opened.error().detail.find("0.db") == std::string::npos);
  CHECK(opened.error().detail.find(notes.options.directory.string()) != std::string::npos);
  std::ifstream kept(file);
  CHECK(std::string(std::istreambuf_iterator<char>(kept), {}) == text);
}

TEST_CASE("a folder that cannot be made is refused") {
  NoteStore notes;
  std::ofstream(notes.folder.path() / "file") << "in the way";
  notes.store.reset();
  notes.options.directory = notes.folder.path() / "file" / "note";
  CHECK(notes.open().error().code == "store.unusable");
}
