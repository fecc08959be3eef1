#pragma once

#include <mutex>

#include "store/document_collection.hpp"
#include "store/document_record.hpp"
#include "store/documents.hpp"
#include "store/open_transaction.hpp"

namespace seamline::store {

/// The last entry of the log that is durable, known without asking the server. The writer moves it; who reads the log reads
/// no further: entries up to there never change, while those behind may be being written just now. Thread-safe.
class DurableHead {
 public:
  LogPosition get() const {
    const std::lock_guard lock(mutex_);
    return head_;
  }
  void set(LogPosition head) {
    const std::lock_guard lock(mutex_);
    head_ = std::move(head);
  }

 private:
  mutable std::mutex mutex_;
  LogPosition head_;
};

/// What the kernel keeps in every store, read from documents. `Base` is Snapshot or OpenTransaction. A read of one document is
/// consistent; two reads may have a commit between them, which the log is read so as not to notice. Collection and head outlive
/// it.
template <class Base>
class DocumentRecords : public Base, public Documents {
 public:
  template <class... Args>
  DocumentRecords(DocumentCollection& collection, const DurableHead& head, Args&&... args)
      : Base(std::forward<Args>(args)...), collection_(collection), durable_head_(head) {}

  Documents& documents() final { return *this; }
  LogOwnership ownership() final;
  LogPosition head() final { return durable_head_.get(); }
  std::optional<Sha256> hash_at(std::int64_t seq) final;
  void entries_behind(std::int64_t after_seq, std::int64_t limit, const EntrySink& take) final;
  LogPosition cursor(const std::string& publisher) final;
  std::optional<std::int64_t> receipt(const std::string& subscriber) final;
  std::map<std::string, std::int64_t> receipts() final;
  TopicPlaces topic_places(const std::string& broker, const std::string& topic) final;
  bool is_foreign_event_known(const std::string& source, const std::string& event_id) override;
  std::vector<std::string> dead_subjects(const std::string& publisher) final;
  std::optional<LogEntry> oldest_dead_letter(const std::string& publisher, const std::string& subject) final;
  void due_timers(Timestamp now, const std::function<bool(std::string_view, std::string_view)>& take) final;
  std::optional<RememberedAnswer> remembered(const AnswerKey& key) override;

  std::optional<Document> find_body(const std::string& id) override;
  std::vector<std::pair<std::string, Document>> list(const Filter& filter) final;
  std::vector<std::pair<std::string, std::int64_t>> count_by(const std::string& member) final;
  void ensure_index(const std::string& member) final;
  void put_body(const std::string& id, Document body) override;

 protected:
  /// The record with that document id; one with revision 0 where there is none.
  virtual DocumentRecord read(const std::string& id);
  std::vector<LogEntry> read_entries(std::int64_t first_seq, std::int64_t last_seq);

  DocumentCollection& collection_;

 private:
  const DurableHead& durable_head_;
};

/// The ids of the kernel's own documents.
std::string cursor_document_id(const std::string& publisher);
std::string receipt_document_id(const std::string& subscriber);
std::string places_document_id(const std::string& broker, const std::string& topic);
inline constexpr const char* ownership_document_id = "ownership";

/// The position of the last entry of the log, looked for among all documents. Its gap-free beginning is not checked.
LogPosition find_head(DocumentCollection& collection, const LogOwnership& ownership);

/// Whether the event took effect in this document.
bool is_foreign_in(const DocumentRecord& record, const std::string& source, const std::string& event_id);
/// The answer among those of one document.
std::optional<RememberedAnswer> answer_in(const DocumentRecord& record, const AnswerKey& key);

}  // namespace seamline::store
