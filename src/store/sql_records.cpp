#include "store/sql_records.hpp"

#include "base/fault.hpp"

namespace seamline::store {
namespace {

/// A module's log has one partition today.
constexpr std::int64_t partition = 0;

}  // namespace

template <class Base>
LogOwnership SqlRecords<Base>::ownership() {
  Rows row = rows_.query("SELECT log_id, epoch FROM ownership WHERE id = 1");
  if (!row.next()) return {};
  return {std::string(row.text(0)), row.integer(1)};
}

template <class Base>
LogPosition SqlRecords<Base>::head() {
  const LogOwnership owner = ownership();
  LogPosition head{owner.log_id, owner.epoch, 0, {}};
  Rows row = rows_.query("SELECT seq, hash FROM event_log ORDER BY seq DESC LIMIT 1");
  if (row.next()) {
    head.seq = row.integer(0);
    head.hash = row.digest(1);
  }
  return head;
}

template <class Base>
std::optional<Sha256> SqlRecords<Base>::hash_at(std::int64_t seq) {
  Rows row = rows_.query("SELECT hash FROM event_log WHERE seq = $1", seq);
  if (!row.next()) return std::nullopt;
  return row.digest(0);
}

template <class Base>
void SqlRecords<Base>::entries_behind(std::int64_t after_seq, std::int64_t limit, const EntrySink& take) {
  Rows row = rows_.query(
      "SELECT seq, epoch, type, subject, at_ms, trace, payload, hash FROM event_log WHERE seq > $1 ORDER BY seq LIMIT $2",
      after_seq, limit);
  LogEntry entry;
  while (row.next()) {
    entry.seq = row.integer(0);
    entry.epoch = row.integer(1);
    entry.type = row.text(2);
    entry.subject = row.text(3);
    entry.at = row.timestamp(4);
    entry.trace = row.text(5);
    entry.payload = row.text(6);
    entry.hash = row.digest(7);
    if (!take(entry)) break;
  }
}

template <class Base>
LogPosition SqlRecords<Base>::cursor(const std::string& publisher) {
  Rows row =
      rows_.query("SELECT log_id, epoch, seq, hash FROM cursors WHERE publisher = $1 AND partition = $2", publisher, partition);
  if (!row.next()) return {};
  return {std::string(row.text(0)), row.integer(1), row.integer(2), row.digest(3)};
}

template <class Base>
std::optional<std::int64_t> SqlRecords<Base>::receipt(const std::string& subscriber) {
  Rows row = rows_.query("SELECT seq FROM receipts WHERE subscriber = $1", subscriber);
  if (!row.next()) return std::nullopt;
  return row.integer(0);
}

template <class Base>
std::map<std::string, std::int64_t> SqlRecords<Base>::receipts() {
  std::map<std::string, std::int64_t> receipts;
  Rows row = rows_.query("SELECT subscriber, seq FROM receipts");
  while (row.next()) receipts.emplace(row.text(0), row.integer(1));
  return receipts;
}

template <class Base>
TopicPlaces SqlRecords<Base>::topic_places(const std::string& broker, const std::string& topic) {
  TopicPlaces places;
  Rows row = rows_.query("SELECT storage_id, topic_partition, next_offset FROM broker_places WHERE broker = $1 AND topic = $2",
                         broker, topic);
  while (row.next()) {
    places.storage_id = row.text(0);
    places.next_offsets.emplace(row.integer(1), row.integer(2));
  }
  return places;
}

template <class Base>
bool SqlRecords<Base>::is_foreign_event_known(const std::string& source, const std::string& event_id) {
  return rows_.query("SELECT 1 FROM foreign_events WHERE source = $1 AND event_id = $2", source, event_id).next();
}

template <class Base>
std::vector<std::string> SqlRecords<Base>::dead_subjects(const std::string& publisher) {
  std::vector<std::string> subjects;
  Rows row = rows_.query("SELECT DISTINCT subject FROM dead_letters WHERE publisher = $1", publisher);
  while (row.next()) subjects.emplace_back(row.text(0));
  return subjects;
}

template <class Base>
std::optional<LogEntry> SqlRecords<Base>::oldest_dead_letter(const std::string& publisher, const std::string& subject) {
  Rows row = rows_.query(
      "SELECT seq, epoch, type, at_ms, trace, payload, hash FROM dead_letters WHERE publisher = $1 AND subject = $2 "
      "ORDER BY seq LIMIT 1",
      publisher, subject);
  if (!row.next()) return std::nullopt;
  LogEntry entry;
  entry.seq = row.integer(0);
  entry.epoch = row.integer(1);
  entry.type = row.text(2);
  entry.subject = subject;
  entry.at = row.timestamp(3);
  entry.trace = row.text(4);
  entry.payload = row.text(5);
  entry.hash = row.digest(6);
  return entry;
}

template <class Base>
void SqlRecords<Base>::due_timers(Timestamp now, const std::function<bool(std::string_view, std::string_view)>& take) {
  Rows row = rows_.query("SELECT kind, subject FROM timers WHERE due_at_ms <= $1 ORDER BY due_at_ms", now);
  while (row.next() && take(row.text(0), row.text(1))) {
  }
}

template <class Base>
std::optional<RememberedAnswer> SqlRecords<Base>::remembered(const AnswerKey& key) {
  if (SEAMLINE_MISTAKE("blind-retry")) return std::nullopt;
  Rows row = rows_.query("SELECT fingerprint, reply FROM idempotency WHERE key = $1 AND operation = $2 AND caller = $3", key.key,
                         key.operation, key.caller);
  if (!row.next()) return std::nullopt;
  return RememberedAnswer{row.digest(0), std::string(row.text(1))};
}

template class SqlRecords<View>;
template class SqlRecords<Snapshot>;
template class SqlRecords<OpenTransaction>;

void SqlTransaction::write_entry(const LogEntry& entry) {
  rows_.execute(
      "INSERT INTO event_log (seq, epoch, type, subject, at_ms, trace, payload, hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
      entry.seq, entry.epoch, entry.type, entry.subject, entry.at, entry.trace, entry.payload, entry.hash);
}

void SqlTransaction::set_timer(std::string_view kind, std::string_view subject, Timestamp due) {
  if (SEAMLINE_MISTAKE("timer-not-set")) return;
  rows_.execute(
      "INSERT INTO timers (kind, subject, due_at_ms) VALUES ($1, $2, $3) "
      "ON CONFLICT (kind, subject) DO UPDATE SET due_at_ms = excluded.due_at_ms",
      kind, subject, due);
}

void SqlTransaction::cancel_timer(std::string_view kind, std::string_view subject) {
  rows_.execute("DELETE FROM timers WHERE kind = $1 AND subject = $2", kind, subject);
}

bool SqlTransaction::is_timer_due(std::string_view kind, std::string_view subject) {
  Rows row = rows_.query("SELECT due_at_ms FROM timers WHERE kind = $1 AND subject = $2", kind, subject);
  return row.next() && row.timestamp(0) <= now();
}

void SqlTransaction::put_off_timer(std::string_view kind, std::string_view subject, Timestamp until) {
  rows_.execute("UPDATE timers SET due_at_ms = $3 WHERE kind = $1 AND subject = $2 AND due_at_ms <= $4", kind, subject, until,
                now());
}

void SqlTransaction::remember(const AnswerKey& key, const RememberedAnswer& answer) {
  if (SEAMLINE_MISTAKE("answer-not-remembered")) return;
  if (SEAMLINE_MISTAKE("blind-retry")) {
    rows_.execute("DELETE FROM idempotency WHERE key = $1 AND operation = $2 AND caller = $3", key.key, key.operation,
                  key.caller);
  }
  rows_.execute(
      "INSERT INTO idempotency (id, caller, operation, key, fingerprint, reply, at_ms) "
      "VALUES ((SELECT coalesce(max(id), 0) + 1 FROM idempotency), $1, $2, $3, $4, $5, $6)",
      key.caller, key.operation, key.key, answer.fingerprint, answer.reply, now());
  SEAMLINE_CRASH_POINT(module(), "answer-remembered");
}

std::int64_t SqlTransaction::forget_answers(Timestamp before, std::int64_t limit) {
  return rows_.execute_and_count(
      "DELETE FROM idempotency WHERE id IN (SELECT id FROM idempotency ORDER BY id LIMIT $2) AND at_ms < $1", before, limit);
}

void SqlTransaction::move_cursor(const std::string& publisher, std::int64_t from_seq, const LogPosition& to) {
  // Moved by somebody else, it would not be where its consumer knows it.
  rows_.execute_for_one_row(
      "INSERT INTO cursors (publisher, partition, log_id, epoch, seq, hash) VALUES ($1, $2, $3, $4, $5, $6) "
      "ON CONFLICT (publisher, partition) DO UPDATE SET log_id = excluded.log_id, epoch = excluded.epoch, seq = excluded.seq, "
      "hash = excluded.hash WHERE cursors.seq = $7",
      publisher, partition, to.log_id, to.epoch, to.seq, to.hash, from_seq);
}

void SqlTransaction::bury(const std::string& publisher, const LogEntry& entry, bool is_poisoned, std::string_view reason) {
  rows_.execute(
      "INSERT INTO dead_letters (publisher, seq, state, reason, epoch, type, subject, at_ms, trace, payload, hash) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
      publisher, entry.seq, is_poisoned ? "poisoned" : "parked", reason, entry.epoch, entry.type, entry.subject, entry.at,
      entry.trace, entry.payload, entry.hash);
}

void SqlTransaction::remove_dead_letter(const std::string& publisher, const LogEntry& entry) {
  rows_.execute("DELETE FROM dead_letters WHERE publisher = $1 AND seq = $2", publisher, entry.seq);
}

void SqlTransaction::record_receipt(const std::string& subscriber, std::int64_t seq) {
  rows_.execute(
      "INSERT INTO receipts (subscriber, seq, at_ms) VALUES ($1, $2, $3) "
      "ON CONFLICT (subscriber) DO UPDATE SET seq = excluded.seq, at_ms = excluded.at_ms",
      subscriber, seq, now());
}

void SqlTransaction::move_topic_places(const std::string& broker, const std::string& topic, const TopicPlaces& places) {
  rows_.execute("DELETE FROM broker_places WHERE broker = $1 AND topic = $2 AND storage_id <> $3", broker, topic,
                places.storage_id);
  for (const auto& [partition_of_topic, next_offset] : places.next_offsets) {
    rows_.execute(
        "INSERT INTO broker_places (broker, topic, topic_partition, storage_id, next_offset) VALUES ($1, $2, $3, $4, $5) "
        "ON CONFLICT (broker, topic, topic_partition) DO UPDATE SET next_offset = excluded.next_offset",
        broker, topic, partition_of_topic, places.storage_id, next_offset);
  }
}

void SqlTransaction::remember_foreign_event(const std::string& source, const std::string& event_id) {
  rows_.execute("INSERT INTO foreign_events (source, event_id, at_ms) VALUES ($1, $2, $3)", source, event_id, now());
}

std::int64_t SqlTransaction::forget_foreign_events(Timestamp before, std::int64_t limit) {
  return rows_.execute_and_count(
      "DELETE FROM foreign_events WHERE (source, event_id) IN "
      "(SELECT source, event_id FROM foreign_events WHERE at_ms < $1 ORDER BY at_ms LIMIT $2)",
      before, limit);
}

void SqlTransaction::bury_foreign(const ForeignDeadLetter& letter) {
  rows_.execute(
      "INSERT INTO foreign_dead_letters (broker, topic, storage_id, topic_partition, topic_offset, reason, type, source, "
      "event_id, trace, payload, at_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
      letter.broker, letter.topic, letter.storage_id, letter.partition, letter.offset, letter.reason, letter.type, letter.source,
      letter.event_id, letter.trace, letter.payload, now());
}

LogPosition take_log(Connection& rows, const std::string& new_log_id) {
  SqlRecords<View> view(rows);
  if (view.ownership().log_id.empty()) {
    rows.execute("INSERT INTO ownership (id, log_id, epoch) VALUES (1, $1, 1)", new_log_id);
  }
  if (SEAMLINE_MISTAKE("log-id-changes")) rows.execute("UPDATE ownership SET log_id = $1", new_log_id);
  return view.head();
}

}  // namespace seamline::store
