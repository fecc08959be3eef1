#include "events/kafka_publisher.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "events/kafka_headers.hpp"

namespace seamline::events {
namespace {

// How long librdkafka is waited for before the watch's view is looked at again.
constexpr std::int64_t slice_ms = 100;
// Enough for one call; the rest comes with the next.
constexpr std::size_t outcomes_at_once = 10'000;

void* as_opaque(std::int64_t number) { return reinterpret_cast<void*>(static_cast<std::intptr_t>(number)); }  // NOLINT
std::int64_t as_number(const void* opaque) { return static_cast<std::int64_t>(reinterpret_cast<std::intptr_t>(opaque)); }

}  // namespace

KafkaPublisher::KafkaPublisher(const KafkaOptions& options, std::shared_ptr<KafkaTopic> topic, const Clock& clock)
    : options_(options), topic_(std::move(topic)), clock_(clock), incarnation_(topic_->view()->incarnation) {
  topic_->demand();
}

bool KafkaPublisher::send(const BrokerEvent& event, std::int64_t token) {
  follow_storage();
  if (waiting_.size() + outcomes_.size() >= static_cast<std::size_t>(options_.max_waiting_events)) return false;
  if (!producer_.client) {
    if (auto opened = open(); !opened) {
      outcomes_.push_back({token, false, opened.error().detail});
      return true;
    }
  }
  const std::int64_t number = first_number_ + static_cast<std::int64_t>(waiting_.size());
  const auto problem = produce(event, number);
  if (problem == RD_KAFKA_RESP_ERR__QUEUE_FULL) return false;
  if (problem == RD_KAFKA_RESP_ERR_NO_ERROR) {
    waiting_.push_back({token, false});
  } else {
    outcomes_.push_back({token, false, rd_kafka_err2str(problem)});
  }
  return true;
}

Result<void> KafkaPublisher::open() {
  auto client = make_kafka_client(KafkaRole::publishes, options_);
  if (!client) return fail(std::move(client.error()));
  producer_.client = std::move(*client);
  producer_.queue.reset(rd_kafka_queue_get_main(producer_.client.get()));
  producer_.topic.reset(rd_kafka_topic_new(producer_.client.get(), topic_->name().c_str(), nullptr));
  return {};
}

rd_kafka_resp_err_t KafkaPublisher::produce(const BrokerEvent& event, std::int64_t number) {
  auto headers = kafka_headers(event);
  std::array<rd_kafka_vu_t, 6> parts{};
  parts[0].vtype = RD_KAFKA_VTYPE_RKT;
  parts[0].u.rkt = producer_.topic.get();
  parts[1].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
  parts[1].u.i = RD_KAFKA_MSG_F_COPY;
  parts[2].vtype = RD_KAFKA_VTYPE_VALUE;
  // What is copied; the interface has no const.
  parts[2].u.mem = {const_cast<char*>(event.data.data()), event.data.size()};
  parts[3].vtype = RD_KAFKA_VTYPE_OPAQUE;
  parts[3].u.ptr = as_opaque(number);
  parts[4].vtype = RD_KAFKA_VTYPE_HEADERS;
  parts[4].u.headers = headers.get();
  parts[5].vtype = RD_KAFKA_VTYPE_KEY;
  parts[5].u.mem = {event.key.empty() ? nullptr : const_cast<char*>(event.key.data()), event.key.size()};
  rd_kafka_error_t* problem = rd_kafka_produceva(producer_.client.get(), parts.data(), parts.size());
  if (problem == nullptr) {
    static_cast<void>(headers.release());  // the message's now
    return RD_KAFKA_RESP_ERR_NO_ERROR;
  }
  const auto code = rd_kafka_error_code(problem);
  rd_kafka_error_destroy(problem);
  return code;
}

std::vector<SendOutcome> KafkaPublisher::outcomes(std::int64_t wait_ms) {
  const Instant until = clock_.monotonic().plus_ms(wait_ms);
  while (true) {
    follow_storage();
    const std::int64_t left_ms = outcomes_.empty() ? std::max<std::int64_t>(0, clock_.monotonic().ms_until(until)) : 0;
    const std::int64_t wait_now_ms = std::min(left_ms, slice_ms);
    if (!producer_.queue) {
      // Nothing was sent yet, or the storage has changed.
      if (left_ms == 0) break;
      topic_->wait_for_other(topic_->view(), wait_now_ms);
      continue;
    }
    const KafkaOwned<rd_kafka_event_t> event{rd_kafka_queue_poll(producer_.queue.get(), static_cast<int>(wait_now_ms))};
    if (event) {
      handle(event.get());
    } else if (left_ms == 0) {
      break;
    }
    if (outcomes_.size() >= outcomes_at_once) break;
  }
  for (std::size_t i = 0; i < acknowledged_.size(); ++i) {
    if (acknowledged_[i].offset >= 0) topic_->saw(incarnation_, static_cast<std::int64_t>(i), acknowledged_[i].offset + 1);
  }
  return std::exchange(outcomes_, {});
}

void KafkaPublisher::handle(rd_kafka_event_t* event) {
  if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_DR) {
    while (const rd_kafka_message_t* report = rd_kafka_event_message_next(event)) settle(*report);
  } else {
    // An error of the client is in its log as well, and ends what waits one by one.
    log_kafka_event(event);
  }
}

void KafkaPublisher::settle(const rd_kafka_message_t& report) {
  const std::int64_t number = as_number(report._private);
  if (report.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    end(number, rd_kafka_err2str(report.err));
    return;
  }
  check_order(report, number);
  end(number, "");
}

void KafkaPublisher::check_order(const rd_kafka_message_t& report, std::int64_t number) {
  // An event that turned out to be written already may be acknowledged without its offset.
  if (report.offset < 0 || report.partition < 0) return;
  const auto index = static_cast<std::size_t>(report.partition);
  if (acknowledged_.size() <= index) acknowledged_.resize(index + 1);
  Acknowledged& latest = acknowledged_[index];
  if (number < latest.number) return;  // sent earlier, so it lies earlier
  if (report.offset < latest.offset) {
    topic_->saw_loss(incarnation_);
    topic_->ask_for_look();
  }
  latest = {number, report.offset};
}

void KafkaPublisher::end(std::int64_t number, std::string problem) {
  const auto index = static_cast<std::size_t>(number - first_number_);
  if (number < first_number_ || index >= waiting_.size() || waiting_[index].is_over) return;
  waiting_[index].is_over = true;
  outcomes_.push_back({waiting_[index].token, problem.empty(), std::move(problem)});
  while (!waiting_.empty() && waiting_.front().is_over) {
    waiting_.pop_front();
    ++first_number_;
  }
}

void KafkaPublisher::follow_storage() {
  const std::int64_t incarnation = topic_->view()->incarnation;
  if (incarnation == incarnation_) return;
  give_up("The topic " + topic_->name() + " was made anew or lost data while the event was on its way.");
  std::exchange(producer_, {});
  acknowledged_.clear();
  incarnation_ = incarnation;
}

void KafkaPublisher::give_up(const std::string& problem) {
  for (const Waiting& each : waiting_) {
    if (!each.is_over) outcomes_.push_back({each.token, false, problem});
  }
  first_number_ += static_cast<std::int64_t>(waiting_.size());
  waiting_.clear();
}

void KafkaPublisher::reset() {
  give_up("");
  outcomes_.clear();
  std::exchange(producer_, {});
}

std::string KafkaPublisher::storage_id() {
  const auto view = topic_->view();
  if (view->look == 0) return "";
  return view->latest.cluster_id + "/" + std::to_string(view->incarnation);
}

}  // namespace seamline::events
