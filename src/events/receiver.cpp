#include "events/receiver.hpp"

#include <algorithm>

#include "base/fault.hpp"
#include "observe/log.hpp"

namespace seamline::events {
namespace {

constexpr std::int64_t first_pause_ms = 50;

}  // namespace

Receiver::Receiver(Broker& broker, Consumer* consumer, ForeignInbox& inbox, const Clock& clock, Options options)
    : broker_(broker), consumer_(consumer), inbox_(inbox), clock_(clock), options_(options), window_(options.window) {
  places_ = inbox_.start();
  // What somebody else publishes where there is no topic may be lost without a word.
  SubscriptionStart start{places_.storage_id, {}, consumer_ == nullptr};
  for (const auto& [partition, offset] : places_.next_offsets) start.next.push_back({partition, offset});
  subscription_ = broker_.subscribe_to(inbox_.topic().name, start);
}

void Receiver::stop() {
  is_stopped_.store(true);
  subscription_->interrupt();
}

bool Receiver::step() {
  const Instant now = clock_.monotonic();
  if (is_stopped_.load() || !pause_.is_over(now)) return false;
  inbox_.resume();
  if (!inbox_.has_room()) return false;
  auto received = subscription_->receive(options_.max_events, options_.wait_ms);
  if (is_stopped_.load()) return false;
  if (!received) {
    failed(received.error());
    return false;
  }
  if (!is_carrying_.exchange(true) && pause_.length_ms() > 0) {
    observe::log_info("events", inbox_.subscriber() + " hears the topic " + inbox_.topic().name + " of " +
                                    std::string(broker_.name()) + " again.");
  }
  pause_.succeeded();
  const bool has_received = !received->empty();
  take(std::move(*received));
  return has_received || options_.wait_ms > 0;
}

void Receiver::failed(const Error& error) {
  count(&ReceiverCounts::failures);
  // A broker that starts, or starts again, is no news; one that stays away is.
  if (is_carrying_.exchange(false) || pause_.length_ms() == 0) {
    observe::log_warning("events", inbox_.subscriber() + " cannot hear the topic " + inbox_.topic().name + " of " +
                                       std::string(broker_.name()) + " now, and reads the log: " + error.detail);
  }
  pause_.begin(clock_.monotonic(), first_pause_ms, options_.longest_pause_ms);
}

void Receiver::take(std::vector<ReceivedEvent> events) {
  const Instant now = clock_.monotonic();
  if (!events.empty() && subscription_->storage_id() != places_.storage_id) places_ = {subscription_->storage_id(), {}};
  std::vector<Delivery::Foreign> foreign;
  for (ReceivedEvent& received : events) {
    std::int64_t& next = places_.next_offsets[received.place.partition];
    // What the broker gives again of what it gave before has been applied, or waits.
    const bool is_repeated = received.place.offset < next;
    next = std::max(next, received.place.offset + 1);
    ReadEvent read = read_broker_event(std::move(received.event), inbox_.topic().publisher, options_.limits);
    if (auto* entry = std::get_if<SequencedEvent>(&read)) {
      take_sequenced(std::move(*entry), now);
    } else if (auto* event = std::get_if<ForeignEvent>(&read)) {
      if (!is_repeated) foreign.push_back({std::move(*event), received.place});
    } else {
      count(&ReceiverCounts::refused);
      observe::log_warning("events", inbox_.subscriber() + " refuses an event from the topic " + inbox_.topic().name + ": " +
                                         std::get<RefusedEvent>(read).reason + ".");
    }
  }
  count(&ReceiverCounts::received, static_cast<std::int64_t>(events.size()));
  has_new_places_ = has_new_places_ || !events.empty();
  hand_over(now);
  deliver(std::move(foreign), now);
}

void Receiver::take_sequenced(SequencedEvent event, Instant now) {
  if (consumer_ == nullptr) return;
  const store::LogPosition queued = consumer_->queued();
  // Until the log has been read once, whose id is the right one is unknown: what was missed here is read there.
  if (queued.log_id != event.log_id) {
    if (!queued.log_id.empty()) return count(&ReceiverCounts::refused);
    return consumer_->missed(event.entry.seq);
  }
  if (event.entry.seq <= queued.seq) return count(&ReceiverCounts::duplicates);
  window_.add(std::move(event.entry), now);
}

void Receiver::hand_over(Instant now) {
  if (consumer_ == nullptr) return;
  const store::LogPosition queued = consumer_->queued();
  window_.drop_up_to(queued.seq);
  bool is_of_another_log = false;
  store::EntryBatch run = window_.take_run(queued, now, is_of_another_log);
  if (!run.empty()) {
    SEAMLINE_CRASH_POINT(inbox_.subscriber(), "run-received");
    consumer_->offer(std::make_shared<const store::EntryBatch>(std::move(run)));
  }
  if (is_of_another_log) {
    count(&ReceiverCounts::refused);
    consumer_->look_again();
  } else if (window_.is_overdue(now)) {
    count(&ReceiverCounts::given_up);
    consumer_->missed(window_.clear());
  }
}

void Receiver::deliver(std::vector<Delivery::Foreign> events, Instant now) {
  if (!has_new_places_ || (events.empty() && now < places_due_)) return;
  places_due_ = now.plus_ms(options_.places_ms);
  has_new_places_ = false;
  inbox_.offer({std::move(events), places_});
}

void Receiver::count(std::int64_t ReceiverCounts::* what, std::int64_t by) {
  const std::lock_guard lock(mutex_);
  counts_.*what += by;
}

ReceiverCounts Receiver::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

}  // namespace seamline::events
