#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace seamline::app {

/// What a client can say of an attempt: `failed` is a refusal for good, `unknown` is everything after which it cannot tell.
enum class AttemptOutcome : std::uint8_t { ok, failed, unknown };

/// One request, as the client that sent it saw it.
struct Attempt {
  /// From 1; given by the history.
  std::int64_t number = 0;
  /// The Idempotency-Key, which the repeats of a request share.
  std::string key;
  /// On the monotonic clock.
  std::int64_t start_ms = 0;
  std::int64_t end_ms = 0;
  AttemptOutcome outcome = AttemptOutcome::unknown;
  /// 0 where no whole answer came.
  int status = 0;
  /// Where the answer had one; at most max_order_id_bytes.
  std::string order_id;
};

/// The file in which clients keep what they asked of a shop and what they were told, for an audit (app/audit/README.md, "What
/// the clients saw"): one JSON object a line, one line an attempt, in the order in which they began.
///
/// A line is there, and durable, before its request leaves: as `unknown`, in a slot that its outcome overwrites in place. So no
/// request is ever without its line, and since no slot crosses a page, a killed writer leaves nothing but whole lines.
/// Thread-safe.
class ClientHistory {
 public:
  /// A line with its padding and its end; a divisor of the page.
  static constexpr std::size_t slot_bytes = 256;
  static constexpr std::size_t max_key_bytes = 40;
  static constexpr std::size_t max_order_id_bytes = 40;

  /// Creates the file. Errors: history.exists where there is one (it is never overwritten), history.unwritable.
  static Result<std::unique_ptr<ClientHistory>> create(const std::string& file);
  ~ClientHistory();
  ClientHistory(const ClientHistory&) = delete;
  ClientHistory& operator=(const ClientHistory&) = delete;

  /// Numbers an attempt and puts it on record. Returns once its line is durable, and with it all outcomes recorded before; one
  /// fdatasync serves all who wait meanwhile. Errors: history.unwritable; then the request must not be sent.
  Result<void> begin(Attempt& attempt);
  /// Records how an attempt ended; durable with the next begin() or finish(). Errors: history.unwritable.
  Result<void> end(const Attempt& attempt);
  /// Makes all of it durable. Errors: history.unwritable.
  Result<void> finish();

 private:
  ClientHistory(std::string file, int fd) : file_(std::move(file)), fd_(fd) {}

  Result<void> write(const Attempt& attempt);
  Result<void> sync(std::unique_lock<std::mutex>& lock);
  tl::unexpected<Error> unwritable(int reason) const;

  const std::string file_;
  const int fd_;
  std::mutex mutex_;
  std::condition_variable synced_;
  std::int64_t attempts_ = 0;
  /// Writes so far, how many of them are durable, and whether somebody is about to make more so.
  std::int64_t writes_ = 0;
  std::int64_t durable_writes_ = 0;
  bool is_syncing_ = false;
  /// The errno of a sync that failed; 0 while none has.
  int failure_ = 0;
};

}  // namespace seamline::app
