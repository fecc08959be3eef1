#include "events/kafka_subscription.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "events/kafka_headers.hpp"

namespace seamline::events {
namespace {

// How long librdkafka is waited for before the watch's view and interrupt() are looked at again.
constexpr std::int64_t slice_ms = 50;

struct StorageName {
  std::string_view cluster_id;
  std::int64_t number = 0;
};

StorageName parse(std::string_view storage_id) {
  const auto slash = storage_id.rfind('/');
  if (slash == std::string_view::npos) return {storage_id, 0};
  StorageName name{storage_id.substr(0, slash), 0};
  std::from_chars(storage_id.data() + slash + 1, storage_id.data() + storage_id.size(), name.number);
  return name;
}

}  // namespace

KafkaSubscription::KafkaSubscription(const KafkaOptions& options, std::shared_ptr<KafkaTopic> topic, SubscriptionStart start,
                                     const Clock& clock)
    : options_(options), topic_(std::move(topic)), start_(std::move(start)), clock_(clock), needed_look_(topic_->ask_for_look()) {
  if (start_.makes_topic) topic_->demand();
}

KafkaSubscription::~KafkaSubscription() { close(); }

Result<std::vector<ReceivedEvent>> KafkaSubscription::receive(std::size_t limit, std::int64_t wait_ms) {
  const Instant until = clock_.monotonic().plus_ms(wait_ms);
  while (!is_interrupted_) {
    const std::int64_t left_ms = std::max<std::int64_t>(0, clock_.monotonic().ms_until(until));
    const auto view = topic_->view();
    auto is_ready = follow(*view);
    if (!is_ready) return fail(std::move(is_ready.error()));
    if (*is_ready) {
      auto events = take(limit, std::min(left_ms, slice_ms));
      if (!events.empty()) return events;
    } else if (left_ms > 0) {
      topic_->wait_for_other(view, std::min(left_ms, slice_ms));
    }
    if (left_ms > 0) continue;
    const std::string& problem = view->problem.empty() ? problem_ : view->problem;
    if (!problem.empty()) return fail(broker_unavailable, problem);
    break;
  }
  return std::vector<ReceivedEvent>{};
}

Result<bool> KafkaSubscription::follow(const KafkaTopicView& view) {
  if (view.look < needed_look_) return false;
  const auto& partitions = view.latest.partitions;
  if (!has_begun_ && !partitions.empty()) begin(view);
  if (!has_begun_) return false;
  follow_storage(view);
  if (partitions.empty() && next_.empty()) return false;
  if (!consumer_.client) {
    if (auto opened = open(); !opened) return fail(broker_unavailable, opened.error().detail);
  }
  for (std::size_t i = next_.size(); i < partitions.size(); ++i) {
    const auto partition = static_cast<std::int32_t>(i);
    const std::int64_t from = first_offset(partition, partitions[i]);
    if (rd_kafka_consume_start_queue(consumer_.topic.get(), partition, from, consumer_.queue.get()) != 0) {
      return fail(broker_unavailable,
                  std::string("Cannot receive from ") + topic_->name() + ": " + rd_kafka_err2str(rd_kafka_last_error()));
    }
    next_.push_back(std::max<std::int64_t>(0, from));
  }
  return true;
}

void KafkaSubscription::begin(const KafkaTopicView& view) {
  has_begun_ = true;
  incarnation_ = view.incarnation;
  const StorageName before = parse(start_.storage_id);
  if (before.cluster_id == view.latest.cluster_id) {
    is_continued_ = continues_in(view);
    number_base_ = before.number - incarnation_ + (is_continued_ ? 0 : 1);
  }
  storage_id_ = view.latest.cluster_id + "/" + std::to_string(number_base_ + incarnation_);
}

bool KafkaSubscription::continues_in(const KafkaTopicView& view) const {
  return std::ranges::all_of(start_.next, [&](const BrokerPlace& place) {
    const auto index = static_cast<std::size_t>(place.partition);
    if (place.partition < 0 || index >= view.latest.partitions.size()) return false;
    const std::int64_t end = view.latest.partitions[index].end;
    return place.offset >= 0 && (end < 0 || place.offset <= end);
  });
}

std::int64_t KafkaSubscription::first_offset(std::int32_t partition, const KafkaRange& range) const {
  if (is_continued_) {
    for (const BrokerPlace& place : start_.next) {
      if (place.partition == partition) return place.offset;
    }
  }
  // As a number, where it is known: librdkafka takes half a second to find the beginning.
  return range.begin >= 0 ? range.begin : std::int64_t{RD_KAFKA_OFFSET_BEGINNING};
}

void KafkaSubscription::follow_storage(const KafkaTopicView& view) {
  if (view.incarnation == incarnation_) return;
  close();
  is_continued_ = false;
  incarnation_ = view.incarnation;
  storage_id_ = view.latest.cluster_id + "/" + std::to_string(number_base_ + incarnation_);
}

Result<void> KafkaSubscription::open() {
  auto client = make_kafka_client(KafkaRole::subscribes, options_);
  if (!client) return fail(std::move(client.error()));
  consumer_.client = std::move(*client);
  consumer_.queue.reset(rd_kafka_queue_new(consumer_.client.get()));
  consumer_.topic.reset(rd_kafka_topic_new(consumer_.client.get(), topic_->name().c_str(), nullptr));
  // Left to itself a new client asks a second later where the partitions are.
  const rd_kafka_metadata_t* answer = nullptr;
  rd_kafka_metadata(consumer_.client.get(), 0, consumer_.topic.get(), &answer, slice_ms);
  const KafkaOwned<const rd_kafka_metadata_t> metadata{answer};
  return {};
}

void KafkaSubscription::close() {
  for (std::size_t i = 0; i < next_.size(); ++i) rd_kafka_consume_stop(consumer_.topic.get(), static_cast<std::int32_t>(i));
  next_.clear();
  std::exchange(consumer_, {});
}

std::vector<ReceivedEvent> KafkaSubscription::take(std::size_t limit, std::int64_t wait_ms) {
  write_kafka_log(consumer_.client.get());
  problem_.clear();
  std::vector<rd_kafka_message_t*> messages(limit);
  // The call waits until it has all that it may return: so it waits for the first alone.
  auto count = rd_kafka_consume_batch_queue(consumer_.queue.get(), static_cast<int>(wait_ms), messages.data(),
                                            std::min<std::size_t>(1, limit));
  if (count == 1) {
    const auto more = rd_kafka_consume_batch_queue(consumer_.queue.get(), 0, messages.data() + 1, limit - 1);
    count += std::max<ssize_t>(0, more);
  }
  std::vector<ReceivedEvent> events;
  if (count > 0) events.reserve(static_cast<std::size_t>(count));
  bool is_continuous = true;
  for (ssize_t i = 0; i < count; ++i) {
    rd_kafka_message_t* message = messages[static_cast<std::size_t>(i)];
    is_continuous = is_continuous && accept(*message);
    if (is_continuous && message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      events.push_back({kafka_event(*message), {message->partition, message->offset}});
    }
    rd_kafka_message_destroy(message);
  }
  // They come again, once it is known which storage they are of.
  if (!is_continuous) events.clear();
  for (std::size_t i = 0; i < next_.size() && !events.empty(); ++i)
    topic_->saw(incarnation_, static_cast<std::int64_t>(i), next_[i]);
  return events;
}

bool KafkaSubscription::accept(const rd_kafka_message_t& message) {
  if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    const bool is_missing = message.err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
                            message.err == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC ||
                            message.err == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION;
    if (!is_missing) problem_ = topic_->name() + ": " + rd_kafka_message_errstr(&message);
    return true;
  }
  std::int64_t& next = next_.at(static_cast<std::size_t>(message.partition));
  if (message.offset < next) {
    topic_->saw_loss(incarnation_);
    needed_look_ = topic_->ask_for_look();
    return false;
  }
  next = message.offset + 1;
  return true;
}

}  // namespace seamline::events
