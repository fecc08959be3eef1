#pragma once

#include <deque>

#include "mongodb/flaky_server.hpp"
#include "store/documents.hpp"
#include "store/writer.hpp"
#include "support/manual_clock.hpp"
#include "support/notes.hpp"

namespace seamline::test {

/// A command made of a function. Remembers what it was told.
class NoteCommand final : public store::Command {
 public:
  using Body = std::function<void(store::Transaction&)>;
  explicit NoteCommand(Body body) : body_(std::move(body)) {}
  std::size_t run(store::Transaction& transaction, std::size_t) override {
    body_(transaction);
    return 1;
  }
  void committed() override { is_committed = true; }
  void failed(const Error& error) override { problem = error; }

  bool is_committed = false;
  std::optional<Error> problem;

 private:
  Body body_;
};

inline void put_note(store::Transaction& transaction, const std::string& id, std::int64_t number) {
  transaction.documents().put_body(id, store::Document().add("number", number));
  transaction.publish(NoteWritten{{id}, number});
}

/// A bulk makes sure once, at its beginning, that the store is its own.
inline store::DocumentOptions held_once() {
  store::DocumentOptions options;
  options.transaction.held_documents = 16;
  return options;
}

/// One life of the process that owns the notes: keeper, log and writer over a connection that may break.
class NoteProcess {
 public:
  /// `holder` as of make_document_keeper. Throws what taking the store throws.
  NoteProcess(const std::string& url, const std::string& holder, const ManualClock& clock,
              const store::DocumentOptions& options = held_once())
      : keeper_(store::make_document_keeper("note", holder, std::make_unique<FlakyServer>(url, plan), options, clock)),
        taken(keeper_->take({}, clock.now(), "log-1")) {
    if (!taken) return;
    log_ = std::make_unique<store::EventLog>(*taken);
    auto transaction = keeper_->open_writer(module_, *log_);
    transaction_ = transaction.get();
    writer_ = std::make_unique<store::Writer>(module_, std::move(transaction), *log_, clock, store::Writer::Options{});
  }

  /// Runs the bodies in one batch. Returns their commands.
  std::deque<NoteCommand> batch(std::vector<NoteCommand::Body> bodies) {
    std::deque<NoteCommand> commands;
    for (auto& body : bodies) commands.emplace_back(std::move(body));
    for (NoteCommand& command : commands) writer_->post(command);
    while (writer_->step()) {
    }
    return commands;
  }
  bool write(NoteCommand::Body body) { return batch({std::move(body)}).front().is_committed; }
  store::OpenTransaction& transaction() { return *transaction_; }
  store::EventLog& log() { return *log_; }

  template <class Query>
  auto read(Query query) {
    auto reader = keeper_->open_reader();
    return query(static_cast<store::View&>(*reader));
  }
  /// `id=number` of each note; and what is wrong with the log.
  std::string notes() {
    return read([](store::View& view) {
      std::string all;
      store::Documents::Filter filter;
      filter.is_ascending = true;
      for (const auto& [id, body] : view.documents().list(filter)) all += id + "=" + std::to_string(body.integer("number")) + " ";
      return all;
    });
  }
  /// `number` of each entry, in the order of the log, whose chain holds.
  std::string logged() {
    return read([&](store::View& view) {
      std::string all;
      Sha256 before{};
      std::int64_t seq = 0;
      const auto entries = store::read_log(view, {}, 1'000'000).value();
      for (const store::LogEntry& entry : entries) {
        if (entry.seq != ++seq || entry.hash != store::chain_hash(before, entry)) all += "broken ";
        before = entry.hash;
        all += entry.subject + " ";
      }
      if (log_->head().seq != seq || log_->head().hash != before) all += "wrong head";
      return all;
    });
  }

  FlakyServer::Plan plan;

 private:
  const std::string module_ = "note";
  std::unique_ptr<store::Keeper> keeper_;

 public:
  Result<store::LogPosition> taken;

 private:
  std::unique_ptr<store::EventLog> log_;
  store::OpenTransaction* transaction_ = nullptr;
  std::unique_ptr<store::Writer> writer_;
};

}  // namespace seamline::test
