#include "events/foreign_inbox.hpp"

#include <algorithm>

#include "base/fault.hpp"
#include "observe/log.hpp"

namespace seamline::events {
ForeignInbox::ForeignInbox(Topic topic, Handlers::ByType handlers, store::Store& subscriber, seam::Gate& gate, Options options)
    : topic_(std::move(topic)),
      handlers_(std::move(handlers)),
      store_(subscriber),
      gate_(gate),
      options_(options),
      spans_(options.tracer) {
  start_ = store_.read([this](store::View& view) { return view.topic_places(topic_.broker, topic_.name); });
}

ForeignInbox::~ForeignInbox() {
  const std::lock_guard lock(mutex_);
  SEAMLINE_ASSERT(!is_posted_);
}

bool ForeignInbox::has_room() const {
  const std::lock_guard lock(mutex_);
  return waiting_.size() < options_.max_waiting;
}

void ForeignInbox::offer(Delivery delivery) {
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::make_shared<const Delivery>(std::move(delivery)));
  }
  post_if_needed();
}

ForeignCounts ForeignInbox::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

void ForeignInbox::post_if_needed() {
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.empty() || is_posted_) return;
    auto pass = gate_.enter();
    if (!pass) return;  // resume() comes when it opens
    pass_.emplace(std::move(*pass));
    is_posted_ = true;
  }
  store_.writer().post_event(*this);
}

void ForeignInbox::end_post() {
  is_posted_ = false;
  pass_.reset();
}

std::size_t ForeignInbox::run(store::Transaction& transaction, std::size_t limit) {
  std::shared_ptr<const Delivery> delivery;
  {
    const std::lock_guard lock(mutex_);
    delivery = waiting_.front();
  }
  std::size_t done = 0;
  for (reached_ = applied_; reached_ < delivery->events.size() && done < limit; ++reached_, ++done) {
    running_ = reached_;
    apply(transaction, *delivery, delivery->events[reached_]);
    running_.reset();
  }
  is_delivery_done_ = reached_ == delivery->events.size();
  write_places(transaction, *delivery);
  return std::max<std::size_t>(done, 1);
}

void ForeignInbox::apply(store::Transaction& transaction, const Delivery& delivery, const Delivery::Foreign& received) {
  const ForeignEvent& event = received.event;
  const auto handler = handler_of(event.type);
  if (handler == handlers_.end()) {
    ++new_counts_.unheard;
    return;
  }
  if (!event.id.empty() && transaction.is_foreign_event_known(event.source, event.id)) {
    ++new_counts_.duplicates;
    return;
  }
  if (poisoned_ == reached_) return bury(transaction, delivery, received, poison_);
  store::LogEntry entry;
  entry.type = handler->first;
  entry.payload = event.body;
  entry.at = transaction.now();
  entry.trace = event.trace;
  trace = spans_.begin(topic_.publisher, subscriber(), entry);
  transaction.begin_foreign_event();
  SEAMLINE_CRASH_POINT(subscriber(), "before-foreign-apply");
  const std::optional<std::string> unreadable = handler->second(transaction, entry);
  spans_.end(unreadable ? "events.undecodable" : "");
  if (unreadable) return bury(transaction, delivery, received, *unreadable);
  if (!event.id.empty()) transaction.remember_foreign_event(event.source, event.id);
  ++new_counts_.applied;
  SEAMLINE_CRASH_POINT(subscriber(), "foreign-applied");
}

Handlers::ByType::const_iterator ForeignInbox::handler_of(std::string_view type) const {
  const std::string start = "seamline." + topic_.publisher + "." + std::string(type) + ".v";
  const auto handler = handlers_.lower_bound(start);
  return handler != handlers_.end() && handler->first.starts_with(start) ? handler : handlers_.end();
}

void ForeignInbox::bury(store::Transaction& transaction, const Delivery& delivery, const Delivery::Foreign& received,
                        const std::string& reason) {
  const ForeignEvent& event = received.event;
  observe::log_error("events", subscriber() + " cannot apply a foreign " + event.type + " from the topic " + topic_.name +
                                   " of " + topic_.broker + ": " + reason);
  transaction.bury_foreign({topic_.broker, topic_.name, delivery.next.storage_id, received.place.partition, received.place.offset,
                            reason, event.type, event.source, event.id, event.trace, event.body});
  ++new_counts_.dead_letters;
}

void ForeignInbox::write_places(store::Transaction& transaction, const Delivery& delivery) const {
  store::TopicPlaces places = delivery.next;
  if (!is_delivery_done_) {
    places.next_offsets.clear();
    for (std::size_t i = applied_; i < reached_; ++i) {
      const BrokerPlace& place = delivery.events[i].place;
      places.next_offsets[place.partition] = place.offset + 1;
    }
  }
  transaction.move_topic_places(topic_.broker, topic_.name, places);
  SEAMLINE_CRASH_POINT(subscriber(), "places-written");
}

void ForeignInbox::committed() {
  spans_.committed();
  applied_ = is_delivery_done_ ? 0 : reached_;
  if (poisoned_ && (is_delivery_done_ || *poisoned_ < applied_)) poisoned_.reset();
  {
    const std::lock_guard lock(mutex_);
    if (is_delivery_done_) waiting_.pop_front();
    counts_.applied += new_counts_.applied;
    counts_.duplicates += new_counts_.duplicates;
    counts_.unheard += new_counts_.unheard;
    counts_.dead_letters += new_counts_.dead_letters;
    end_post();
  }
  rolled_back();
  post_if_needed();
}

void ForeignInbox::rolled_back() {
  spans_.undone();
  is_delivery_done_ = false;
  new_counts_ = {};
}

void ForeignInbox::failed(const Error& error) {
  const bool threw_alone = error.kind == Kind::internal && running_.has_value();
  if (threw_alone) {
    poisoned_ = running_;
    poison_ = error.detail;
  }
  running_.reset();
  {
    const std::lock_guard lock(mutex_);
    end_post();
  }
  // Else the store was stopped, or failed for a reason that passes: the receiver runs it again.
  if (threw_alone) post_if_needed();
}

}  // namespace seamline::events
