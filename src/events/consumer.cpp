#include "events/consumer.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "base/fault.hpp"

namespace seamline::events {
namespace {

constexpr ErrorCode no_dead_letter{"events.no_dead_letter", Kind::not_found};
constexpr ErrorCode still_undecodable{"events.undecodable", Kind::conflict};

store::LogPosition position_of(const std::string& log_id, const store::LogEntry& entry) {
  return {log_id, entry.epoch, entry.seq, entry.hash};
}

}  // namespace

Consumer::Consumer(std::string publisher, Handlers::ByType handlers, store::Store& subscriber, seam::Gate& gate, Options options)
    : publisher_(std::move(publisher)),
      handlers_(std::move(handlers)),
      store_(subscriber),
      gate_(gate),
      options_(std::move(options)),
      spans_(options_.tracer) {
  store_.read([&](store::View& view) {
    applied_ = view.cursor(publisher_);
    for (std::string& subject : view.dead_subjects(publisher_)) dead_subjects_.insert(std::move(subject));
  });
  tail_ = applied_;
  reached_ = applied_;
  written_seq_ = applied_.seq;
  receipt_seq_ = applied_.seq;
}

Consumer::~Consumer() {
  const std::lock_guard lock(mutex_);
  SEAMLINE_ASSERT(!is_posted_);
}

void Consumer::wake_puller() const {
  if (options_.wake_puller) options_.wake_puller();
}

bool Consumer::is_heard(const store::EntryBatch& entries) const {
  for (const store::LogEntry& entry : entries) {
    if (handlers_.contains(entry.type)) return true;
  }
  return false;
}

void Consumer::post_if_needed() {
  {
    const std::lock_guard lock(mutex_);
    if (!has_work_ || is_posted_ || diverged_.load()) return;
    auto pass = gate_.enter();
    if (!pass) return;  // resume() comes when it opens
    pass_.emplace(std::move(*pass));
    is_posted_ = true;
  }
  store_.writer().post_event(*this);
}

void Consumer::offer(const std::shared_ptr<const store::EntryBatch>& entries) {
  if (diverged_.load()) return;
  bool wants_log = false;
  {
    const std::lock_guard lock(mutex_);
    const bool is_full = !is_behind_ && waiting_entries_ + entries->size() > options_.queue_entries;
    if (is_full) counts_.dropped_when_full += static_cast<std::int64_t>(entries->size());
    if (is_full && SEAMLINE_MISTAKE("gap-ignored")) return;
    if (is_behind_ || is_full) {
      has_work_ = has_work_ || is_full;
      is_behind_ = true;
      missed_seq_ = std::max(missed_seq_, entries->back().seq);
      // The log may be being read just now, without these.
      wants_log = !is_too_full();
      puller_waits_ = !wants_log;
    } else {
      incoming_.push_back(entries);
      waiting_entries_ += entries->size();
      tail_ = position_of(tail_.log_id, entries->back());
      // Entries that nobody here hears wait for the next that somebody does: they cost no transaction of their own.
      has_work_ = has_work_ || is_too_full() || is_heard(*entries);
    }
  }
  if (wants_log) wake_puller();
  post_if_needed();
}

std::optional<store::LogPosition> Consumer::begin_log_read() {
  const std::lock_guard lock(mutex_);
  if (!is_behind_) return std::nullopt;
  puller_waits_ = is_too_full();
  if (puller_waits_) return std::nullopt;
  ++counts_.log_reads;
  store::LogPosition after = tail_;
  if (after.seq == 0) after.log_id.clear();  // the beginning of any log
  return after;
}

void Consumer::offer_from_log(const std::string& log_id, store::EntryBatch entries, bool is_all) {
  {
    const std::lock_guard lock(mutex_);
    // Who has heard nothing yet follows whichever log there is: an empty one that was the wrong one binds nobody.
    if (tail_.seq == 0) tail_.log_id = log_id;
    if (!entries.empty() && entries.front().seq == tail_.seq + 1) {
      tail_ = position_of(log_id, entries.back());
      waiting_entries_ += entries.size();
      has_work_ = true;
      incoming_.push_back(std::make_shared<const store::EntryBatch>(std::move(entries)));
    }
    if (is_all && tail_.seq >= missed_seq_) is_behind_ = false;
  }
  post_if_needed();
}

store::LogPosition Consumer::queued() const {
  const std::lock_guard lock(mutex_);
  return tail_;
}

void Consumer::missed(std::int64_t seq) {
  if (diverged_.load()) return;
  bool wants_log = false;
  {
    const std::lock_guard lock(mutex_);
    is_behind_ = true;
    missed_seq_ = std::max(missed_seq_, seq);
    wants_log = !is_too_full();
    puller_waits_ = !wants_log;
  }
  if (wants_log) wake_puller();
}

void Consumer::notice_idle(std::int64_t head_seq) {
  {
    const std::lock_guard lock(mutex_);
    // A publisher moves its head a moment before it hands the entries over: only what is still missing the next time is lost.
    if (seen_head_seq_ > tail_.seq) is_behind_ = true;
    seen_head_seq_ = head_seq;
    if (waiting_entries_ > 0 || wants_cursor_written_) has_work_ = true;
  }
  post_if_needed();
}

void Consumer::diverged(const Error&) { diverged_.store(true); }

void Consumer::converged() {
  diverged_.store(false);
  post_if_needed();
}

std::int64_t Consumer::receipt_seq() const {
  const std::lock_guard lock(mutex_);
  return receipt_seq_;
}

store::LogPosition Consumer::applied() const {
  const std::lock_guard lock(mutex_);
  return applied_;
}

ConsumerCounts Consumer::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

void Consumer::take_incoming() {
  const std::lock_guard lock(mutex_);
  queue_.insert(queue_.end(), incoming_.begin(), incoming_.end());
  incoming_.clear();
  if (reached_.seq == 0) reached_.log_id = tail_.log_id;
  has_work_ = false;
}

std::size_t Consumer::run(store::Transaction& transaction, std::size_t limit) {
  take_incoming();
  running_seq_ = 0;
  std::size_t applied = 0;
  while (finished_batches_ < queue_.size() && !found_gap_) {
    const store::EntryBatch& entries = *queue_[finished_batches_];
    if (next_entry_ == 0 && finished_batches_ == 0) next_entry_ = first_entry_;
    for (; next_entry_ < entries.size() && applied < limit; ++next_entry_) {
      const store::LogEntry& entry = entries[next_entry_];
      if (entry.seq <= reached_.seq) {
        ++new_counts_.skipped_duplicates;
        continue;
      }
      if (entry.seq != reached_.seq + 1 && !SEAMLINE_MISTAKE("gap-ignored")) {
        found_gap_ = true;
        break;
      }
      if (apply(transaction, entry)) ++applied;
      reached_ = position_of(reached_.log_id, entry);
    }
    if (next_entry_ < entries.size()) break;
    ++finished_batches_;
    next_entry_ = 0;
  }
  // A cursor that only entries without a handler have moved is written along with the next effect, or when all is idle.
  if (reached_.seq > written_seq_ && (applied > 0 || wants_cursor_written_)) move_cursor(transaction);
  return applied;
}

bool Consumer::apply(store::Transaction& transaction, const store::LogEntry& entry) {
  const auto handler = handlers_.find(entry.type);
  if (handler == handlers_.end()) return false;
  if (!transaction.begin_entry(publisher_, entry)) {
    ++new_counts_.skipped_duplicates;
    return true;
  }
  ++new_counts_.applied;
  if (dead_subjects_.contains(entry.subject) || newly_dead_subjects_.contains(entry.subject)) {
    bury(transaction, entry, false, "parked behind an earlier dead letter of its subject");
    return true;
  }
  if (entry.seq == poisoned_seq_) {
    bury(transaction, entry, true, poison_);
    return true;
  }
  if (SEAMLINE_MISTAKE("entry-skipped")) return true;
  running_seq_ = entry.seq;
  trace = spans_.begin(publisher_, subscriber(), entry);
  SEAMLINE_CRASH_POINT(subscriber(), "before-apply");
  const std::optional<std::string> unreadable = handler->second(transaction, entry);
  running_seq_ = 0;
  spans_.end(unreadable ? still_undecodable.code : std::string_view());
  SEAMLINE_CRASH_POINT(subscriber(), "effect-applied");
  if (unreadable) bury(transaction, entry, true, *unreadable);
  return true;
}

void Consumer::bury(store::Transaction& transaction, const store::LogEntry& entry, bool is_poisoned, const std::string& reason) {
  if (SEAMLINE_MISTAKE("dead-letter-dropped")) return;
  transaction.bury(publisher_, entry, is_poisoned, reason);
  newly_dead_subjects_.insert(entry.subject);
  ++new_counts_.dead_letters;
}

void Consumer::move_cursor(store::Transaction& transaction) {
  has_written_cursor_ = true;
  if (SEAMLINE_MISTAKE("no-cursor")) return;
  transaction.move_cursor(publisher_, written_seq_, reached_);
  SEAMLINE_CRASH_POINT(subscriber(), "cursor-moved");
}

void Consumer::committed() {
  SEAMLINE_CRASH_POINT(subscriber(), "before-next-entries");
  spans_.committed();
  queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(finished_batches_));
  first_entry_ = next_entry_;
  if (has_written_cursor_) written_seq_ = reached_.seq;
  dead_subjects_.merge(newly_dead_subjects_);
  newly_dead_subjects_.clear();
  bool wants_log = false;
  {
    const std::lock_guard lock(mutex_);
    applied_ = reached_;
    receipt_seq_ = written_seq_;
    if (found_gap_) {
      missed_seq_ = std::max(missed_seq_, tail_.seq);
      queue_.clear();
      incoming_.clear();
      first_entry_ = 0;
      tail_ = applied_;
      is_behind_ = true;
      has_work_ = false;
    }
    waiting_entries_ = 0;
    for (const auto& batch : queue_) waiting_entries_ += batch->size();
    waiting_entries_ -= first_entry_;
    for (const auto& batch : incoming_) waiting_entries_ += batch->size();
    wants_cursor_written_ = reached_.seq > written_seq_;
    has_work_ = has_work_ || !queue_.empty();
    wants_log = is_behind_ && (found_gap_ || puller_waits_) && !is_too_full();
    end_post();
    counts_.applied += new_counts_.applied;
    counts_.skipped_duplicates += new_counts_.skipped_duplicates;
    counts_.dead_letters += new_counts_.dead_letters;
  }
  rolled_back();
  if (wants_log) wake_puller();
  post_if_needed();
}

