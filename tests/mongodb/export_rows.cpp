#include <cstdio>
#include <filesystem>

#include "store/document_records.hpp"
#include "store/mongodb.hpp"
#include "support/store_rows.hpp"

using namespace seamline;

namespace {

void insert_answer(store::Connection& rows, std::int64_t id, const store::DocumentRecord::Answer& answer) {
  rows.execute(
      "INSERT INTO idempotency (id, caller, operation, key, fingerprint, reply, at_ms) VALUES ($1, $2, $3, $4, $5, $6, $7)", id,
      answer.key.caller, answer.key.operation, answer.key.key, answer.answer.fingerprint, answer.answer.reply, answer.at);
}

/// The record of the kernel's own, if it is one.
void insert_kernel_record(store::Connection& rows, const store::DocumentRecord& record) {
  const auto name_behind = [&](std::string_view prefix) {
    return record.id.starts_with(prefix) ? record.id.substr(prefix.size()) : std::string();
  };
  const store::Document& body = record.body;
  if (record.id == store::ownership_document_id) {
    rows.execute("INSERT INTO ownership (id, log_id, epoch) VALUES (1, $1, $2)", body.text("log_id"), body.integer("epoch"));
  } else if (const std::string publisher = name_behind("cursor/"); !publisher.empty()) {
    rows.execute("INSERT INTO cursors (publisher, partition, log_id, epoch, seq, hash) VALUES ($1, 0, $2, $3, $4, $5)", publisher,
                 body.text("log_id"), body.integer("epoch"), body.integer("seq"), body.digest("hash"));
  } else if (const std::string subscriber = name_behind("receipt/"); !subscriber.empty()) {
    rows.execute("INSERT INTO receipts (subscriber, seq, at_ms) VALUES ($1, $2, $3)", subscriber, body.integer("seq"),
                 body.integer("at_ms"));
  }
}

void export_rows(const std::string& url, const std::filesystem::path& file) {
  store::SqliteConnection rows(file, store::SqliteConnection::Mode::writer, 1000);
  test::migrate_orders(rows);
  rows.begin(store::Answers::later);
  std::int64_t answers = 0;
  store::MongoServer server({url, "order"});
  server.connect()->find({}, [&](const store::Document& document) {
    const store::DocumentRecord record = store::to_record(document);
    const std::string subject(store::subject_of_document(record.id));
    if (subject.empty()) {
      insert_kernel_record(rows, record);
      return true;
    }
    if (!record.body.is_empty()) test::insert_order(rows, subject, record.body);
    for (const auto& entry : record.log) test::insert_entry(rows, entry);
    for (const auto& letter : record.dead_letters) test::insert_dead_letter(rows, letter.publisher, letter.entry);
    for (const auto& answer : record.answers) insert_answer(rows, ++answers, answer);
    for (const auto& timer : record.timers) {
      rows.execute("INSERT INTO timers (kind, subject, due_at_ms) VALUES ($1, $2, $3)", timer.kind, subject, timer.due);
    }
    return true;
  });
  rows.commit();
}

}  // namespace

/// `export_rows URL FILE`: writes an order store of documents into an SQLite file, so that the audits can read it.
int main(int count, char** arguments) {
  if (count != 3) return std::fputs("usage: export_rows URL FILE\n", stderr), 2;
  try {
    std::filesystem::remove(arguments[2]);
    export_rows(arguments[1], arguments[2]);
    return 0;
  } catch (const std::exception& problem) {
    return std::fprintf(stderr, "%s\n", problem.what()), 1;
  }
}
