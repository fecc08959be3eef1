#include "events/follower.hpp"

#include <algorithm>
#include <utility>

#include "base/fault.hpp"
#include "observe/log.hpp"

namespace seamline::events {
namespace {

constexpr std::int64_t first_pause_ms = 50;
constexpr std::int64_t first_diverged_pause_ms = 1000;

}  // namespace

bool Follower::step() {
  const Instant now = clock_.monotonic();
  const bool was_carried = std::exchange(is_carried_, is_carrying_ && is_carrying_());
  if (was_carried && !is_carried_) consumer_.look_again();
  if (now >= next_notice_) notice(now);
  if (is_stopped_.load() || !pause_.is_over(now)) return false;
  const auto after = consumer_.begin_log_read();
  if (now >= receipt_due_ && !consumer_.is_diverged()) send_receipts(now, after);
  return after && read_behind(*after);
}

void Follower::notice(Instant now) {
  next_notice_ = now.plus_ms(options_.poll_ms);
  consumer_.notice_idle(source_.head_seq());
  const std::int64_t seq = consumer_.queued().seq;
  if (is_carried_ && seq == noticed_seq_) consumer_.look_again();
  noticed_seq_ = seq;
}

void Follower::stop() {
  is_stopped_.store(true);
  source_.interrupt();
}

std::int64_t Follower::wait_ms_at(Instant now) const {
  if (receipt_due_ == Instant::never() || options_.wait_ms == 0) return options_.wait_ms;
  return std::clamp<std::int64_t>(now.ms_until(receipt_due_), 1, options_.wait_ms);
}

bool Follower::read_behind(const store::LogPosition& after) {
  const Instant asked = clock_.monotonic();
  const std::int64_t wait_ms = is_carried_ ? 0 : wait_ms_at(asked);
  auto read = source_.read(after, options_.read_entries, wait_ms);
  if (is_stopped_.load()) return false;
  if (!read) {
    failed(read.error());
    return false;
  }
  recovered();
  SEAMLINE_CRASH_POINT(consumer_.subscriber(), "page-received");
  const bool has_read = !read->entries.empty();
  const bool is_all = is_carried_ && (has_read ? read->entries.back().seq : after.seq) >= read->head_seq;
  consumer_.offer_from_log(read->log_id, std::move(read->entries), is_all);
  const Instant answered = clock_.monotonic();
  if ((has_read || is_carried_) && receipt_due_ == Instant::never()) receipt_due_ = answered.plus_ms(options_.receipt_ms);
  // One that stops, or has too many who wait, answers before there is anything. It must not be asked without a pause.
  if (!has_read && asked.ms_until(answered) < wait_ms / 2) {
    pause_.begin(clock_.monotonic(), first_pause_ms, options_.poll_ms);
    return false;
  }
  pause_.succeeded();
  return has_read || wait_ms > 0;
}

void Follower::failed(const Error& error) {
  const std::string edge = consumer_.subscriber() + " from " + consumer_.publisher();
  if (error.code == store::diverged.code) {
    if (!consumer_.is_diverged()) {
      observe::log_error("events", consumer_.subscriber() + " stops hearing " + consumer_.publisher() + ": " + error.detail);
      consumer_.diverged(error);
    }
    return pause_.begin(clock_.monotonic(), first_diverged_pause_ms, options_.diverged_ms);
  }
  // A publisher that starts beside this subscriber, or starts again, is no news; one that stays away is.
  if (!is_out_of_reach_ && pause_.length_ms() >= options_.poll_ms) {
    observe::log_warning("events", edge + " cannot be heard now: " + error.detail);
    is_out_of_reach_ = true;
  }
  pause_.begin(clock_.monotonic(), first_pause_ms, options_.poll_ms);
}

void Follower::recovered() {
  if (consumer_.is_diverged()) {
    observe::log_info("events", consumer_.subscriber() + " hears " + consumer_.publisher() + " again: its log fits the cursor.");
    consumer_.converged();
  }
  if (is_out_of_reach_) observe::log_info("events", consumer_.subscriber() + " reaches " + consumer_.publisher() + " again.");
  is_out_of_reach_ = false;
}

void Follower::send_receipts(Instant now, const std::optional<store::LogPosition>& tail) {
  receipt_due_ = now.plus_ms(options_.receipt_ms);
  const std::int64_t seq = consumer_.receipt_seq();
  if (seq > receipted_seq_) {
    SEAMLINE_CRASH_POINT(consumer_.subscriber(), "before-receipt-put");
    const auto sent = source_.send_receipt(consumer_.subscriber(), seq);
    SEAMLINE_CRASH_POINT(consumer_.subscriber(), "receipt-put");
    if (sent) receipted_seq_ = seq;
    if (!sent && !is_receipt_refused_) {
      observe::log_warning(
          "events", consumer_.publisher() + " takes no receipt of " + consumer_.subscriber() + " now: " + sent.error().detail);
    }
    is_receipt_refused_ = !sent;
  }
  if (!is_carried_ && tail && tail->seq == receipted_seq_) receipt_due_ = Instant::never();
}

}  // namespace seamline::events
