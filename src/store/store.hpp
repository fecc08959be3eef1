#pragma once

#include <condition_variable>
#include <span>

#include "base/assert.hpp"
#include "base/call_context.hpp"
#include "base/fault.hpp"
#include "store/folder_lock.hpp"
#include "store/idempotency.hpp"
#include "store/keeper.hpp"
#include "store/writer.hpp"

namespace seamline::store {

/// How a module's store is opened. Every limit has its key in the section `store` of the configuration.
struct StoreOptions : DatabaseOptions {
  std::size_t readers = 4;
  Writer::Options writer;
};

/// A module's own database: one writer, many readers. Thread-safe.
class Store {
 public:
  /// Takes the lock, opens the database, brings the schema up to date (kernel first, then the module's own migrations).
  /// `clock` exists and outlives the store; `new_log_id` names the log of a store that is new.
  /// Errors, each saying what to do: store.locked, store.unusable, store.schema_changed, store.schema_newer.
  static Result<std::unique_ptr<Store>> open(const StoreOptions& options, std::span<const Migration> migrations,
                                             const Clock& clock, const std::string& new_log_id);
  ~Store();

  /// Runs `command(Transaction&)`, which returns a Result, on the writer, and returns its result after the commit. The command
  /// may run twice (see Transaction). Errors: the command's own; store.overloaded and call.deadline_exceeded, not run.
  template <class Fn>
  auto write(const CallContext& context, Fn&& command) -> std::invoke_result_t<Fn&, Transaction&>;

  /// Runs `query(View&)` on the caller's thread over one consistent snapshot, and returns what it returns. Waits while all
  /// readers are in use, so a query neither reads again nor writes. Throws what the query throws, and StorageError.
  template <class Fn>
  auto read(Fn&& query) -> std::invoke_result_t<Fn&, View&>;

  /// Makes the operation safe to repeat under its idempotency key; see Once.
  template <Operation Op>
  Result<Once<Op>> once(const CallContext& context, const Op& operation);

  Writer& writer() { return *writer_; }
  EventLog& log() { return *log_; }
  const std::string& module() const { return options_.module; }
  /// Whether it keeps documents (View::documents) instead of rows (View::rows).
  bool keeps_documents() const { return options_.storage.kind == StorageKind::mongodb; }
  /// Forgets answers and foreign events that were remembered before `before`, at most `limit` of each. Returns how many of that
  /// of which there were more.
  std::int64_t forget_aged(Timestamp before, std::int64_t limit);
  /// Ends the writer: what is queued is finished first. Idempotent.
  void stop() { writer_->stop(); }

 private:
  Store(StoreOptions options, std::unique_ptr<FolderLock> lock, std::unique_ptr<Keeper> keeper, LogPosition head,
        const Clock& clock);
  /// A reader with its snapshot open.
  std::unique_ptr<Snapshot> borrow_reader();
  std::unique_ptr<Snapshot> take_reader();
  void give_back(std::unique_ptr<Snapshot> reader) noexcept;
  void forget_reader() noexcept;

  const StoreOptions options_;
  std::unique_ptr<FolderLock> lock_;
  std::unique_ptr<Keeper> keeper_;
  std::unique_ptr<EventLog> log_;
  RunningKeys running_keys_;
  std::mutex readers_mutex_;
  std::condition_variable reader_returned_;
  std::vector<std::unique_ptr<Snapshot>> idle_readers_;
  std::size_t readers_made_ = 0;
  std::unique_ptr<Writer> writer_;
};

namespace detail {

/// A caller's closure as a command, on the caller's stack.
template <class Fn>
class WriteCall final : public Command {
 public:
  using Reply = std::invoke_result_t<Fn&, Transaction&>;

  explicit WriteCall(Fn& body) : body_(body) {}

  std::size_t run(Transaction& transaction, std::size_t) override {
    const std::int64_t before = transaction.mark();
    reply_.emplace(body_(transaction));
    // An expected failure writes nothing: there is no savepoint that could undo it.
    SEAMLINE_ASSERT(reply_->has_value() || !transaction.has_changed_since(before));
    return 1;
  }
  void committed() override { completion_.finish_one(); }
  void failed(const Error& error) override {
    reply_.emplace(fail(error));
    completion_.finish_one();
  }
  Reply wait_in(Writer& writer) {
    writer.wait(completion_);
    return std::move(*reply_);
  }

 private:
  Fn& body_;
  std::optional<Reply> reply_;
  Completion completion_;
};

}  // namespace detail

template <class Fn>
auto Store::write(const CallContext& context, Fn&& command) -> std::invoke_result_t<Fn&, Transaction&> {
  detail::WriteCall<std::remove_reference_t<Fn>> call(command);
  call.deadline = context.deadline;
  call.trace = context.traceparent;
  writer_->post(call);
  return call.wait_in(*writer_);
}

template <class Fn>
auto Store::read(Fn&& query) -> std::invoke_result_t<Fn&, View&> {
  struct Borrowed {
    explicit Borrowed(Store& from) : store(from), view(from.borrow_reader()) {}
    ~Borrowed() { store.give_back(std::move(view)); }
    Store& store;
    std::unique_ptr<Snapshot> view;
  };
  const Borrowed reader(*this);
  return query(*reader.view);
}

template <Operation Op>
Result<Once<Op>> Store::once(const CallContext& context, const Op& operation) {
  return Once<Op>::begin(*this, running_keys_, context, operation);
}

template <Operation Op>
Result<Once<Op>> Once<Op>::begin(Store& store, RunningKeys& keys, const CallContext& context, const Op& operation) {
  if (context.idempotency_key.empty()) return Once(store, context, AnswerKey{}, Sha256{}, RunningKeys::Mark{});
  AnswerKey key = answer_key(context, Op::name);
  auto mark = keys.begin(key);
  if (!mark) return fail(std::move(mark.error()));
  Once once(store, context, std::move(key), sha256(encode(operation)), std::move(*mark));
  const auto remembered = store.read([&](View& view) { return view.remembered(once.key_); });
  SEAMLINE_CRASH_POINT(store.module(), "after-answer-looked-up");
  if (remembered) {
    auto reply = once.replay(*remembered);
    if (!reply) return fail(std::move(reply.error()));
    once.answer_ = std::move(*reply);
  }
  return once;
}

template <Operation Op>
Result<typename Op::Reply> Once<Op>::replay(const RememberedAnswer& remembered) const {
  auto same = check_fingerprint(remembered, fingerprint_);
  if (!same) return fail(std::move(same.error()));
  if (context_.notes != nullptr) context_.notes->replayed = true;
  return decode<Reply>(remembered.reply, Reading::lenient);
}

template <Operation Op>
template <class Fn>
Result<typename Op::Reply> Once<Op>::write(Fn&& command) {
  return store_.write(context_, [&](Transaction& transaction) -> Result<Reply> {
    if (!has_key()) return command(transaction);
    if (const auto remembered = transaction.remembered(key_)) return replay(*remembered);
    SEAMLINE_CRASH_POINT(store_.module(), "after-key-looked-up-again");
    Result<Reply> reply = command(transaction);
    if (reply) transaction.remember(key_, {fingerprint_, encode(*reply)});
    return reply;
  });
}

}  // namespace seamline::store
