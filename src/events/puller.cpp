#include "events/puller.hpp"

#include "base/fault.hpp"
#include "observe/log.hpp"

namespace seamline::events {

bool Puller::step() {
  // First, so that what is found missing is read in the same step.
  if (clock_.monotonic() >= next_comparison_) compare_heads();
  bool has_read = false;
  for (const Feed& feed : feeds_) has_read = read_for(feed) || has_read;
  if (clock_.monotonic() >= next_receipts_) send_receipts();
  return has_read;
}

bool Puller::read_for(const Feed& feed) const {
  // A log in the same process does not change under its cursors while the process runs.
  if (feed.consumer.is_diverged()) return false;
  const auto after = feed.consumer.begin_log_read();
  if (!after) return false;
  auto read = feed.source.read(*after, options_.read_entries, 0);
  if (!read) {
    if (read.error().kind == Kind::conflict) {
      observe::log_error("events",
                         feed.consumer.subscriber() + " stops hearing " + feed.consumer.publisher() + ": " + read.error().detail);
      feed.consumer.diverged(read.error());
    }
    return false;
  }
  SEAMLINE_CRASH_POINT(feed.consumer.subscriber(), "log-read");
  const bool is_all = static_cast<std::int64_t>(read->entries.size()) < options_.read_entries;
  const bool has_read = !read->entries.empty();
  feed.consumer.offer_from_log(read->log_id, std::move(read->entries), is_all);
  return has_read;
}

void Puller::compare_heads() {
  next_comparison_ = clock_.monotonic().plus_ms(options_.poll_ms);
  for (const Feed& feed : feeds_) {
    feed.consumer.notice_idle(feed.source.head_seq());
  }
}

void Puller::send_receipts() {
  next_receipts_ = clock_.monotonic().plus_ms(options_.receipt_ms);
  for (Feed& feed : feeds_) {
    const std::int64_t seq = feed.consumer.receipt_seq();
    if (seq <= feed.receipted_seq || feed.consumer.is_diverged()) continue;
    SEAMLINE_CRASH_POINT(feed.consumer.subscriber(), "before-receipt");
    // A publisher that cannot take it now gets the next one.
    if (feed.source.send_receipt(feed.consumer.subscriber(), seq)) feed.receipted_seq = seq;
    SEAMLINE_CRASH_POINT(feed.consumer.subscriber(), "receipt-sent");
  }
}

}  // namespace seamline::events
