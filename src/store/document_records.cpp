#include "store/document_records.hpp"

#include <algorithm>

#include "store/snapshot.hpp"

namespace seamline::store {
namespace {

/// Entries that one query reads: what a page of the log holds in memory.
constexpr std::int64_t page_entries = 256;

constexpr std::string_view receipt_prefix = "receipt/";

Document operator_of(std::string_view name, std::int64_t value) { return Document().add(name, value); }

}  // namespace

std::string cursor_document_id(const std::string& publisher) { return "cursor/" + publisher; }

std::string receipt_document_id(const std::string& subscriber) { return std::string(receipt_prefix) + subscriber; }

std::string places_document_id(const std::string& broker, const std::string& topic) { return "places/" + broker + "/" + topic; }

std::optional<Document> find_document(DocumentCollection& collection, const std::string& id) {
  std::optional<Document> found;
  collection.find({Document().add("_id", id), {}, {}, 1}, [&](const Document& document) {
    found = document;
    return false;
  });
  return found;
}

std::optional<RememberedAnswer> answer_in(const DocumentRecord& record, const AnswerKey& key) {
  for (const DocumentRecord::Answer& answer : record.answers) {
    if (answer.key == key) return answer.answer;
  }
  return std::nullopt;
}

bool is_foreign_in(const DocumentRecord& record, const std::string& source, const std::string& event_id) {
  return std::any_of(record.foreign.begin(), record.foreign.end(), [&](const DocumentRecord::Foreign& foreign) {
    return foreign.event_id == event_id && foreign.source == source;
  });
}

LogPosition find_head(DocumentCollection& collection, const LogOwnership& ownership) {
  LogPosition head{ownership.log_id, ownership.epoch, 0, {}};
  collection.find(
      {Document().add("last_seq", operator_of("$gt", 0)), Document().add("last_seq", -1), Document().add("log", 1), 1},
      [&](const Document& document) {
        const LogEntry last = log_of(document).back();
        head.seq = last.seq;
        head.hash = last.hash;
        return false;
      });
  return head;
}

template <class Base>
DocumentRecord DocumentRecords<Base>::read(const std::string& id) {
  const auto found = find_document(collection_, id);
  if (found) return to_record(*found);
  DocumentRecord record;
  record.id = id;
  return record;
}

template <class Base>
LogOwnership DocumentRecords<Base>::ownership() {
  const DocumentRecord record = read(ownership_document_id);
  if (record.revision == 0) return {};
  return {record.body.text("log_id"), record.body.integer("epoch")};
}

template <class Base>
std::vector<LogEntry> DocumentRecords<Base>::read_entries(std::int64_t first_seq, std::int64_t last_seq) {
  std::vector<LogEntry> entries;
  Document::Numbers wanted;
  for (std::int64_t seq = first_seq; seq <= last_seq; ++seq) wanted.push_back(seq);
  collection_.find({Document().add("log.seq", Document().add("$in", std::move(wanted))), {}, Document().add("log", 1), 0},
                   [&](const Document& document) {
                     for (LogEntry& entry : log_of(document)) {
                       if (entry.seq >= first_seq && entry.seq <= last_seq) entries.push_back(std::move(entry));
                     }
                     return true;
                   });
  std::sort(entries.begin(), entries.end(), [](const LogEntry& a, const LogEntry& b) { return a.seq < b.seq; });
  const auto expected = static_cast<std::size_t>(last_seq - first_seq + 1);
  if (entries.size() == expected && entries.front().seq == first_seq && entries.back().seq == last_seq) return entries;
  throw StorageError("the log has not one entry for each number from " + std::to_string(first_seq) + " to " +
                     std::to_string(last_seq));
}

template <class Base>
std::optional<Sha256> DocumentRecords<Base>::hash_at(std::int64_t seq) {
  const LogPosition last = head();
  if (seq == last.seq) return last.hash;
  if (seq < 1 || seq > last.seq) return std::nullopt;
  return read_entries(seq, seq).front().hash;
}

template <class Base>
void DocumentRecords<Base>::entries_behind(std::int64_t after_seq, std::int64_t limit, const EntrySink& take) {
  const std::int64_t last_seq = head().seq;
  const std::int64_t end_seq = limit < last_seq - after_seq ? after_seq + limit : last_seq;
  for (std::int64_t first = after_seq + 1; first <= end_seq; first += page_entries) {
    for (const LogEntry& entry : read_entries(first, std::min(first + page_entries - 1, end_seq))) {
      if (!take(entry)) return;
    }
  }
}

template <class Base>
LogPosition DocumentRecords<Base>::cursor(const std::string& publisher) {
  const DocumentRecord record = read(cursor_document_id(publisher));
  if (record.revision == 0) return {};
  const Document& at = record.body;
  return {at.text("log_id"), at.integer("epoch"), at.integer("seq"), at.digest("hash")};
}

template <class Base>
std::optional<std::int64_t> DocumentRecords<Base>::receipt(const std::string& subscriber) {
  const DocumentRecord record = read(receipt_document_id(subscriber));
  if (record.revision == 0) return std::nullopt;
  return record.body.integer("seq");
}

template <class Base>
std::map<std::string, std::int64_t> DocumentRecords<Base>::receipts() {
  std::map<std::string, std::int64_t> receipts;
  // '0' is the character behind '/'.
  const Document range = Document().add("$gt", receipt_prefix).add("$lt", "receipt0");
  collection_.find({Document().add("_id", range), {}, {}, 0}, [&](const Document& document) {
    receipts.emplace(document.text("_id").substr(receipt_prefix.size()), document.document("body").integer("seq"));
    return true;
  });
  return receipts;
}

template <class Base>
TopicPlaces DocumentRecords<Base>::topic_places(const std::string& broker, const std::string& topic) {
  TopicPlaces places;
  const DocumentRecord record = read(places_document_id(broker, topic));
  if (record.revision == 0) return places;
  places.storage_id = record.body.text("storage_id");
  for (const Document& place : record.body.list("places")) {
    places.next_offsets.emplace(place.integer("partition"), place.integer("next_offset"));
  }
  return places;
}

template <class Base>
bool DocumentRecords<Base>::is_foreign_event_known(const std::string& source, const std::string& event_id) {
  bool is_known = false;
  collection_.find({Document().add("foreign.event_id", event_id), {}, {}, 0}, [&](const Document& document) {
    is_known = is_foreign_in(to_record(document), source, event_id);
    return !is_known;
  });
  return is_known;
}

template <class Base>
std::vector<std::string> DocumentRecords<Base>::dead_subjects(const std::string& publisher) {
  std::vector<std::string> subjects;
  collection_.find({Document().add("dead_letters.publisher", publisher), {}, Document().add("_id", 1), 0},
                   [&](const Document& document) {
                     subjects.emplace_back(subject_of_document(document.text("_id")));
                     return true;
                   });
  return subjects;
}

template <class Base>
std::optional<LogEntry> DocumentRecords<Base>::oldest_dead_letter(const std::string& publisher, const std::string& subject) {
  std::optional<LogEntry> oldest;
  for (const DocumentRecord::DeadLetter& letter : read(subject_document_id(subject)).dead_letters) {
    if (letter.publisher == publisher && (!oldest || letter.entry.seq < oldest->seq)) oldest = letter.entry;
  }
  return oldest;
}

template <class Base>
void DocumentRecords<Base>::due_timers(Timestamp now, const std::function<bool(std::string_view, std::string_view)>& take) {
  collection_.find({Document().add("next_due_ms", operator_of("$lte", now.ms)), Document().add("next_due_ms", 1), {}, 0},
                   [&](const Document& document) {
                     const DocumentRecord record = to_record(document);
                     const std::string_view subject = subject_of_document(record.id);
                     for (const DocumentRecord::Timer& timer : record.timers) {
                       if (timer.due <= now && !take(timer.kind, subject)) return false;
                     }
                     return true;
                   });
}

template <class Base>
std::optional<RememberedAnswer> DocumentRecords<Base>::remembered(const AnswerKey& key) {
  std::optional<RememberedAnswer> answer;
  collection_.find({Document().add("answers.key", key.key), {}, {}, 0}, [&](const Document& document) {
    answer = answer_in(to_record(document), key);
    return !answer;
  });
  return answer;
}

template <class Base>
std::optional<Document> DocumentRecords<Base>::find_body(const std::string& id) {
  DocumentRecord record = read(subject_document_id(id));
  if (record.body.is_empty()) return std::nullopt;
  return std::move(record.body);
}

template <class Base>
std::vector<std::pair<std::string, Document>> DocumentRecords<Base>::list(const Filter& filter) {
  // '0' is the character behind '/': no id with the prefix is behind it.
  std::string last = subject_document_id(filter.before);
  if (filter.before.empty()) last.back() = '0';
  Document range;
  range.add("$gt", subject_document_id(filter.after)).add("$lt", last);
  Document wanted;
  wanted.add("_id", std::move(range));
  // A document may have nothing but dead letters, of an aggregate that nobody knows.
  wanted.add("body", Document().add("$exists", true));
  for (const auto& [member, value] : filter.equal) wanted.add("body." + member, value);
  std::vector<std::pair<std::string, Document>> found;
  collection_.find(
      {std::move(wanted), Document().add("_id", filter.is_ascending ? 1 : -1), Document().add("body", 1), filter.limit},
      [&](const Document& document) {
        found.emplace_back(subject_of_document(document.text("_id")), document.document("body"));
        return true;
      });
  return found;
}

template <class Base>
std::vector<std::pair<std::string, std::int64_t>> DocumentRecords<Base>::count_by(const std::string& member) {
  return collection_.count_by("body." + member);
}

template <class Base>
void DocumentRecords<Base>::ensure_index(const std::string& member) {
  collection_.ensure_index(member, Document().add("body." + member, 1).add("_id", 1), false);
}

template <class Base>
void DocumentRecords<Base>::put_body(const std::string&, Document) {
  throw StorageError("a view that only reads was written through");
}

template class DocumentRecords<Snapshot>;
template class DocumentRecords<OpenTransaction>;

}  // namespace seamline::store
