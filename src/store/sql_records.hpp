#pragma once

#include "store/open_transaction.hpp"
#include "store/snapshot.hpp"

namespace seamline::store {

/// What the kernel keeps in every store, read from the tables of migrations/kernel: the one place that knows them. `Base` is
/// Snapshot, View or OpenTransaction. The connection outlives it.
template <class Base>
class SqlRecords : public Base {
 public:
  template <class... Args>
  explicit SqlRecords(Connection& rows, Args&&... args) : Base(std::forward<Args>(args)...), rows_(rows) {}

  Connection& rows() final { return rows_; }
  LogOwnership ownership() final;
  LogPosition head() final;
  std::optional<Sha256> hash_at(std::int64_t seq) final;
  void entries_behind(std::int64_t after_seq, std::int64_t limit, const EntrySink& take) final;
  LogPosition cursor(const std::string& publisher) final;
  std::optional<std::int64_t> receipt(const std::string& subscriber) final;
  std::map<std::string, std::int64_t> receipts() final;
  TopicPlaces topic_places(const std::string& broker, const std::string& topic) final;
  bool is_foreign_event_known(const std::string& source, const std::string& event_id) final;
  std::vector<std::string> dead_subjects(const std::string& publisher) final;
  std::optional<LogEntry> oldest_dead_letter(const std::string& publisher, const std::string& subject) final;
  void due_timers(Timestamp now, const std::function<bool(std::string_view, std::string_view)>& take) final;
  std::optional<RememberedAnswer> remembered(const AnswerKey& key) final;

 protected:
  Connection& rows_;
};

extern template class SqlRecords<View>;
extern template class SqlRecords<Snapshot>;
extern template class SqlRecords<OpenTransaction>;

/// The writer's transaction over rows.
class SqlTransaction final : public SqlRecords<OpenTransaction> {
 public:
  /// All three outlive it.
  SqlTransaction(Connection& rows, const std::string& module, EventLog& log) : SqlRecords(rows, module, log) {}

  void begin(Answers answers) override { rows_.begin(answers); }
  void commit() override { rows_.commit(); }
  void roll_back() noexcept override { rows_.roll_back(); }
  std::int64_t session() const override { return rows_.session(); }

  std::int64_t mark() override { return rows_.mark(); }
  bool has_changed_since(std::int64_t mark) override { return rows_.has_changed_since(mark); }
  void write_entry(const LogEntry& entry) override;
  void set_timer(std::string_view kind, std::string_view subject, Timestamp due) override;
  void cancel_timer(std::string_view kind, std::string_view subject) override;
  bool is_timer_due(std::string_view kind, std::string_view subject) override;
  void put_off_timer(std::string_view kind, std::string_view subject, Timestamp until) override;
  void remember(const AnswerKey& key, const RememberedAnswer& answer) override;
  std::int64_t forget_answers(Timestamp before, std::int64_t limit) override;
  void move_cursor(const std::string& publisher, std::int64_t from_seq, const LogPosition& to) override;
  void bury(const std::string& publisher, const LogEntry& entry, bool is_poisoned, std::string_view reason) override;
  void remove_dead_letter(const std::string& publisher, const LogEntry& entry) override;
  void record_receipt(const std::string& subscriber, std::int64_t seq) override;
  void move_topic_places(const std::string& broker, const std::string& topic, const TopicPlaces& places) override;
  void remember_foreign_event(const std::string& source, const std::string& event_id) override;
  std::int64_t forget_foreign_events(Timestamp before, std::int64_t limit) override;
  void bury_foreign(const ForeignDeadLetter& letter) override;
};

/// Reads ownership and head in a store whose schema is up to date; a new store gets a log with the id `new_log_id`.
LogPosition take_log(Connection& rows, const std::string& new_log_id);

}  // namespace seamline::store
