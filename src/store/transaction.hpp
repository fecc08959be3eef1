#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "contract/events.hpp"
#include "store/connection.hpp"
#include "store/event_log.hpp"

namespace seamline::store {

class Documents;

/// Under what a reply is remembered: the caller (role and subject), the operation and the client's key.
struct AnswerKey {
  std::string caller;
  std::string operation;
  std::string key;
  auto operator<=>(const AnswerKey&) const = default;
};

/// A reply that is given again to a repeat of the same operation.
struct RememberedAnswer {
  /// SHA-256 of the canonically encoded operation.
  Sha256 fingerprint{};
  /// The encoded reply.
  std::string reply;
};

/// Where a subscription to a topic of a message broker goes on.
struct TopicPlaces {
  /// Which storage has the topic: the places mean nothing in another one.
  std::string storage_id;
  /// By partition.
  std::map<std::int64_t, std::int64_t> next_offsets;
};

/// An event of somebody else than the publisher that can never be applied, and where it lay.
struct ForeignDeadLetter {
  std::string broker;
  std::string topic;
  std::string storage_id;
  std::int64_t partition = 0;
  std::int64_t offset = 0;
  std::string reason;
  std::string type;
  /// CloudEvents' identity; both empty where it has none.
  std::string source;
  std::string event_id;
  std::string trace;
  std::string payload;
};

/// A consistent view of a module's store: what the kernel and the modules may ask of it, in their own words. SQL rows are one
/// implementation (sql_records.hpp), documents another (document_records.hpp). What is read throws StorageError where the
/// database fails.
class View {
 public:
  virtual ~View() = default;

  /// The rows, for a module's repository over SQL. The kernel itself needs none but in its own implementation over rows.
  /// Throws StorageError where the store keeps documents.
  virtual Connection& rows();
  /// The documents, for a module's repository over these. Throws StorageError where the store keeps rows.
  virtual Documents& documents();

  /// Whose the log is, and at which epoch. Empty in a store that is new.
  virtual LogOwnership ownership() = 0;
  /// The position of the last entry of the module's own log.
  virtual LogPosition head() = 0;
  /// The hash of the entry with that number; empty where there is none.
  virtual std::optional<Sha256> hash_at(std::int64_t seq) = 0;
  /// Calls `take` with up to `limit` entries behind `after_seq`, in their order, until it returns false. See scan_log().
  virtual void entries_behind(std::int64_t after_seq, std::int64_t limit, const EntrySink& take) = 0;

  /// How far this module has applied the log of `publisher`; the beginning where it has not begun.
  virtual LogPosition cursor(const std::string& publisher) = 0;
  /// How far `subscriber` says that it has applied this module's log; empty where it has said nothing yet.
  virtual std::optional<std::int64_t> receipt(const std::string& subscriber) = 0;

  /// All of them, by subscriber.
  virtual std::map<std::string, std::int64_t> receipts() = 0;
  /// Where this module goes on in a broker's topic; without places where it has not begun.
  virtual TopicPlaces topic_places(const std::string& broker, const std::string& topic) = 0;
  /// Whether the foreign event with this identity was applied.
  virtual bool is_foreign_event_known(const std::string& source, const std::string& event_id) = 0;

  /// The subjects that have dead letters from `publisher`.
  virtual std::vector<std::string> dead_subjects(const std::string& publisher) = 0;
  /// The first of them by its number, for one subject.
  virtual std::optional<LogEntry> oldest_dead_letter(const std::string& publisher, const std::string& subject) = 0;

  /// Calls `take` with the kind and subject of each timer that is due at `now`, the longest due first, until it returns false.
  virtual void due_timers(Timestamp now, const std::function<bool(std::string_view, std::string_view)>& take) = 0;

