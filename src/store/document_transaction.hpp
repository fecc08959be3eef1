#pragma once

#include <map>

#include "base/clock.hpp"
#include "store/document_records.hpp"

namespace seamline::store {

/// The writer's transaction over documents. A command, and each entry that a consumer applies, writes one document; a batch is
/// their writes in the order of the commands, sent as one ordered bulk. What a crash leaves of it is a beginning, and so is
/// the log. Each write names the revision that it replaces, so that a bulk can be sent again without doing anything twice:
/// that is how an outcome that got lost is found out.
class DocumentTransaction final : public DocumentRecords<OpenTransaction> {
 public:
  struct Options {
    /// Documents of one bulk. A larger batch is sent as several, one behind the other.
    std::size_t bulk_documents = 1000;
    /// Writes behind which a bulk makes sure again that the store is still this process's: so many, at most, a process that was
    /// killed has still on their way when the next one takes the store. To MongoDB it is no write, as it changes nothing.
    std::size_t held_documents = 1;
    /// The largest document, in bytes; a command that needs a larger one is refused.
    std::size_t document_bytes = std::size_t{12} << 20U;
    /// How long an outcome is looked for, and the rest of a batch sent, while the server is away. Then the process stops.
    std::int64_t resolve_timeout_ms = 60'000;
    /// After how long without a write the lease is renewed.
    std::int64_t renew_ms = 5'000;
    /// For how long nothing is asked of a server that was out of reach.
    std::int64_t retry_ms = 500;
  };

  /// What makes this writer the owner of the store: the revision of the document `ownership`, which whoever takes the store
  /// raises. Every bulk begins with a write that needs it.
  struct Hold {
    std::int64_t fence = 0;
    std::string holder;
  };

  /// All but the last outlive it.
  DocumentTransaction(DocumentCollection& collection, DurableHead& head, const Clock& clock, Options options, Hold hold,
                      const std::string& module, EventLog& log);
  /// Gives the lease back, if the server is there.
  ~DocumentTransaction() override;

  void begin(Answers answers) override;
  void commit() override;
  void roll_back() noexcept override;
  void idle() override;
  void begin_command(const Command& command) override;

  std::int64_t mark() override { return changes_; }
  bool has_changed_since(std::int64_t mark) override { return changes_ != mark; }
  void write_entry(const LogEntry& entry) override;
  void set_timer(std::string_view kind, std::string_view subject, Timestamp due) override;
  void cancel_timer(std::string_view kind, std::string_view subject) override;
  bool is_timer_due(std::string_view kind, std::string_view subject) override;
  void put_off_timer(std::string_view kind, std::string_view subject, Timestamp until) override;
  std::optional<RememberedAnswer> remembered(const AnswerKey& key) override;
  void remember(const AnswerKey& key, const RememberedAnswer& answer) override;
  std::int64_t forget_answers(Timestamp before, std::int64_t limit) override;
  bool begin_entry(const std::string& publisher, const LogEntry& entry) override;
  void move_cursor(const std::string& publisher, std::int64_t from_seq, const LogPosition& to) override;
  void bury(const std::string& publisher, const LogEntry& entry, bool is_poisoned, std::string_view reason) override;
  void remove_dead_letter(const std::string& publisher, const LogEntry& entry) override;
  void record_receipt(const std::string& subscriber, std::int64_t seq) override;
  bool is_foreign_event_known(const std::string& source, const std::string& event_id) override;
  void begin_foreign_event() override { end_unit(); }
  void move_topic_places(const std::string& broker, const std::string& topic, const TopicPlaces& places) override;
  void remember_foreign_event(const std::string& source, const std::string& event_id) override;
  std::int64_t forget_foreign_events(Timestamp before, std::int64_t limit) override;
  void bury_foreign(const ForeignDeadLetter& letter) override;
  std::optional<Document> find_body(const std::string& id) override;
  void put_body(const std::string& id, Document body) override;

 protected:
  DocumentRecord read(const std::string& id) override { return loaded(id); }

 private:
  struct Entry {
    std::string publisher;
    std::int64_t seq = 0;
    std::string document_id;
    /// Everything up to there is covered by the cursor.
    std::int64_t cursor_seq = 0;
  };

  /// As the open transaction sees it.
  DocumentRecord& loaded(const std::string& id);
  /// The one document that the command or entry at work writes. Throws where it has another already.
  DocumentRecord& written(const std::string& id);
  void mark_applied(DocumentRecord& record);
  /// Takes what is older out of a list of up to `limit` documents, each a write by itself. Returns how much.
  template <class T>
  std::int64_t forget(std::vector<T> DocumentRecord::* list, const std::string& member, Timestamp before, std::int64_t limit);
  /// Ends what writes one document: the next write is another one.
  void end_unit();
  void clear() noexcept;

  DocumentWrite hold_write(Timestamp renewed_at) const;
  void check_hold();
  void check_continues();
  std::vector<DocumentWrite> next_bulk(const DocumentWrite& hold, std::size_t end) const;
  void send();
  /// Finds out how far a bulk came that was not acknowledged. Throws where there is nothing to go on from.
  void continue_after(const BulkOutcome& outcome, Instant give_up);
  bool is_in_place(const DocumentWrite& write);
  [[noreturn]] void stop_for_another_owner() const;

  DurableHead& head_;
  const Clock& clock_;
  const Options options_;
  const Hold hold_;
  Instant renewed_;
  bool is_first_batch_ = true;
  Instant out_of_reach_until_;

  std::int64_t changes_ = 0;
  std::map<std::string, DocumentRecord> records_;
  std::optional<std::string> unit_;
  std::optional<std::string> last_found_;
  std::optional<Entry> entry_;
  std::vector<DocumentWrite> writes_;
  std::optional<LogPosition> last_entry_;

  // Of the commit that is under way.
  std::size_t done_ = 0;
  bool is_anything_under_way_ = false;
};

}  // namespace seamline::store
