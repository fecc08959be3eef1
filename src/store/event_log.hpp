#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/hash.hpp"
#include "base/result.hpp"

namespace seamline::store {

class View;
class OpenTransaction;

/// A place in one publisher's log. Before the first entry: seq 0 and a hash of zeros.
struct LogPosition {
  std::string log_id;
  std::int64_t epoch = 0;
  std::int64_t seq = 0;
  Sha256 hash{};
  bool operator==(const LogPosition&) const = default;
};

/// Whose a log is: its random id, and the number of the module's current ownership.
struct LogOwnership {
  std::string log_id;
  std::int64_t epoch = 0;
};

/// One published event as it stands in the log.
struct LogEntry {
  std::int64_t seq = 0;
  std::int64_t epoch = 0;
  /// `seamline.order.OrderCreated.v1`.
  std::string type;
  /// The id of the aggregate that it is about.
  std::string subject;
  Timestamp at;
  /// The traceparent of the call that caused it; may be empty.
  std::string trace;
  /// The JSON body.
  std::string payload;
  /// Over the hash before and everything above: an edit or a hole shows, a cut tail only against a head kept elsewhere.
  Sha256 hash{};
  /// The event itself, of the type that `type` names, where it was handed over in the process; else null.
  std::shared_ptr<const void> typed;
};

/// Entries that were committed together, in the order of the log.
using EntryBatch = std::vector<LogEntry>;

/// Takes entries one by one, until it returns false.
using EntrySink = std::function<bool(const LogEntry&)>;

/// The hash of an entry that follows one with the hash `before`: SHA-256 over `before` and the netstrings (D. J. Bernstein,
/// 1997) of seq, epoch, type, subject, at in milliseconds, trace and payload.
Sha256 chain_hash(const Sha256& before, const LogEntry& entry);

/// A module's own log, in its own store: the transactional outbox and the durable queue at once. append() and the two ends of
/// a batch belong to the writer's thread; the rest is thread-safe.
class EventLog {
 public:
  /// Continues the log whose last entry is at `head`.
  explicit EventLog(LogPosition head);

  /// Appends in the open transaction: gives the entry its seq, epoch and hash, writes it, and keeps it for the hand-over.
  void append(OpenTransaction& transaction, LogEntry entry);
  /// Throws StorageError, fatally, where the store has another epoch than the one that this process took it with.
  void check_epoch(const LogOwnership& stored) const;
  /// The batch is durable: moves the head. Returns its entries; null where it has none.
  std::shared_ptr<const EntryBatch> batch_committed();
  /// The batch is undone: takes back its sequence numbers, chain head and entries.
  void batch_rolled_back();

  LogPosition head() const;

 private:
  mutable std::mutex mutex_;
  LogPosition head_;
  LogPosition next_;
  EntryBatch pending_;
};

/// A cursor does not fit the log that it is read with: nothing is skipped, and nothing more is heard until it fits again.
inline constexpr ErrorCode diverged{"events.diverged", Kind::conflict};

/// Calls `take` with up to `limit` entries behind `after` from a store of that log, until it returns false. An empty log id
/// with seq 0 is the beginning of any. Errors: events.diverged where `after` is not a place in this log: unknown log id,
/// past its head, another hash there, or an epoch that this owner has not reached.
Result<void> scan_log(View& view, const LogPosition& after, std::int64_t limit, const EntrySink& take);
/// The same entries in one batch.
Result<EntryBatch> read_log(View& view, const LogPosition& after, std::int64_t limit);
/// The position of the entry `seq`, or of the beginning for 0. Throws StorageError where there is no such entry.
LogPosition position_at(View& view, std::int64_t seq);

}  // namespace seamline::store
