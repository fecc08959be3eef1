#include "events/puller.hpp"

#include "observe/log.hpp"

namespace seamline::events {

Result<LogRead> LocalLogSource::read(const store::LogPosition& after, std::int64_t limit) {
  return publisher_.read([&](store::View& view) -> Result<LogRead> {
    auto entries = store::read_log(view.rows(), after, limit);
    if (!entries) return fail(std::move(entries.error()));
    return LogRead{publisher_.log().head().log_id, std::move(*entries)};
  });
}

Result<std::int64_t> LocalLogSource::head_seq() { return publisher_.log().head().seq; }

bool Puller::step() {
  // First, so that what is found missing is read in the same step.
  if (clock_.monotonic() >= next_comparison_) compare_heads();
  bool has_read = false;
  for (const Feed& feed : feeds_) has_read = read_for(feed) || has_read;
  return has_read;
}

bool Puller::read_for(const Feed& feed) const {
  const auto after = feed.consumer.begin_log_read();
  if (!after) return false;
  auto read = feed.source.read(*after, options_.read_entries);
  if (!read) {
    if (read.error().kind == Kind::conflict) {
      observe::log_error("events",
                         feed.consumer.subscriber() + " stops hearing " + feed.consumer.publisher() + ": " + read.error().detail);
      feed.consumer.diverged(read.error());
    }
    return false;
  }
  const bool is_all = static_cast<std::int64_t>(read->entries.size()) < options_.read_entries;
  const bool has_read = !read->entries.empty();
  feed.consumer.offer_from_log(read->log_id, std::move(read->entries), is_all);
  return has_read;
}

void Puller::compare_heads() {
  next_comparison_ = clock_.monotonic().plus_ms(options_.poll_ms);
  for (const Feed& feed : feeds_) {
    constexpr std::int64_t unknown = 0;
    feed.consumer.notice_idle(feed.source.head_seq().value_or(unknown));
  }
}

}  // namespace seamline::events
