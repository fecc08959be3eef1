#include "store/document_record.hpp"

#include <algorithm>

namespace seamline::store {
namespace {

constexpr std::string_view subject_prefix = "subject/";

Document to_document(const LogEntry& entry) {
  Document document;
  document.add("seq", entry.seq).add("epoch", entry.epoch).add("type", entry.type).add("at_ms", entry.at);
  document.add("trace", entry.trace).add("payload", entry.payload).add("hash", entry.hash);
  return document;
}

LogEntry to_entry(const Document& document, std::string_view subject) {
  LogEntry entry;
  entry.seq = document.integer("seq");
  entry.epoch = document.integer("epoch");
  entry.type = document.text("type");
  entry.subject = subject;
  entry.at = document.timestamp("at_ms");
  entry.trace = document.text("trace");
  entry.payload = document.text("payload");
  entry.hash = document.digest("hash");
  return entry;
}

Document to_document(const DocumentRecord::Timer& timer) {
  return Document().add("kind", timer.kind).add("due_at_ms", timer.due);
}

Document to_document(const DocumentRecord::Answer& answer) {
  Document document;
  document.add("key", answer.key.key).add("operation", answer.key.operation).add("caller", answer.key.caller);
  document.add("fingerprint", answer.answer.fingerprint).add("reply", answer.answer.reply).add("at_ms", answer.at);
  return document;
}

DocumentRecord::Answer to_answer(const Document& document) {
  return {{document.text("caller"), document.text("operation"), document.text("key")},
          {document.digest("fingerprint"), document.text("reply")},
          document.timestamp("at_ms")};
}

Document to_document(const DocumentRecord::DeadLetter& letter) {
  Document document = to_document(letter.entry);
  document.add("publisher", letter.publisher).add("state", letter.state).add("reason", letter.reason);
  return document;
}

Document to_document(const DocumentRecord::Applied& applied) {
  return Document().add("publisher", applied.publisher).add("seq", applied.seq);
}

Document to_document(const DocumentRecord::Foreign& foreign) {
  return Document().add("event_id", foreign.event_id).add("source", foreign.source).add("at_ms", foreign.at);
}

/// A list that is empty is left out: an index over its members then has nothing of this document.
template <class T>
void add_list(Document& document, std::string_view name, const std::vector<T>& values) {
  if (values.empty()) return;
  Document::List list;
  for (const T& value : values) list.push_back(to_document(value));
  document.add(name, std::move(list));
}

Timestamp next_due(const std::vector<DocumentRecord::Timer>& timers) {
  Timestamp next = timers.front().due;
  for (const DocumentRecord::Timer& timer : timers) next = std::min(next, timer.due);
  return next;
}

}  // namespace

std::string subject_document_id(std::string_view subject) { return std::string(subject_prefix) + std::string(subject); }

std::string_view subject_of_document(std::string_view id) {
  return id.starts_with(subject_prefix) ? id.substr(subject_prefix.size()) : std::string_view();
}

Document to_document(const DocumentRecord& record) {
  Document document;
  document.add("_id", record.id).add("revision", record.revision).add("fence", record.fence);
  if (!record.body.is_empty()) document.add("body", record.body);
  // What lists are searched and sorted by, as a member of its own.
  if (!record.log.empty()) document.add("last_seq", record.log.back().seq);
  if (!record.timers.empty()) document.add("next_due_ms", next_due(record.timers));
  add_list(document, "log", record.log);
  add_list(document, "timers", record.timers);
  add_list(document, "answers", record.answers);
  add_list(document, "dead_letters", record.dead_letters);
  add_list(document, "applied", record.applied);
  add_list(document, "foreign", record.foreign);
  return document;
}

DocumentRecord to_record(const Document& document) {
  DocumentRecord record;
  record.id = document.text("_id");
  record.revision = document.integer("revision");
  record.fence = document.integer("fence");
  if (document.has("body")) record.body = document.document("body");
  record.log = log_of(document);
  for (const Document& timer : document.list("timers")) {
    record.timers.push_back({timer.text("kind"), timer.timestamp("due_at_ms")});
  }
  for (const Document& answer : document.list("answers")) record.answers.push_back(to_answer(answer));
  const std::string_view subject = subject_of_document(record.id);
  for (const Document& letter : document.list("dead_letters")) {
    record.dead_letters.push_back(
        {letter.text("publisher"), letter.text("state"), letter.text("reason"), to_entry(letter, subject)});
  }
  for (const Document& applied : document.list("applied")) {
    record.applied.push_back({applied.text("publisher"), applied.integer("seq")});
  }
  for (const Document& foreign : document.list("foreign")) {
    record.foreign.push_back({foreign.text("source"), foreign.text("event_id"), foreign.timestamp("at_ms")});
  }
  return record;
}

std::vector<LogEntry> log_of(const Document& document) {
  std::vector<LogEntry> entries;
  const std::string_view subject = subject_of_document(document.text("_id"));
  for (const Document& entry : document.list("log")) entries.push_back(to_entry(entry, subject));
  return entries;
}

}  // namespace seamline::store
