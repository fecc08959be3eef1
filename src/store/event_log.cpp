#include "store/event_log.hpp"

#include "base/assert.hpp"
#include "base/fault.hpp"

namespace seamline::store {
namespace {

void append_netstring(std::string& out, std::string_view text) {
  out += std::to_string(text.size());
  out.push_back(':');
  out.append(text);
  out.push_back(',');
}

struct Ownership {
  std::string log_id;
  std::int64_t epoch = 0;
};

Ownership read_ownership(Connection& rows) {
  Rows row = rows.query("SELECT log_id, epoch FROM ownership WHERE id = 1");
  if (!row.next()) return {};
  return {std::string(row.text(0)), row.integer(1)};
}

void read_entry(Rows& row, LogEntry& entry) {
  entry.seq = row.integer(0);
  entry.epoch = row.integer(1);
  entry.type = row.text(2);
  entry.subject = row.text(3);
  entry.at = row.timestamp(4);
  entry.trace = row.text(5);
  entry.payload = row.text(6);
  entry.hash = row.digest(7);
}

}  // namespace

Sha256 chain_hash(const Sha256& before, const LogEntry& entry) {
  thread_local std::string text;
  text.clear();
  text.append(as_bytes(before));
  append_netstring(text, std::to_string(entry.seq));
  append_netstring(text, std::to_string(entry.epoch));
  append_netstring(text, entry.type);
  append_netstring(text, entry.subject);
  append_netstring(text, std::to_string(entry.at.ms));
  append_netstring(text, entry.trace);
  append_netstring(text, entry.payload);
  return sha256(text);
}

EventLog::EventLog(Connection& rows, const std::string& new_log_id) {
  if (read_ownership(rows).log_id.empty()) {
    rows.execute("INSERT INTO ownership (id, log_id, epoch) VALUES (1, $1, 1)", new_log_id);
  }
  if (SEAMLINE_MISTAKE("log-id-changes")) rows.execute("UPDATE ownership SET log_id = $1", new_log_id);
  head_ = read_head(rows);
  next_ = head_;
}

void EventLog::check_epoch(Connection& rows) const {
  const std::int64_t stored = read_ownership(rows).epoch;
  if (stored == head_.epoch) return;
  throw StorageError("the store is at epoch " + std::to_string(stored) + ", and this process took it at epoch " +
                         std::to_string(head_.epoch) + ": it has another owner now",
                     StorageError::Severity::fatal);
}

void write_entry(Connection& rows, const LogEntry& entry) {
  rows.execute(
      "INSERT INTO event_log (seq, epoch, type, subject, at_ms, trace, payload, hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
      entry.seq, entry.epoch, entry.type, entry.subject, entry.at, entry.trace, entry.payload, entry.hash);
}

void EventLog::append(Connection& rows, LogEntry entry) {
  if (SEAMLINE_MISTAKE("publish-forgotten")) return;
  if (SEAMLINE_MISTAKE("payload-garbled")) entry.payload.pop_back();
  entry.seq = next_.seq + 1;
  entry.epoch = next_.epoch + (SEAMLINE_MISTAKE("epoch-ahead") ? 1 : 0);
  entry.hash = chain_hash(SEAMLINE_MISTAKE("chain-broken") ? Sha256{} : next_.hash, entry);
  if (!SEAMLINE_MISTAKE("publish-after-commit") && !SEAMLINE_MISTAKE("entry-not-written")) write_entry(rows, entry);
  next_.seq = entry.seq;
  next_.hash = entry.hash;
  pending_.push_back(std::move(entry));
}

std::shared_ptr<const EntryBatch> EventLog::batch_committed() {
  if (pending_.empty()) return nullptr;
  {
    const std::lock_guard lock(mutex_);
    head_ = next_;
  }
  auto batch = std::make_shared<const EntryBatch>(std::move(pending_));
  pending_.clear();
  return batch;
}

void EventLog::batch_rolled_back() {
  next_ = head_;
  pending_.clear();
}

LogPosition EventLog::head() const {
  const std::lock_guard lock(mutex_);
  return head_;
}

LogPosition read_head(Connection& rows) {
  const Ownership ownership = read_ownership(rows);
  LogPosition head{ownership.log_id, ownership.epoch, 0, {}};
  Rows row = rows.query("SELECT seq, hash FROM event_log ORDER BY seq DESC LIMIT 1");
  if (row.next()) {
    head.seq = row.integer(0);
    head.hash = row.digest(1);
  }
  return head;
}

LogPosition position_at(Connection& rows, std::int64_t seq) {
  const Ownership ownership = read_ownership(rows);
  if (seq == 0) return {ownership.log_id, ownership.epoch, 0, {}};
  Rows row = rows.query("SELECT epoch, hash FROM event_log WHERE seq = $1", seq);
  if (!row.next()) throw StorageError("the log has no entry " + std::to_string(seq));
  return {ownership.log_id, row.integer(0), seq, row.digest(1)};
}

Result<void> scan_log(Connection& rows, const LogPosition& after, std::int64_t limit,
                      const std::function<bool(const LogEntry&)>& take) {
  const Ownership ownership = read_ownership(rows);
  const bool is_beginning = after.log_id.empty() && after.seq == 0;
  if (!is_beginning && after.log_id != ownership.log_id) {
    return fail(diverged, "The log has another id than the cursor: it was replaced or restored.");
  }
  if (after.epoch > ownership.epoch) {
    return fail(diverged, "The cursor has seen a later epoch: this is no longer the owner of the log.");
  }
  if (after.seq > 0) {
    Rows row = rows.query("SELECT hash FROM event_log WHERE seq = $1", after.seq);
    if (!row.next()) return fail(diverged, "The cursor is past the head of the log: the log was restored from an older copy.");
    if (row.digest(0) != after.hash) return fail(diverged, "The log has another entry where the cursor stands.");
  }
  Rows row = rows.query(
      "SELECT seq, epoch, type, subject, at_ms, trace, payload, hash FROM event_log WHERE seq > $1 ORDER BY seq LIMIT $2",
      after.seq, limit);
  LogEntry entry;
  while (row.next()) {
    read_entry(row, entry);
    if (!take(entry)) break;
  }
  return {};
}

Result<EntryBatch> read_log(Connection& rows, const LogPosition& after, std::int64_t limit) {
  EntryBatch entries;
  auto scanned = scan_log(rows, after, limit, [&](const LogEntry& entry) {
    entries.push_back(entry);
    return true;
  });
  if (!scanned) return fail(std::move(scanned.error()));
  return entries;
}

}  // namespace seamline::store
