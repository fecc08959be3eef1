#include "events/reorder_window.hpp"

namespace seamline::events {

void ReorderWindow::add(store::LogEntry entry, Instant now) {
  if (entries_.empty()) waiting_since_ = now;
  const std::int64_t seq = entry.seq;
  entries_.try_emplace(seq, std::move(entry));
}

std::int64_t ReorderWindow::drop_up_to(std::int64_t seq) {
  const auto end = entries_.upper_bound(seq);
  const auto count = std::distance(entries_.begin(), end);
  entries_.erase(entries_.begin(), end);
  return count;
}

store::EntryBatch ReorderWindow::take_run(const store::LogPosition& after, Instant now, bool& is_of_another_log) {
  store::EntryBatch run;
  std::int64_t seq = after.seq;
  const Sha256* hash = &after.hash;
  for (auto next = entries_.begin(); next != entries_.end() && next->first == seq + 1; next = entries_.erase(next)) {
    if (store::chain_hash(*hash, next->second) != next->second.hash) {
      is_of_another_log = true;
      entries_.clear();
      break;
    }
    run.push_back(std::move(next->second));
    hash = &run.back().hash;
    ++seq;
  }
  if (!run.empty()) waiting_since_ = now;
  return run;
}

bool ReorderWindow::is_overdue(Instant now) const {
  if (entries_.empty()) return false;
  return entries_.size() > options_.max_entries || waiting_since_.ms_until(now) >= options_.patience_ms;
}

std::int64_t ReorderWindow::clear() {
  const std::int64_t last = entries_.empty() ? 0 : entries_.rbegin()->first;
  entries_.clear();
  return last;
}

}  // namespace seamline::events
