#include "store/event_log.hpp"

#include "base/fault.hpp"
#include "store/open_transaction.hpp"

namespace seamline::store {
namespace {

void append_netstring(std::string& out, std::string_view text) {
  out += std::to_string(text.size());
  out.push_back(':');
  out.append(text);
  out.push_back(',');
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

EventLog::EventLog(LogPosition head) : head_(std::move(head)), next_(head_) {}

void EventLog::check_epoch(const LogOwnership& stored) const {
  if (stored.epoch == head_.epoch) return;
  throw StorageError("the store is at epoch " + std::to_string(stored.epoch) + ", and this process took it at epoch " +
                         std::to_string(head_.epoch) + ": it has another owner now",
                     StorageError::Severity::fatal);
}

void EventLog::append(OpenTransaction& transaction, LogEntry entry) {
  if (SEAMLINE_MISTAKE("publish-forgotten")) return;
  if (SEAMLINE_MISTAKE("payload-garbled")) entry.payload.pop_back();
  entry.seq = next_.seq + 1;
  entry.epoch = next_.epoch + (SEAMLINE_MISTAKE("epoch-ahead") ? 1 : 0);
  entry.hash = chain_hash(SEAMLINE_MISTAKE("chain-broken") ? Sha256{} : next_.hash, entry);
  if (!SEAMLINE_MISTAKE("publish-after-commit") && !SEAMLINE_MISTAKE("entry-not-written")) {
    transaction.write_entry(entry);
  }
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

LogPosition position_at(View& view, std::int64_t seq) {
  LogPosition position{view.ownership().log_id, 0, 0, {}};
  if (seq == 0) return position;
  view.entries_behind(seq - 1, 1, [&](const LogEntry& entry) {
    position = {position.log_id, entry.epoch, entry.seq, entry.hash};
    return false;
  });
  if (position.seq != seq) throw StorageError("the log has no entry " + std::to_string(seq));
  return position;
}

Result<void> scan_log(View& view, const LogPosition& after, std::int64_t limit, const EntrySink& take) {
  const LogOwnership ownership = view.ownership();
  const bool is_beginning = after.log_id.empty() && after.seq == 0;
  if (!is_beginning && after.log_id != ownership.log_id) {
    return fail(diverged, "The log has another id than the cursor: it was replaced or restored.");
  }
  if (after.epoch > ownership.epoch) {
    return fail(diverged, "The cursor has seen a later epoch: this is no longer the owner of the log.");
  }
  if (after.seq > 0) {
    const auto hash = view.hash_at(after.seq);
    if (!hash) return fail(diverged, "The cursor is past the head of the log: the log was restored from an older copy.");
    if (*hash != after.hash) return fail(diverged, "The log has another entry where the cursor stands.");
  }
  view.entries_behind(after.seq, limit, take);
  return {};
}

Result<EntryBatch> read_log(View& view, const LogPosition& after, std::int64_t limit) {
  EntryBatch entries;
  auto scanned = scan_log(view, after, limit, [&](const LogEntry& entry) {
    entries.push_back(entry);
    return true;
  });
  if (!scanned) return fail(std::move(scanned.error()));
  return entries;
}

}  // namespace seamline::store
