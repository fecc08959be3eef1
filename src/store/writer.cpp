#include "store/writer.hpp"

#include <algorithm>
#include <new>

#include "base/assert.hpp"
#include "base/fault.hpp"
#include "base/transaction_mark.hpp"

namespace seamline::store {
namespace {

constexpr ErrorCode overloaded{"store.overloaded", Kind::unavailable};
constexpr ErrorCode stopping{"store.stopping", Kind::unavailable};
constexpr ErrorCode expired{"call.deadline_exceeded", Kind::deadline_exceeded};
constexpr ErrorCode unavailable{"store.unavailable", Kind::unavailable};
constexpr ErrorCode failed_alone{"internal.unexpected", Kind::internal};

/// The part of the cap that every command of a batch may do, although those before it have used it up: none waits for ever.
constexpr std::size_t least_share = 4;

Error error_of(const ErrorCode& code, std::string detail) { return std::move(fail(code, std::move(detail)).value()); }

/// Not run, and worth repeating.
Error refusal_of(const ErrorCode& code, std::string detail) {
  Error refusal = error_of(code, std::move(detail));
  refusal.retryable = true;
  refusal.retry_after_ms = 1000;
  return refusal;
}

/// What a command that was undone is told.
Error error_of_failure(const std::exception& problem) {
  const auto* storage = dynamic_cast<const StorageError*>(&problem);
  const bool is_passing = dynamic_cast<const std::bad_alloc*>(&problem) != nullptr ||
                          (storage != nullptr && storage->severity() == StorageError::Severity::passing);
  return is_passing ? refusal_of(unavailable, problem.what()) : error_of(failed_alone, problem.what());
}

/// Marks the thread as inside a transaction while it lives.
struct MarkedInside {
  MarkedInside() { inside_transaction = true; }
  MarkedInside(const MarkedInside&) = delete;
  MarkedInside& operator=(const MarkedInside&) = delete;
  ~MarkedInside() { inside_transaction = false; }
};

/// What publish-after-commit does: a kill before it loses the entries for good, though what they tell has happened.
[[maybe_unused]] void write_in_second_transaction(OpenTransaction& transaction, const EntryBatch& entries) {
  transaction.begin(Answers::later);
  for (const LogEntry& entry : entries) transaction.write_entry(entry);
  transaction.commit();
}

}  // namespace

Writer::Writer(std::string module, std::unique_ptr<OpenTransaction> transaction, EventLog& log, const Clock& clock,
               Options options)
    : module_(std::move(module)),
      log_(log),
      clock_(clock),
      options_(options),
      transaction_(std::move(transaction)),
      session_(transaction_->session()) {}

Writer::~Writer() { stop(); }

void Writer::listen(Listener listener) { listeners_.push_back(std::move(listener)); }

void Writer::post(Command& command) {
  SEAMLINE_ASSERT(!inside_transaction);
  command.queued_at = clock_.now();
  std::optional<Error> refusal;
  {
    const std::lock_guard lock(mutex_);
    if (stopped_) {
      refusal = refusal_of(stopping, "The module " + module_ + " is stopping.");
    } else if (commands_.size() >= options_.max_queued) {
      refusal = refusal_of(overloaded, "The module " + module_ + " has " + std::to_string(options_.max_queued) +
                                           " commands waiting; this one was not run.");
    } else {
      commands_.push_back(&command);
    }
  }
  if (refusal) return command.failed(*refusal);
  if (thread_) thread_->wake();
}

void Writer::post_event(Command& command) {
  command.queued_at = clock_.now();
  bool refused = false;
  {
    const std::lock_guard lock(mutex_);
    refused = stopped_;
    if (!refused) events_.push_back(&command);
  }
  if (refused) return command.failed(refusal_of(stopping, "The module " + module_ + " is stopping."));
  if (thread_) thread_->wake();
}

std::vector<Command*> Writer::take_batch() {
  std::vector<Command*> batch;
  const std::lock_guard lock(mutex_);
  // One queued consumer stands for many entries, and takes its share of the cap when it runs.
  while (!events_.empty()) {
    batch.push_back(events_.front());
    events_.pop_front();
  }
  while (!commands_.empty() && batch.size() < options_.batch_cap) {
    batch.push_back(commands_.front());
    commands_.pop_front();
  }
  return batch;
}

bool Writer::is_expired(const Command& command) const {
  return command.deadline != Instant::never() && clock_.monotonic() >= command.deadline;
}

bool Writer::step() {
  std::vector<Command*> batch = take_batch();
  if (batch.empty()) {
    rest();
    return false;
  }
  std::erase_if(batch, [this](Command* command) {
    if (!is_expired(*command)) return false;
    command->failed(error_of(expired, "The deadline passed while the command was queued; it was not run."));
    return true;
  });
  if (!batch.empty()) run_batch(batch);
  return true;
}

bool Writer::begin(const std::vector<Command*>& batch, Answers answers) {
  try {
    transaction_->begin(answers);
    log_.check_epoch(transaction_->ownership());
    if (transaction_->session() != session_) check_continues();
    SEAMLINE_CRASH_POINT(module_, "batch-begin");
    return true;
  } catch (const StorageError& problem) {
    stop_if_fatal(problem);
    roll_back();
    for (Command* command : batch) command->failed(refusal_of(unavailable, problem.what()));
    return false;
  }
}

void Writer::rest() {
  try {
    transaction_->idle();
  } catch (const StorageError& problem) {
    stop_if_fatal(problem);
  }
}

void Writer::check_continues() {
  if (!(transaction_->head() == log_.head())) {
    throw StorageError("its log is not as this process left it: somebody else has written to it while the server was away",
                       StorageError::Severity::fatal);
  }
  session_ = transaction_->session();
}

void Writer::run(const std::vector<Command*>& batch, std::size_t limit) {
  const MarkedInside inside;
  std::size_t left = limit;
  const std::size_t least = std::max<std::size_t>(1, limit / least_share);
  for (Command* command : batch) {
    transaction_->begin_command(*command);
    const std::size_t done = command->run(*transaction_, std::max(left, least));
    SEAMLINE_CRASH_POINT(module_, "after-command");
    left -= std::min(left, done);
  }
}

void Writer::run_batch(const std::vector<Command*>& batch) {
  if (!begin(batch, Answers::later)) return;
  try {
    run(batch, options_.batch_cap);
    if (SEAMLINE_MISTAKE("ack-before-commit")) return answer(batch), commit();
    commit();
  } catch (const std::exception& problem) {
    stop_if_fatal(problem);
    roll_back();
    for (Command* command : batch) command->rolled_back();
    return run_alone(batch);
  }
  answer(batch);
}

void Writer::run_alone(const std::vector<Command*>& batch) {
  for (Command* command : batch) {
    // What a statement does shows at once, so that a consumer knows which entry it was.
    if (!begin({command}, Answers::at_once)) continue;
    try {
      run({command}, 1);
      commit();
    } catch (const std::exception& problem) {
      stop_if_fatal(problem);
      roll_back();
      command->rolled_back();
      command->failed(error_of_failure(problem));
      continue;
    }
    answer({command});
  }
}

void Writer::stop_if_fatal(const std::exception& problem) const {
  const auto* storage = dynamic_cast<const StorageError*>(&problem);
  if (storage == nullptr || storage->severity() != StorageError::Severity::fatal) return;
  stop_process(("the store of module " + module_ + " failed: " + problem.what()).c_str(),
               "Nothing of the open batch was answered or kept. Mend the cause (disk, space, ownership), then start again.");
}

void Writer::commit() {
  if (SEAMLINE_MISTAKE("commit-error-ignored")) return roll_back();
  SEAMLINE_CRASH_POINT(module_, "before-commit");
  try {
    transaction_->commit();
  } catch (const StorageError& problem) {
    if (problem.severity() != StorageError::Severity::fatal) throw;  // for certain nothing was kept
    stop_process(("the store of module " + module_ + " could not commit: " + problem.what()).c_str(),
                 "Nothing of this batch was answered. Mend the disk or free space, then start again.");
  }
  SEAMLINE_CRASH_POINT(module_, "after-commit");
}

void Writer::roll_back() {
  SEAMLINE_CRASH_POINT(module_, "before-rollback");
  transaction_->roll_back();
  SEAMLINE_CRASH_POINT(module_, "after-rollback");
  log_.batch_rolled_back();
  transaction_->take_actions();
}

void Writer::answer(const std::vector<Command*>& batch) {
  const auto entries = log_.batch_committed();
  if (entries && SEAMLINE_MISTAKE("publish-after-commit")) write_in_second_transaction(*transaction_, *entries);
  const auto actions = transaction_->take_actions();
  commits_.fetch_add(1, std::memory_order_relaxed);
  committed_commands_.fetch_add(static_cast<std::int64_t>(batch.size()), std::memory_order_relaxed);
  if (entries) {
    for (const Listener& listener : listeners_) listener(entries);
  }
  SEAMLINE_CRASH_POINT(module_, "before-answer");
  for (Command* command : batch) command->committed();
  for (const auto& action : actions) action();
  SEAMLINE_CRASH_POINT(module_, "after-answer");
}

void Writer::start_thread(LoopRunner& runner) {
  SEAMLINE_ASSERT(!thread_);
  runner_ = &runner;
  thread_ = runner.start("w-" + module_, *this, 1000);
}

void Writer::wait(const Completion& completion) {
  if (thread_) return runner_->wait(completion);
  while (!completion.is_done() && step()) {
  }
  SEAMLINE_ASSERT(completion.is_done());
}

Writer::Counts Writer::counts() const { return {commits_.load(), committed_commands_.load(), thread_ ? thread_->cpu_ns() : 0}; }

void Writer::stop() {
  {
    const std::lock_guard lock(mutex_);
    if (stopped_) return;
    stopped_ = true;  // from here on nothing enters the queues
  }
  if (thread_) thread_->stop();
  // Clients that still wait are answered; consumers stop where they are and go on from their cursors at the next start.
  while (has_commands()) step();
  for (Command* command : std::exchange(events_, {})) {
    command->failed(refusal_of(stopping, "The module " + module_ + " is stopping."));
  }
}

bool Writer::has_commands() {
  const std::lock_guard lock(mutex_);
  return !commands_.empty();
}

}  // namespace seamline::store
