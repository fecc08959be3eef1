#pragma once

#include <atomic>
#include <deque>
#include <mutex>
#include <set>

#include "events/handlers.hpp"
#include "events/transaction_spans.hpp"
#include "seam/gate.hpp"
#include "store/store.hpp"

namespace seamline::events {

/// What a consumer has done since it was made.
struct ConsumerCounts {
  std::int64_t applied = 0;
  std::int64_t skipped_duplicates = 0;
  std::int64_t dropped_when_full = 0;
  std::int64_t dead_letters = 0;
  std::int64_t log_reads = 0;
};

/// One subscriber of one publisher's log. Entries come from any carrier, in any number of copies; they are applied in the order
/// of the log, each effect once, many in one transaction, which also moves the cursor. On a gap, after a full queue, and when
/// in doubt it asks for the log itself. offer() is for the carriers' threads, the command for the writer's.
class Consumer final : private store::Command {
 public:
  struct Options {
    /// Entries that may wait in memory. Further ones are dropped here and read from the log later.
    std::size_t queue_entries = 4096;
    /// Called when the consumer begins to want the log; may be empty. Never called under a lock.
    std::function<void()> wake_puller;
    /// What is applied becomes spans of it; null for none. Outlives the consumer.
    observe::Tracer* tracer = nullptr;
  };

  /// The subscriber's store and gate exist and outlive the consumer; the store is stopped before it goes. Reads the cursor and
  /// the dead letters' subjects from the store. Applies nothing while the gate is closed: see resume().
  Consumer(std::string publisher, Handlers::ByType handlers, store::Store& subscriber, seam::Gate& gate, Options options);
  ~Consumer() override;

  const std::string& publisher() const { return publisher_; }
  const std::string& subscriber() const { return store_.module(); }

  /// Hands over committed entries. Never blocks and never fails: what does not fit is dropped and read from the log later.
  void offer(const std::shared_ptr<const store::EntryBatch>& entries);

  /// Behind which place the log shall be read; empty while nothing is missing, or the queue is too full. A consumer that has
  /// diverged gives the place that must fit the log again.
  std::optional<store::LogPosition> begin_log_read();
  /// What was read there; `is_all` where the end of the log was reached, and what follows will be offered. Without it the
  /// consumer goes on wanting the log, as one does whose publisher is elsewhere.
  void offer_from_log(const std::string& log_id, store::EntryBatch entries, bool is_all);
  /// The last place that is queued: what continues it can be offered.
  store::LogPosition queued() const;
  /// A carrier has seen the entry `seq`, and not what lies before it: the log is read.
  void missed(std::int64_t seq);
  /// Has the log read once, although nothing is known to be missing: a carrier that lost the last entries leaves no gap.
  void look_again() { missed(0); }
  /// Called now and then, with the publisher's head, or 0 where it is unknown. Notices entries that were there the last time and
  /// that no carrier has brought since. Runs again what failed for a passing reason, and has a cursor written down that
  /// only entries without a handler have moved.
  void notice_idle(std::int64_t head_seq);
  /// The gate is open again: goes on with what has come.
  void resume() { post_if_needed(); }
  /// The log is not the one that the cursor belongs to. The consumer stops and never skips.
  void diverged(const Error& why);
  /// The log fits the cursor again: goes on from where it stopped.
  void converged();

  /// The place up to which everything is applied, durably.
  store::LogPosition applied() const;
  /// What a restart would go on from: the cursor's row. Entries that nobody here hears move it a little later than applied().
  std::int64_t receipt_seq() const;
  bool is_diverged() const { return diverged_.load(); }
  ConsumerCounts counts() const;

  /// Applies the dead letters of a subject in order and removes each with its effect. Stops at the first that still fails,
  /// which stays. Returns how many were applied.
  Result<std::int64_t> replay(const std::string& subject);
  /// Removes the oldest dead letter of a subject without applying it. Those parked behind it wait for a replay.
  Result<void> discard(const std::string& subject);

 private:
  std::size_t run(store::Transaction& transaction, std::size_t limit) override;
  void committed() override;
  void rolled_back() override;
  void failed(const Error& error) override;

  bool is_heard(const store::EntryBatch& entries) const;
  bool is_too_full() const { return waiting_entries_ > options_.queue_entries / 2; }
  void wake_puller() const;
  void post_if_needed();
  /// Under the lock.
  void end_post();
  void take_incoming();
  bool apply(store::Transaction& transaction, const store::LogEntry& entry);
  void bury(store::Transaction& transaction, const store::LogEntry& entry, bool is_poisoned, const std::string& reason);
  void move_cursor(store::Transaction& transaction);

  const std::string publisher_;
  const Handlers::ByType handlers_;
  store::Store& store_;
  seam::Gate& gate_;
  const Options options_;
  std::atomic<bool> diverged_{false};

  mutable std::mutex mutex_;  // guards what the carriers, the puller and the writer share, down to the next empty line
  std::deque<std::shared_ptr<const store::EntryBatch>> incoming_;
  std::size_t waiting_entries_ = 0;
  store::LogPosition tail_;     // the last place that was queued
  store::LogPosition applied_;  // the last place that is applied for good
  std::int64_t receipt_seq_ = 0;
  bool has_work_ = false;  // the writer should run this
  bool is_posted_ = false;
  std::optional<seam::Gate::Pass> pass_;  // held while it is posted
  bool wants_cursor_written_ = false;
  bool is_behind_ = true;           // the log has, or may have, entries that were never queued
  bool puller_waits_ = false;       // until the queue is less full
  std::int64_t missed_seq_ = 0;     // the last entry that was offered while it was behind: the log is read up to there
  std::int64_t seen_head_seq_ = 0;  // the publisher's head when the heads were last compared
  ConsumerCounts counts_;

  // The writer's own. A rollback sets what the open transaction has reached back to what was committed.
  std::deque<std::shared_ptr<const store::EntryBatch>> queue_;
  std::size_t first_entry_ = 0;       // in the front batch: where the next transaction begins
  std::size_t finished_batches_ = 0;  // by the open transaction
  std::size_t next_entry_ = 0;        // in the first batch that it has not finished
  store::LogPosition reached_;
  std::int64_t written_seq_ = 0;  // what the cursor's row says
  bool has_written_cursor_ = false;
  bool found_gap_ = false;
  std::int64_t running_seq_ = 0;
  std::int64_t poisoned_seq_ = 0;
  std::string poison_;
  std::set<std::string> dead_subjects_;
  std::set<std::string> newly_dead_subjects_;
  ConsumerCounts new_counts_;
  TransactionSpans spans_;
};

}  // namespace seamline::events
