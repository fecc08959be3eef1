#pragma once

#include <mutex>
#include <set>

#include "base/call_context.hpp"
#include "contract/wire.hpp"
#include "store/transaction.hpp"

namespace seamline::store {

class Store;

/// The keys under which a command runs right now in this process. Thread-safe.
class RunningKeys {
 public:
  /// Marks a key as running until it is destroyed.
  class Mark {
   public:
    Mark() = default;
    Mark(RunningKeys& keys, AnswerKey key) : keys_(&keys), key_(std::move(key)) {}
    Mark(Mark&& other) noexcept : keys_(std::exchange(other.keys_, nullptr)), key_(std::move(other.key_)) {}
    Mark& operator=(Mark&&) = delete;
    ~Mark() {
      if (keys_ != nullptr) keys_->release(key_);
    }

   private:
    RunningKeys* keys_ = nullptr;
    AnswerKey key_;
  };

  /// Errors: idempotency.in_progress where a command with this key is still running.
  Result<Mark> begin(const AnswerKey& key);

 private:
  void release(const AnswerKey& key);

  std::mutex mutex_;
  std::set<AnswerKey> running_;
};

/// The key that a caller's answer to an operation is remembered under.
AnswerKey answer_key(const CallContext& context, std::string_view operation);
/// Errors: idempotency.key_reused where the answer belongs to another request.
Result<void> check_fingerprint(const RememberedAnswer& answer, const Sha256& fingerprint);

/// One run of an operation that may be repeated under an idempotency key. Only a success is remembered, in the transaction of
/// its effect; after a failure a repeat is judged afresh. Without a key everything just runs.
///
///     auto once = store.once(context, operation);          // 409 while it runs, 422 for another body
///     if (!once) return fail(once.error());
///     if (once->answer()) return *once->answer();          // a repeat: the same answer again
///     …calls to other modules…
///     return once->write([&](Transaction& transaction) -> Result<Reply> {…});
template <Operation Op>
class Once {
 public:
  using Reply = typename Op::Reply;

  static Result<Once> begin(Store& store, RunningKeys& keys, const CallContext& context, const Op& operation);

  /// The remembered reply, where this is a repeat.
  const std::optional<Reply>& answer() const { return answer_; }

  /// Runs the command as Store::write does. Looks the key up again first, inside the transaction, which decides; remembers the
  /// reply of a success.
  template <class Fn>
  Result<Reply> write(Fn&& command);

 private:
  Once(Store& store, const CallContext& context, AnswerKey key, const Sha256& fingerprint, RunningKeys::Mark mark)
      : store_(store), context_(context), key_(std::move(key)), fingerprint_(fingerprint), mark_(std::move(mark)) {}
  bool has_key() const { return !key_.key.empty(); }
  Result<Reply> replay(const RememberedAnswer& remembered) const;

  Store& store_;
  const CallContext& context_;
  AnswerKey key_;
  Sha256 fingerprint_;
  RunningKeys::Mark mark_;
  std::optional<Reply> answer_;
};

}  // namespace seamline::store
