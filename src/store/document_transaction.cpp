#include "store/document_transaction.hpp"

#include <algorithm>

#include "base/fault.hpp"

namespace seamline::store {
namespace {

bool is_timer(const DocumentRecord::Timer& timer, std::string_view kind) { return timer.kind == kind; }

DocumentRecord::Timer* find_timer(DocumentRecord& record, std::string_view kind) {
  const auto found = std::find_if(record.timers.begin(), record.timers.end(),
                                  [&](const DocumentRecord::Timer& timer) { return is_timer(timer, kind); });
  return found == record.timers.end() ? nullptr : &*found;
}

}  // namespace

DocumentTransaction::DocumentTransaction(DocumentCollection& collection, DurableHead& head, const Clock& clock, Options options,
                                         Hold hold, const std::string& module, EventLog& log)
    : DocumentRecords(collection, head, module, log),
      head_(head),
      clock_(clock),
      options_(options),
      hold_(std::move(hold)),
      renewed_(clock.monotonic()),
      out_of_reach_until_(clock.monotonic()) {}

void DocumentTransaction::clear() noexcept {
  records_.clear();
  unit_.reset();
  last_found_.reset();
  entry_.reset();
  writes_.clear();
  last_entry_.reset();
  done_ = 0;
  is_anything_under_way_ = false;
}

void DocumentTransaction::begin(Answers) {
  clear();
  // Each command of a batch that failed begins anew: only one of them waits for the server.
  if (clock_.monotonic() < out_of_reach_until_) {
    throw StorageError("the server was out of reach a moment ago", StorageError::Severity::passing);
  }
  try {
    if (loaded(ownership_document_id).revision != hold_.fence) stop_for_another_owner();
    if (is_first_batch_) check_continues();
    is_first_batch_ = false;
  } catch (const StorageError& problem) {
    if (problem.severity() == StorageError::Severity::passing)
      out_of_reach_until_ = clock_.monotonic().plus_ms(options_.retry_ms);
    throw;
  }
}

void DocumentTransaction::roll_back() noexcept { clear(); }

void DocumentTransaction::begin_command(const Command& command) {
  end_unit();
  OpenTransaction::begin_command(command);
}

bool DocumentTransaction::begin_entry(const std::string& publisher, const LogEntry& entry) {
  end_unit();
  const std::string id = subject_document_id(entry.subject);
  for (const DocumentRecord::Applied& applied : loaded(id).applied) {
    if (applied.publisher == publisher && applied.seq == entry.seq) return false;
  }
  entry_ = Entry{publisher, entry.seq, id, cursor(publisher).seq};
  return true;
}

void DocumentTransaction::end_unit() {
  last_found_.reset();
  entry_.reset();
  if (!unit_) return;
  DocumentRecord& record = records_.at(*unit_);
  unit_.reset();
  const std::int64_t expected = record.revision++;
  record.fence = hold_.fence;
  writes_.push_back({record.id, expected, to_document(record)});
  const std::size_t bytes = writes_.back().content.bytes();
  if (bytes > options_.document_bytes) {
    throw StorageError("the document " + record.id + " would have " + std::to_string(bytes) + " bytes, and at most " +
                       std::to_string(options_.document_bytes) + " are kept");
  }
}

DocumentRecord& DocumentTransaction::loaded(const std::string& id) {
  const auto known = records_.find(id);
  if (known != records_.end()) return known->second;
  return records_.emplace(id, DocumentRecords::read(id)).first->second;
}

DocumentRecord& DocumentTransaction::written(const std::string& id) {
  if (unit_ && *unit_ != id) {
    throw StorageError("one command would write two documents, " + *unit_ + " and " + id +
                       ": a store of documents keeps one in a transaction");
  }
  if (entry_ && entry_->document_id != id) {
    throw StorageError("an entry about " + entry_->document_id + " would write another document, " + id);
  }
  DocumentRecord& record = loaded(id);
  unit_ = id;
  ++changes_;
  if (entry_) mark_applied(record);
  return record;
}

void DocumentTransaction::mark_applied(DocumentRecord& record) {
  // What the cursor has passed is never delivered again.
  std::erase_if(record.applied, [&](const DocumentRecord::Applied& applied) {
    return applied.publisher == entry_->publisher && (applied.seq <= entry_->cursor_seq || applied.seq == entry_->seq);
  });
  record.applied.push_back({entry_->publisher, entry_->seq});
}

void DocumentTransaction::write_entry(const LogEntry& entry) {
  written(subject_document_id(entry.subject)).log.push_back(entry);
  const LogPosition before = head();
  last_entry_ = LogPosition{before.log_id, before.epoch, entry.seq, entry.hash};
}

void DocumentTransaction::set_timer(std::string_view kind, std::string_view subject, Timestamp due) {
  DocumentRecord& record = written(subject_document_id(subject));
  if (DocumentRecord::Timer* timer = find_timer(record, kind)) {
    timer->due = due;
  } else {
    record.timers.push_back({std::string(kind), due});
  }
}

void DocumentTransaction::cancel_timer(std::string_view kind, std::string_view subject) {
  const std::string id = subject_document_id(subject);
  if (find_timer(loaded(id), kind) == nullptr) return;
  std::erase_if(written(id).timers, [&](const DocumentRecord::Timer& timer) { return is_timer(timer, kind); });
}

bool DocumentTransaction::is_timer_due(std::string_view kind, std::string_view subject) {
  const DocumentRecord::Timer* timer = find_timer(loaded(subject_document_id(subject)), kind);
  return timer != nullptr && timer->due <= now();
}

void DocumentTransaction::put_off_timer(std::string_view kind, std::string_view subject, Timestamp until) {
  if (is_timer_due(kind, subject)) find_timer(written(subject_document_id(subject)), kind)->due = until;
}

std::optional<RememberedAnswer> DocumentTransaction::remembered(const AnswerKey& key) {
  for (const auto& [id, record] : records_) {
    if (auto answer = answer_in(record, key)) return answer;
  }
  return DocumentRecords::remembered(key);
}

void DocumentTransaction::remember(const AnswerKey& key, const RememberedAnswer& answer) {
  // A command that has found nothing to do has at least looked at what it is about.
  const std::optional<std::string> id = unit_ ? unit_ : last_found_;
  if (!id) throw StorageError("an answer is to be remembered of a command that is about no document");
  written(*id).answers.push_back({key, answer, now()});
}

template <class T>
std::int64_t DocumentTransaction::forget(std::vector<T> DocumentRecord::* list, const std::string& member, Timestamp before,
                                         std::int64_t limit) {
  std::vector<std::string> ids;
  Document old;
  old.add(member + ".at_ms", Document().add("$lt", before));
  collection_.find({std::move(old), {}, Document().add("_id", 1), limit}, [&](const Document& document) {
    ids.push_back(document.text("_id"));
    return true;
  });
  std::int64_t forgotten = 0;
  for (const std::string& id : ids) {
    // Half of them forgotten is nothing that anybody could notice.
    end_unit();
    forgotten +=
        static_cast<std::int64_t>(std::erase_if(written(id).*list, [&](const T& remembered) { return remembered.at < before; }));
  }
  end_unit();
  return forgotten;
}

std::int64_t DocumentTransaction::forget_answers(Timestamp before, std::int64_t limit) {
  return forget(&DocumentRecord::answers, "answers", before, limit);
}

std::int64_t DocumentTransaction::forget_foreign_events(Timestamp before, std::int64_t limit) {
  return forget(&DocumentRecord::foreign, "foreign", before, limit);
}

void DocumentTransaction::move_cursor(const std::string& publisher, std::int64_t from_seq, const LogPosition& to) {
  end_unit();
  if (cursor(publisher).seq != from_seq) {
    throw StorageError("the cursor of " + publisher + " was moved by somebody else", StorageError::Severity::fatal);
  }
  Document body;
  body.add("log_id", to.log_id).add("epoch", to.epoch).add("seq", to.seq).add("hash", to.hash);
  written(cursor_document_id(publisher)).body = std::move(body);
  end_unit();
}

void DocumentTransaction::bury(const std::string& publisher, const LogEntry& entry, bool is_poisoned, std::string_view reason) {
  written(subject_document_id(entry.subject))
      .dead_letters.push_back({publisher, is_poisoned ? "poisoned" : "parked", std::string(reason), entry});
}

void DocumentTransaction::remove_dead_letter(const std::string& publisher, const LogEntry& entry) {
  std::erase_if(written(subject_document_id(entry.subject)).dead_letters, [&](const DocumentRecord::DeadLetter& letter) {
    return letter.publisher == publisher && letter.entry.seq == entry.seq;
  });
}

void DocumentTransaction::record_receipt(const std::string& subscriber, std::int64_t seq) {
  written(receipt_document_id(subscriber)).body = Document().add("seq", seq).add("at_ms", now());
}

bool DocumentTransaction::is_foreign_event_known(const std::string& source, const std::string& event_id) {
  for (const auto& [id, record] : records_) {
    if (is_foreign_in(record, source, event_id)) return true;
  }
  return DocumentRecords::is_foreign_event_known(source, event_id);
}

void DocumentTransaction::remember_foreign_event(const std::string& source, const std::string& event_id) {
  // One that changed nothing has nothing that it could do twice.
  if (unit_) written(*unit_).foreign.push_back({source, event_id, now()});
  end_unit();
}

void DocumentTransaction::move_topic_places(const std::string& broker, const std::string& topic, const TopicPlaces& places) {
  end_unit();
  TopicPlaces all = topic_places(broker, topic);
  if (all.storage_id != places.storage_id) all = {places.storage_id, {}};
  for (const auto& [partition, next_offset] : places.next_offsets) all.next_offsets[partition] = next_offset;
  Document::List list;
  for (const auto& [partition, next_offset] : all.next_offsets) {
    list.push_back(Document().add("partition", partition).add("next_offset", next_offset));
  }
  written(places_document_id(broker, topic)).body = Document().add("storage_id", all.storage_id).add("places", std::move(list));
  end_unit();
}

void DocumentTransaction::bury_foreign(const ForeignDeadLetter& letter) {
  end_unit();
  const std::string place = letter.broker + "/" + letter.topic + "/" + letter.storage_id + "/" +
                            std::to_string(letter.partition) + "/" + std::to_string(letter.offset);
  Document body;
  body.add("broker", letter.broker).add("topic", letter.topic).add("storage_id", letter.storage_id);
  body.add("partition", letter.partition).add("offset", letter.offset).add("reason", letter.reason).add("type", letter.type);
  body.add("source", letter.source).add("event_id", letter.event_id).add("trace", letter.trace);
  body.add("payload", letter.payload).add("at_ms", now());
  written("foreign_dead_letter/" + place).body = std::move(body);
  end_unit();
}

std::optional<Document> DocumentTransaction::find_body(const std::string& id) {
  auto body = DocumentRecords::find_body(id);
  if (body) last_found_ = subject_document_id(id);
  return body;
}

void DocumentTransaction::put_body(const std::string& id, Document body) {
  written(subject_document_id(id)).body = std::move(body);
}

}  // namespace seamline::store
