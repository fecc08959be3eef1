#pragma once

#include "seam/gate.hpp"
#include "store/store.hpp"

namespace seamline::events {

/// The publisher is out of reach, or what it answered makes no sense: worth asking again.
inline constexpr ErrorCode unavailable{"events.unavailable", Kind::unavailable};

/// What was read of a log.
struct LogRead {
  std::string log_id;
  store::EntryBatch entries;
  /// The seq of the last entry that the log had at that moment.
  std::int64_t head_seq = 0;
};

/// Where a publisher's log is read: its store in the same process, or its host.
class LogSource {
 public:
  virtual ~LogSource() = default;
  /// Up to `limit` entries behind `after`; fewer where they are large. Where there is none yet, a source that can waits for one
  /// for up to `wait_ms`. Errors: events.diverged; events.unavailable while the publisher is out of reach.
  virtual Result<LogRead> read(const store::LogPosition& after, std::int64_t limit, std::int64_t wait_ms) = 0;
  /// The seq of the last entry, as far as it is known without asking anybody; 0 where nothing is.
  virtual std::int64_t head_seq() = 0;
  /// Tells the publisher that `subscriber` has applied everything up to `seq`, durably. Idempotent; a lower seq changes nothing.
  /// Errors: events.diverged where it is past the head; events.unavailable.
  virtual Result<void> send_receipt(const std::string& subscriber, std::int64_t seq) = 0;
  /// Makes a read that waits return soon, and later ones fail. The one method that another thread may call.
  virtual void interrupt() {}
};

/// The log of a module in this process. Thread-safe; never waits for an entry.
class LocalLogSource final : public LogSource {
 public:
  /// The publisher's store and gate exist and outlive the source.
  LocalLogSource(store::Store& publisher, seam::Gate& gate) : publisher_(publisher), gate_(gate) {}
  Result<LogRead> read(const store::LogPosition& after, std::int64_t limit, std::int64_t wait_ms) override;
  std::int64_t head_seq() override;
  Result<void> send_receipt(const std::string& subscriber, std::int64_t seq) override;

 private:
  store::Store& publisher_;
  seam::Gate& gate_;
};

}  // namespace seamline::events
