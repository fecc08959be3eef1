#include "events/log_source.hpp"

#include "events/receipt.hpp"
#include "observe/log.hpp"

namespace seamline::events {

Result<LogRead> LocalLogSource::read(const store::LogPosition& after, std::int64_t limit, std::int64_t) {
  try {
    return publisher_.read([&](store::View& view) -> Result<LogRead> {
      auto entries = store::read_log(view, after, limit);
      if (!entries) return fail(std::move(entries.error()));
      const store::LogPosition head = publisher_.log().head();
      return LogRead{head.log_id, std::move(*entries), head.seq};
    });
  } catch (const store::StorageError& problem) {
    observe::log_error("events", "The log of " + publisher_.module() + " cannot be read now: " + problem.what());
    return fail(unavailable, "The log of " + publisher_.module() + " cannot be read now.");
  }
}

std::int64_t LocalLogSource::head_seq() { return publisher_.log().head().seq; }

Result<void> LocalLogSource::send_receipt(const std::string& subscriber, std::int64_t seq) {
  auto recorded = record_receipt(publisher_, gate_, subscriber, seq);
  if (!recorded) return fail(std::move(recorded.error()));
  return {};
}

}  // namespace seamline::events
