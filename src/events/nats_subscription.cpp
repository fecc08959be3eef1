#include "events/nats_subscription.hpp"

#include <algorithm>

namespace seamline::events::nats {
namespace {

constexpr std::int64_t heartbeats_missed = 3;

std::uint64_t next_of(const SubscriptionStart& start) {
  const auto place =
      std::find_if(start.next.begin(), start.next.end(), [](const BrokerPlace& next) { return next.partition == 0; });
  return place == start.next.end() || place->offset < 1 ? 1 : static_cast<std::uint64_t>(place->offset);
}

}  // namespace

Subscription::Subscription(std::shared_ptr<const NatsOptions> options, const Clock& clock, const std::string& topic,
                           const SubscriptionStart& start)
    : options_(std::move(options)),
      clock_(clock),
      names_(*options_, topic),
      makes_topic_(start.makes_topic),
      storage_(start.storage_id, next_of(start) - 1),
      next_(next_of(start)) {}

Result<std::vector<ReceivedEvent>> Subscription::receive(std::size_t limit, std::int64_t wait_ms) {
  std::vector<ReceivedEvent> events;
  const Instant until = clock_.monotonic().plus_ms(wait_ms);
  std::int64_t next_wait_ms = 0;
  while (!is_interrupted_) {
    if (!is_reading()) {
      auto begun = begin();
      if (!begun && !is_interrupted_) return fail(std::move(begun.error()));
      if (!begun) break;
    }
    take(events, limit, next_wait_ms);
    const Instant now = clock_.monotonic();
    const std::int64_t left_ms = now.ms_until(until);
    if (!events.empty() || left_ms <= 0) break;
    next_wait_ms = std::min(left_ms, std::max<std::int64_t>(now.ms_until(look_at_), 1));
  }
  return events;
}

void Subscription::interrupt() {
  is_interrupted_ = true;
  std::shared_ptr<Connection> connection;
  {
    const std::lock_guard lock(mutex_);
    connection = connection_;
  }
  if (connection != nullptr) connection->close();
}

Result<void> Subscription::begin() {
  auto connection = connect();
  if (!connection) return fail(std::move(connection.error()));
  bool is_missing = false;
  auto begun = [&]() -> Result<void> {
    auto found = (*connection)->look_up(names_);
    if (found && !*found && makes_topic_) found = (*connection)->make(names_, *options_);
    if (!found) return fail(std::move(found.error()));
    auto inbox = (*connection)->open_inbox(false);
    if (!inbox) return fail(std::move(inbox.error()));
    is_missing = !*found;
    if (*found) {
      if (storage_.see(**found)) next_ = 1;
      auto sent = (*connection)->send_stream(names_, inbox->subject, next_, options_->heartbeat_ms);
      if (!sent) return sent;
      auto still = (*connection)->look_up(names_);
      if (!still) return fail(std::move(still.error()));
      if (!*still || (*still)->created_ns != (*found)->created_ns) {
        return fail(broker_unavailable, "the stream " + names_.stream + " of NATS is being made anew");
      }
    }
    inbox_ = std::move(*inbox);
    return {};
  }();
  if (!begun) {
    (*connection)->close();
    return begun;
  }
  next_delivery_ = 1;
  look_at_ = clock_.monotonic().plus_ms(is_missing ? options_->look_interval_ms : heartbeats_missed * options_->heartbeat_ms);
  return {};
}

Result<std::shared_ptr<Connection>> Subscription::connect() {
  if (connection_ != nullptr && connection_->is_open()) return connection_;
  auto opened = Connection::open(*options_, Connection::Sending::at_once);
  if (!opened) return opened;
  {
    const std::lock_guard lock(mutex_);
    connection_ = *opened;
  }
  if (is_interrupted_) connection_->close();
  return connection_;
}

void Subscription::take(std::vector<ReceivedEvent>& events, std::size_t limit, std::int64_t wait_ms) {
  while (is_reading() && events.size() < limit) {
    natsMsg* came = nullptr;
    const natsStatus status = natsSubscription_NextMsg(&came, inbox_.messages.get(), wait_ms);
    const Owned<natsMsg> message(came);
    if (status != NATS_OK) {
      if (status != NATS_TIMEOUT || clock_.monotonic() >= look_at_) begin_again();
      return;
    }
    wait_ms = 0;
    const char* reply = natsMsg_GetReply(came);
    if (const auto delivery = delivery_of(reply == nullptr ? "" : reply)) {
      take_event(came, *delivery, events);
    } else {
      obey(came);
    }
    look_at_ = clock_.monotonic().plus_ms(heartbeats_missed * options_->heartbeat_ms);
  }
}

void Subscription::take_event(natsMsg* message, const Delivery& delivery, std::vector<ReceivedEvent>& events) {
  if (delivery.consumer_sequence != next_delivery_) return begin_again();
  ++next_delivery_;
  next_ = delivery.stream_sequence + 1;
  storage_.reach(delivery.stream_sequence);
  events.push_back({decode(message), {0, static_cast<std::int64_t>(delivery.stream_sequence)}});
}

void Subscription::obey(natsMsg* message) {
  if (header(message, "Status") != "100") return;
  if (const char* reply = natsMsg_GetReply(message); reply != nullptr && *reply != '\0') return answer(reply);
  // A heartbeat: of a consumer that waits for our answer to its flow control, or one that says how many events it has sent.
  if (const std::string_view stalled = header(message, "Nats-Consumer-Stalled"); !stalled.empty()) answer(stalled);
  const std::string_view sent = header(message, "Nats-Last-Consumer");
  if (!sent.empty() && sent != std::to_string(next_delivery_ - 1)) begin_again();
}

void Subscription::answer(std::string_view subject) {
  // What fails here shows at the next message, or by there being none.
  natsConnection_Publish(connection_->connection(), std::string(subject).c_str(), nullptr, 0);
}

}  // namespace seamline::events::nats
