#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/assert.hpp"
#include "base/clock.hpp"
#include "base/completion.hpp"
#include "base/loop.hpp"
#include "base/result.hpp"
#include "store/event_log.hpp"
#include "store/open_transaction.hpp"

namespace seamline::store {

/// One unit of work for the writer. All methods are called on the writer's thread, but for failed() of a command that is
/// refused or dropped.
class Command {
 public:
  virtual ~Command() = default;

  /// Does its work in the open transaction: at most about `limit` units of it. Returns how many. Throws where it cannot; what
  /// it wrote is then undone, and it runs once more, alone.
  virtual std::size_t run(Transaction& transaction, std::size_t limit) = 0;
  /// What run() wrote is durable. The command may be destroyed by its owner from here on.
  virtual void committed() = 0;
  /// What run() wrote was undone, for its own or another command's sake; run() comes again, or failed().
  virtual void rolled_back() {}
  /// It did not run, or what it wrote is undone. Kind::internal: it threw although it ran alone, and would again; anything
  /// else (store.overloaded, store.stopping, store.unavailable, call.deadline_exceeded): it may succeed another time.
  /// The command may be destroyed by its owner from here on.
  virtual void failed(const Error& error) = 0;

  /// When it was queued, and until when it is worth running.
  Timestamp queued_at;
  Instant deadline = Instant::never();
  /// The traceparent under which it publishes.
  std::string trace;
};

/// The one writer of a store. Commits a batch of commands at a time: the commit of the batch before is the window in which
/// the next one gathers, so it never waits for more. A command's caller is answered after the commit, never before.
/// A commit of which it is unknown what it kept stops the process: what a failed fsync left is no ground for another try.
class Writer final : public Loop {
 public:
  struct Options {
    /// Commands of clients that may wait; a further one is refused, not run.
    std::size_t max_queued = 1024;
    /// Units of work in one commit.
    std::size_t batch_cap = 64;
  };

  /// What a writer has done since it was made.
  struct Counts {
    /// Batches that were committed.
    std::int64_t commits = 0;
    /// Commands that were committed.
    std::int64_t commands = 0;
    /// CPU time of its thread, in nanoseconds; 0 while it has none.
    std::int64_t cpu_ns = 0;
  };

  /// Called after each commit that published something, before the callers are answered.
  using Listener = std::function<void(const std::shared_ptr<const EntryBatch>&)>;

  /// `log`, `clock` and what the transaction works on exist and outlive the writer.
  Writer(std::string module, std::unique_ptr<OpenTransaction> transaction, EventLog& log, const Clock& clock, Options options);
  ~Writer() override;

  /// Adds one to those that are handed what is committed from here on. Before the writer's thread is started.
  void listen(Listener listener);

  /// Queues a client's command, or refuses it: failed() with store.overloaded, retryable and not run.
  void post(Command& command);
  /// Queues a command of a consumer or timer. Never refused: its number is bounded by the consumers and timers there are.
  /// Batches take these first, so that what has begun ends before new work enters.
  void post_event(Command& command);

  /// Runs one batch. Returns whether there was any work.
  bool step() override;

  /// From here on a thread, or what `runner` has in its place, runs the batches; without it, whoever calls step() does. Before
  /// anybody else may post. `runner` outlives the writer.
  void start_thread(LoopRunner& runner = LoopRunner::threads());
  /// Finishes what is queued, refuses what comes after, and joins the thread. Idempotent.
  void stop();
  /// Waits for commands that finish their part of it in committed() or failed(); runs batches itself where no thread does.
  void wait(const Completion& completion);
  /// Thread-safe while the thread is not just being started.
  Counts counts() const;

 private:
  std::vector<Command*> take_batch();
  /// Opens the transaction. Returns false, having failed the whole batch, where the database is held by somebody else.
  bool begin(const std::vector<Command*>& batch, Answers answers);
  /// What is to be done while there is nothing to do.
  void rest();
  /// After a reconnect: that nobody else has published meanwhile. Throws StorageError, fatally, where somebody has.
  void check_continues();
  /// Runs the commands in the open transaction, with that much work in all.
  void run(const std::vector<Command*>& batch, std::size_t limit);
  void run_batch(const std::vector<Command*>& batch);
  void run_alone(const std::vector<Command*>& batch);
  /// Throws where nothing was kept for certain.
  void commit();
  /// A store that fails so can no longer be trusted with a commit: the process ends.
  void stop_if_fatal(const std::exception& problem) const;
  void roll_back();
  void answer(const std::vector<Command*>& batch);
  bool is_expired(const Command& command) const;
  bool has_commands();

  const std::string module_;
  EventLog& log_;
  const Clock& clock_;
  const Options options_;
  std::unique_ptr<OpenTransaction> transaction_;
  /// The transaction's session at the last begin.
  std::int64_t session_;
  std::vector<Listener> listeners_;

  std::atomic<std::int64_t> commits_{0};
  std::atomic<std::int64_t> committed_commands_{0};

  std::mutex mutex_;
  std::deque<Command*> events_;
  std::deque<Command*> commands_;
  bool stopped_ = false;
  LoopRunner* runner_ = nullptr;
  std::unique_ptr<RunningLoop> thread_;
};

}  // namespace seamline::store
