#include "events/relay.hpp"

#include <algorithm>

#include "base/fault.hpp"
#include "events/broker_events.hpp"
#include "events/receipt.hpp"
#include "observe/log.hpp"

namespace seamline::events {
namespace {

constexpr std::int64_t first_pause_ms = 50;
constexpr std::int64_t page_entries = 500;

/// Module names have no space; the names under which relays keep their place do.
bool is_of_a_relay(std::string_view subscriber) { return subscriber.find(' ') != std::string_view::npos; }

}  // namespace

Relay::Relay(std::string broker, store::Store& publisher, seam::Gate& gate, BrokerPublisher& topic, const Clock& clock,
             Options options)
    : broker_(std::move(broker)), publisher_(publisher), gate_(gate), topic_(topic), clock_(clock), options_(options) {}

bool Relay::step() {
  const Instant now = clock_.monotonic();
  if (!pause_.is_over(now)) return false;
  try {
    const bool has_sent = begin() && send_next(now);
    const std::int64_t wait_ms = has_sent && unsent() >= page_entries ? 0 : time_to_wait_ms(now);
    const bool took_outcomes = take_outcomes(wait_ms);
    if (now >= next_receipt_) {
      next_receipt_ = now.plus_ms(options_.receipt_ms);
      write_receipt();
    }
    return has_sent || took_outcomes || (wait_ms > 0 && unsent() > 0);
  } catch (const store::StorageError& problem) {
    start_again(problem.what());
    return false;
  }
}

bool Relay::begin() {
  const std::string storage_id = topic_.storage_id();
  if (storage_id.empty()) return false;
  if (storage_id != storage_id_) begin_in(storage_id);
  if (must_rewind_) {
    in_flight_.clear();
    publisher_.read([this](store::View& view) { sent_ = store::position_at(view, acknowledged_seq_); });
    must_rewind_ = false;
  }
  return true;
}

void Relay::begin_in(const std::string& storage_id) {
  const bool is_another = !std::exchange(storage_id_, storage_id).empty();
  if (is_another) {
    observe::log_warning("events", broker_ + " has lost what it had of " + publisher_.module() + ": it is sent again.");
    counts_.refills.fetch_add(1);
    topic_.reset();
  }
  must_rewind_ = true;
  receipted_seq_ = publisher_.read([this](store::View& view) { return read_start(view); });
  set_acknowledged(receipted_seq_);
}

std::int64_t Relay::read_start(store::View& view) const {
  std::optional<std::int64_t> lowest;
  for (const auto& [subscriber, seq] : view.receipts()) {
    if (subscriber == receipt_name()) return seq;
    if (!is_of_a_relay(subscriber)) lowest = std::min(lowest.value_or(seq), seq);
  }
  return lowest.value_or(0);
}

void Relay::set_acknowledged(std::int64_t seq) {
  acknowledged_seq_ = seq;
  counts_.acknowledged_seq.store(seq);
}

bool Relay::gathers(Instant now) const { return !in_flight_.empty() || now < next_send_; }

std::int64_t Relay::unsent() const { return publisher_.log().head().seq - sent_.seq; }

std::int64_t Relay::time_to_wait_ms(Instant now) const {
  if (!in_flight_.empty()) return options_.wait_ms;
  return gathers(now) ? std::min(options_.wait_ms, now.ms_until(next_send_) + 1) : 0;
}

bool Relay::send_next(Instant now) {
  const std::int64_t waiting = unsent();
  const std::int64_t page = std::min({page_entries, options_.max_in_flight, waiting});
  // Where there is room for a part only, many small readings would follow.
  if (page <= 0 || options_.max_in_flight - std::ssize(in_flight_) < page) return false;
  if (gathers(now) && waiting < page_entries) return false;
  const store::LogPosition after = sent_;
  auto scanned = publisher_.read([&](store::View& view) {
    return store::scan_log(view, after, page, [this](const store::LogEntry& entry) { return send(entry); });
  });
  if (!scanned) throw store::StorageError(scanned.error().detail);
  const std::int64_t count = sent_.seq - after.seq;
  // What is behind whole pages belongs to them: it waits for nothing more to come.
  const std::int64_t gather_ms = count >= page_entries ? 0 : std::clamp(count, options_.gather_ms, options_.longest_gather_ms);
  next_send_ = now.plus_ms(gather_ms);
  return count > 0;
}

bool Relay::send(const store::LogEntry& entry) {
  SEAMLINE_CRASH_POINT(publisher_.module(), "before-relay");
  if (!topic_.send(to_broker_event({publisher_.module(), sent_.log_id}, entry), entry.seq)) return false;
  sent_ = {sent_.log_id, entry.epoch, entry.seq, entry.hash};
  in_flight_.push_back(false);
  counts_.sent.fetch_add(1);
  return true;
}

bool Relay::take_outcomes(std::int64_t wait_ms) {
  const auto outcomes = topic_.outcomes(wait_ms);
  for (const SendOutcome& outcome : outcomes) {
    const auto place = static_cast<std::size_t>(outcome.token - acknowledged_seq_ - 1);
    if (outcome.token <= acknowledged_seq_ || place >= in_flight_.size()) continue;
    if (!outcome.is_durable) {
      counts_.failed.fetch_add(1);
      start_again(outcome.problem);
      return false;
    }
    in_flight_[place] = true;
  }
  std::int64_t acknowledged = acknowledged_seq_;
  for (; !in_flight_.empty() && in_flight_.front(); in_flight_.pop_front()) ++acknowledged;
  if (acknowledged == acknowledged_seq_) return false;
  set_acknowledged(acknowledged);
  SEAMLINE_CRASH_POINT(publisher_.module(), "relayed");
  if (is_out_of_reach_) observe::log_info("events", broker_ + " takes the events of " + publisher_.module() + " again.");
  is_out_of_reach_ = false;
  pause_.succeeded();
  return true;
}

void Relay::start_again(const std::string& problem) {
  // A broker that starts, or starts again, is no news; one that stays away is.
  if (!is_out_of_reach_ && pause_.length_ms() >= options_.longest_pause_ms) {
    observe::log_warning("events", broker_ + " takes no events of " + publisher_.module() + " now: " + problem);
    is_out_of_reach_ = true;
  }
  pause_.begin(clock_.monotonic(), first_pause_ms, options_.longest_pause_ms);
  topic_.reset();
  must_rewind_ = true;
}

void Relay::write_receipt() {
  if (storage_id_.empty() || acknowledged_seq_ <= receipted_seq_) return;
  // A store that cannot take it now gets the next one.
  if (record_receipt(publisher_, gate_, receipt_name(), acknowledged_seq_)) receipted_seq_ = acknowledged_seq_;
  SEAMLINE_CRASH_POINT(publisher_.module(), "relay-receipted");
}

RelayCounts Relay::counts() const {
  RelayCounts counts;
  counts.sent = counts_.sent.load();
  counts.failed = counts_.failed.load();
  counts.refills = counts_.refills.load();
  counts.acknowledged_seq = counts_.acknowledged_seq.load();
  counts.head_seq = publisher_.log().head().seq;
  return counts;
}

}  // namespace seamline::events