void Consumer::rolled_back() {
  spans_.undone();
  finished_batches_ = 0;
  next_entry_ = 0;
  found_gap_ = false;
  has_written_cursor_ = false;
  newly_dead_subjects_.clear();
  new_counts_ = {};
  const std::lock_guard lock(mutex_);
  reached_ = applied_;
}

void Consumer::end_post() {
  is_posted_ = false;
  pass_.reset();
}

void Consumer::failed(const Error& error) {
  const bool threw_alone = error.kind == Kind::internal && running_seq_ != 0;
  if (threw_alone) {
    poisoned_seq_ = std::exchange(running_seq_, 0);
    poison_ = error.detail;
  }
  {
    const std::lock_guard lock(mutex_);
    end_post();
    // Else the store was stopped, or failed for a reason that passes: notice_idle() runs it again.
    has_work_ = threw_alone;
  }
  post_if_needed();
}

Result<std::int64_t> Consumer::replay(const std::string& subject) {
  const auto pass = gate_.enter();
  if (!pass) return fail(pass.error());
  for (std::int64_t applied = 0;; ++applied) {
    const Result<bool> more = store_.write(CallContext{}, [&](store::Transaction& transaction) -> Result<bool> {
      const auto entry = transaction.oldest_dead_letter(publisher_, subject);
      if (!entry) {
        transaction.after_commit([this, subject] { dead_subjects_.erase(subject); });
        return false;
      }
      const auto handler = handlers_.find(entry->type);
      if (handler == handlers_.end()) return fail(still_undecodable, "No handler for " + entry->type + ".");
      if (const auto unreadable = handler->second(transaction, *entry)) return fail(still_undecodable, *unreadable);
      transaction.remove_dead_letter(publisher_, *entry);
      return true;
    });
    if (!more) return fail(more.error());
    if (!*more) return applied;
  }
}

Result<void> Consumer::discard(const std::string& subject) {
  const auto pass = gate_.enter();
  if (!pass) return fail(pass.error());
  return store_.write(CallContext{}, [&](store::Transaction& transaction) -> Result<void> {
    const auto entry = transaction.oldest_dead_letter(publisher_, subject);
    if (!entry) return fail(no_dead_letter, "The subject " + subject + " has no dead letter from " + publisher_ + ".");
    transaction.remove_dead_letter(publisher_, *entry);
    if (!transaction.oldest_dead_letter(publisher_, subject)) {
      transaction.after_commit([this, subject] { dead_subjects_.erase(subject); });
    }
    return {};
  });
}

}  // namespace seamline::events