  /// The reply that is remembered under `key`.
  virtual std::optional<RememberedAnswer> remembered(const AnswerKey& key) = 0;
};

/// What a command may do to its module's store, all of it or nothing. A command may run a second time after a rollback: it
/// has no effect outside the store until the commit, reads and validates before its first write, and writes nothing when it
/// fails. Lives on the writer's thread, only while the command runs.
class Transaction : public View {
 public:
  /// When the command was queued: the same again if it runs again.
  virtual Timestamp now() const = 0;
  /// A mark in the course of what is written, for has_changed_since().
  virtual std::int64_t mark() = 0;
  /// Whether anything was written since that mark.
  virtual bool has_changed_since(std::int64_t mark) = 0;
  /// From here on the transaction applies this entry of `publisher`. Returns false where its effect is there already: then
  /// nothing is to be done. Only a store that writes one document at a time can be ahead of its cursor so.
  virtual bool begin_entry(const std::string& publisher, const LogEntry& entry);

  /// Publishes a fact: it is in the log exactly if the transaction commits, and is handed to the subscribers after it.
  template <Event E>
  void publish(const E& event) {
    static const std::string type = E::type.full_name();
    LogEntry entry;
    entry.type = type;
    entry.subject = event.subject();
    entry.payload = encode_event(event);
    entry.typed = std::make_shared<const E>(event);
    append(std::move(entry));
  }

  /// Sets the timer of this kind and subject: its handler runs in a transaction at `due`, or soon after. Setting it again
  /// moves it.
  virtual void set_timer(std::string_view kind, std::string_view subject, Timestamp due) = 0;
  /// Takes it back; nothing happens where there is none.
  virtual void cancel_timer(std::string_view kind, std::string_view subject) = 0;
  /// Whether there is such a timer, and its time has come.
  virtual bool is_timer_due(std::string_view kind, std::string_view subject) = 0;
  /// Moves a timer that is due to `until`; one that is not, or is not there, stays as it is.
  virtual void put_off_timer(std::string_view kind, std::string_view subject, Timestamp until) = 0;

  virtual void remember(const AnswerKey& key, const RememberedAnswer& answer) = 0;
  /// Forgets the oldest answers, at most `limit`, as far as they were remembered before `before`. Returns how many.
  virtual std::int64_t forget_answers(Timestamp before, std::int64_t limit) = 0;

  /// Moves the cursor in the log of `publisher` from `from_seq`, where it must stand, or 0 where there is none yet. Throws
  /// StorageError, fatally, where it stands elsewhere.
  virtual void move_cursor(const std::string& publisher, std::int64_t from_seq, const LogPosition& to) = 0;
  /// Keeps an entry of `publisher` that can never be applied (`is_poisoned`), or waits behind such a one of its subject.
  virtual void bury(const std::string& publisher, const LogEntry& entry, bool is_poisoned, std::string_view reason) = 0;
  /// Removes a dead letter that is there.
  virtual void remove_dead_letter(const std::string& publisher, const LogEntry& entry) = 0;
  /// Writes down how far `subscriber` has applied this module's log.
  virtual void record_receipt(const std::string& subscriber, std::int64_t seq) = 0;

  /// Writes down where to go on in a broker's topic. Places in another storage than that of `places` are forgotten.
  virtual void move_topic_places(const std::string& broker, const std::string& topic, const TopicPlaces& places) = 0;
  /// From here on the transaction applies another foreign event; see begin_entry().
  virtual void begin_foreign_event() {}
  /// From here on the foreign event with this identity is known.
  virtual void remember_foreign_event(const std::string& source, const std::string& event_id) = 0;
  /// Forgets the oldest of them, at most `limit`, as far as they were remembered before `before`. Returns how many.
  virtual std::int64_t forget_foreign_events(Timestamp before, std::int64_t limit) = 0;
  virtual void bury_foreign(const ForeignDeadLetter& letter) = 0;

  /// Runs once the transaction is durable, on the writer's thread: to wake somebody, never to compute or to wait.
  virtual void after_commit(std::function<void()> action) = 0;

 protected:
  virtual void append(LogEntry entry) = 0;
};

}  // namespace seamline::store
