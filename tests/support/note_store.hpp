#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "store/store.hpp"
#include "support/manual_clock.hpp"
#include "support/notes.hpp"
#include "support/temporary_folder.hpp"
#include "support/test_storage.hpp"

namespace seamline::test {

/// The kernel's migrations and one table: `notes (id, number)`.
inline std::vector<store::Migration> note_migrations() {
  std::vector<store::Migration> migrations;
  for (const store::Migration& migration : store::all_migrations()) {
    if (migration.owner == "kernel") migrations.push_back(migration);
  }
  migrations.push_back(
      {"note", 1, "notes", "CREATE TABLE notes (id TEXT NOT NULL PRIMARY KEY, number INTEGER NOT NULL) STRICT;"});
  return migrations;
}

inline void add_note(store::Transaction& transaction, const std::string& id, std::int64_t number) {
  transaction.rows().execute("INSERT INTO notes (id, number) VALUES ($1, $2)", id, number);
}

inline std::int64_t count_notes(store::View& view) {
  auto row = view.rows().query("SELECT count(*) FROM notes");
  row.next();
  return row.integer(0);
}

/// A store in a folder of its own, that can be closed and opened again.
class NoteStore {
 public:
  explicit NoteStore(store::Writer::Options writer_options = {}, std::size_t reader_count = 4) {
    options.directory = folder.path() / "note";
    options.module = "note";
    options.writer = writer_options;
    options.readers = reader_count;
    options.storage = storage_for(options.directory);
    options.server.lock_timeout_ms = 500;
    reopen();
  }
  Result<std::unique_ptr<store::Store>> open() { return store::Store::open(options, note_migrations(), clock, "log-1"); }
  void reopen() {
    store.reset();
    auto opened = open();
    if (!opened) throw std::runtime_error(opened.error().detail);
    store = std::move(*opened);
  }
  store::Store* operator->() { return store.get(); }
  store::Store& operator*() { return *store; }

  std::int64_t notes() { return store->read(count_notes); }
  /// Publishes one event for each id, in one commit.
  void publish(const std::vector<std::string>& ids) {
    (void)store->write({}, [&](store::Transaction& transaction) -> Result<void> {
      for (const auto& id : ids) transaction.publish(NoteWritten{{id}, 1});
      return {};
    });
  }
  store::EntryBatch whole_log() {
    return store->read([](store::View& view) { return store::read_log(view, {}, 1'000'000).value(); });
  }

  ManualClock clock;
  TemporaryFolder folder;
  store::StoreOptions options;
  std::unique_ptr<store::Store> store;
};

}  // namespace seamline::test
