#pragma once

#include "events/consumer.hpp"
#include "events/puller.hpp"
#include "support/note_store.hpp"

namespace seamline::test {

/// A module that hears NoteWritten and writes down what it heard, in the order in which it did: its store, gate, consumer and
/// puller, without threads. Can be restarted over its store.
class Ear {
 public:
  explicit Ear(NoteStore& publisher, events::Consumer::Options consumer_options = {}, store::Writer::Options writer = {})
      : publisher_(publisher), consumer_options_(std::move(consumer_options)), writer_options_(writer) {
    start();
  }
  ~Ear() { stop(); }
  Ear(const Ear&) = delete;
  Ear& operator=(const Ear&) = delete;

  void start() {
    std::vector<store::Migration> migrations = note_migrations();
    migrations.back() = {
        "ear", 1, "heard",
        "CREATE TABLE heard (position INTEGER NOT NULL PRIMARY KEY, subject TEXT NOT NULL, number INTEGER NOT NULL) STRICT;"};
    store::StoreOptions options;
    options.directory = publisher_.folder.path() / "ear";
    options.module = "ear";
    options.storage = storage_for(options.directory);
    options.writer = writer_options_;
    auto opened = store::Store::open(options, migrations, publisher_.clock, "log-ear");
    if (!opened) throw std::runtime_error(opened.error().detail);
    store = std::move(*opened);
    events::Handlers handlers;
    handlers.hear<NoteWritten>([this](store::Transaction& transaction, const NoteWritten& event) {
      if (before_effect) before_effect(transaction, event);
      transaction.rows().execute(
          "INSERT INTO heard (position, subject, number) VALUES ((SELECT count(*) + 1 FROM heard), $1, $2)", event.note_id,
          event.number);
      if (after_effect) after_effect(transaction, event);
    });
    hears = handlers.by_publisher().at("note");
    consumer = std::make_unique<events::Consumer>("note", hears, *store, gate, consumer_options_);
    source = std::make_unique<events::LocalLogSource>(*publisher_, publisher_gate);
    puller = std::make_unique<events::Puller>(publisher_.clock, puller_options);
    puller->add(*consumer, *source);
  }
  void stop() {
    if (store) store->stop();
    puller.reset();
    consumer.reset();
    source.reset();
    store.reset();
  }
  void restart() {
    stop();
    start();
  }

  bool step() {
    const bool read = puller->step();
    return store->writer().step() || read;
  }
  /// Until nothing is left to do at this moment of the clock.
  void settle() {
    for (int i = 0; i < 10'000; ++i) {
      if (!step()) return;
    }
    throw std::runtime_error("the ear does not come to rest");
  }
  /// Entries `from` to `to` of the publisher's log, as a carrier in the process brings them.
  void offer(const store::EntryBatch& log, std::int64_t from, std::int64_t to) {
    consumer->offer(std::make_shared<const store::EntryBatch>(log.begin() + (from - 1), log.begin() + to));
  }

  std::vector<std::pair<std::string, std::int64_t>> heard() {
    return store->read([](store::View& view) {
      std::vector<std::pair<std::string, std::int64_t>> all;
      auto row = view.rows().query("SELECT subject, number FROM heard ORDER BY position");
      while (row.next()) all.emplace_back(std::string(row.text(0)), row.integer(1));
      return all;
    });
  }
  std::vector<std::int64_t> numbers() {
    std::vector<std::int64_t> all;
    for (const auto& [subject, number] : heard()) all.push_back(number);
    return all;
  }
  /// The dead letters: seq and state.
  std::vector<std::pair<std::int64_t, std::string>> dead_letters() {
    return store->read([](store::View& view) {
      std::vector<std::pair<std::int64_t, std::string>> all;
      auto row = view.rows().query("SELECT seq, state FROM dead_letters ORDER BY seq");
      while (row.next()) all.emplace_back(row.integer(0), std::string(row.text(1)));
      return all;
    });
  }

  seam::Gate gate;
  seam::Gate publisher_gate;
  events::Puller::Options puller_options;
  std::function<void(store::Transaction&, const NoteWritten&)> before_effect;
  std::function<void(store::Transaction&, const NoteWritten&)> after_effect;
  events::Handlers::ByType hears;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<events::Consumer> consumer;
  std::unique_ptr<events::LogSource> source;
  std::unique_ptr<events::Puller> puller;

 private:
  NoteStore& publisher_;
  const events::Consumer::Options consumer_options_;
  const store::Writer::Options writer_options_;
};

/// Publishes NoteWritten with numbers `from` to `to`, all of subject "s" and the number modulo 3, in one commit.
inline void publish_numbers(NoteStore& publisher, std::int64_t from, std::int64_t to) {
  (void)publisher->write({}, [&](store::Transaction& transaction) -> Result<void> {
    for (std::int64_t number = from; number <= to; ++number) {
      transaction.publish(NoteWritten{{"s" + std::to_string(number % 3)}, number});
    }
    return {};
  });
}

inline std::vector<std::int64_t> count_up(std::int64_t from, std::int64_t to) {
  std::vector<std::int64_t> all;
  for (; from <= to; ++from) all.push_back(from);
  return all;
}

}  // namespace seamline::test
