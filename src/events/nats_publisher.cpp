#include "events/nats_publisher.hpp"

#include <algorithm>
#include <charconv>

namespace seamline::events::nats {

Publisher::Publisher(std::shared_ptr<const NatsOptions> options, const Clock& clock, const std::string& topic)
    : options_(std::move(options)), clock_(clock), names_(*options_, topic) {}

bool Publisher::send(const BrokerEvent& event, std::int64_t token) {
  if (waiting_.size() >= options_->max_waiting) return false;
  if (waiting_.empty()) heard_at_ = clock_.monotonic();
  waiting_.push_back({token});
  if (!in_round()) {
    unsent_.push_back(event);
  } else if (problem_.empty()) {
    publish(event);
  }
  return true;
}

std::vector<SendOutcome> Publisher::outcomes(std::int64_t wait_ms) {
  std::vector<SendOutcome> out;
  const Instant until = clock_.monotonic().plus_ms(wait_ms);
  std::int64_t next_wait_ms = 0;
  for (;;) {
    if (problem_.empty()) begin_round();
    if (problem_.empty() && in_round()) collect(next_wait_ms);
    release(out);
    look_around();
    if (!problem_.empty()) fail_waiting(out);
    const std::int64_t left_ms = clock_.monotonic().ms_until(until);
    if (!out.empty() || left_ms <= 0) return out;
    next_wait_ms = std::min(left_ms, options_->look_interval_ms);
    if (in_round()) {
      send_buffered(next_wait_ms);
    } else {
      nats_Sleep(next_wait_ms);  // nothing waits, and the server is away
    }
  }
}

void Publisher::reset() {
  waiting_.clear();
  end_round();
}

std::string Publisher::storage_id() { return in_round() ? storage_.id() : std::string(); }

void Publisher::begin_round() {
  if (in_round() || (waiting_.empty() && clock_.monotonic() < look_at_)) return;
  look_at_ = clock_.monotonic().plus_ms(options_->look_interval_ms);
  const auto stream = find_stream();
  if (!stream) {
    problem_ = stream.error().detail;
    return;
  }
  auto inbox = connection_->open_inbox(true);
  if (!inbox) {
    problem_ = inbox.error().detail;
    return;
  }
  inbox_ = std::move(*inbox);
  storage_.see(*stream);
  first_ = stream->first;
  last_ = 0;
  if (std::exchange(wants_new_ids_, false)) repetition_ = "@" + std::to_string(stream->last);
  heard_at_ = clock_.monotonic();
  front_ = 0;
  // publish() counts by what waits: it goes through those that wait, one by one.
  std::deque<Waiting> all = std::exchange(waiting_, {});
  for (const BrokerEvent& event : unsent_) {
    waiting_.push_back(all.front());
    all.pop_front();
    if (problem_.empty()) publish(event);
  }
  unsent_.clear();
}

Result<StreamState> Publisher::find_stream() {
  if (connection_ == nullptr || !connection_->is_open()) {
    connection_.reset();
    auto opened = Connection::open(*options_, Connection::Sending::in_batches);
    if (!opened) return fail(std::move(opened.error()));
    connection_ = std::move(*opened);
  }
  auto found = connection_->look_up(names_);
  if (found && *found) return **found;
  auto made = found ? connection_->make(names_, *options_) : Result<StreamState>(fail(std::move(found.error())));
  if (!made) connection_.reset();
  return made;
}

void Publisher::end_round() {
  inbox_ = {};
  unsent_.clear();
  problem_.clear();
  has_buffered_ = false;
  look_at_ = {};
}

void Publisher::publish(const BrokerEvent& event) {
  const std::string reply = inbox_.subject + "." + std::to_string(front_ + waiting_.size() - 1);
  const std::string_view id = event.attribute("id");
  auto message = encode(event, {names_.subject, reply, id.empty() ? std::string() : std::string(id) + repetition_},
                        natsConnection_GetMaxPayload(connection_->connection()));
  if (!message) {
    problem_ = message.error().detail;
    return;
  }
  const natsStatus status = natsConnection_PublishMsg(connection_->connection(), message->get());
  if (status != NATS_OK) problem_ = "cannot send to NATS: " + reason(status);
  has_buffered_ = true;
}

void Publisher::collect(std::int64_t wait_ms) {
  while (problem_.empty()) {
    natsMsg* came = nullptr;
    const natsStatus status = natsSubscription_NextMsg(&came, inbox_.messages.get(), wait_ms);
    const Owned<natsMsg> message(came);
    if (status == NATS_TIMEOUT) return;
    if (status == NATS_NO_RESPONDERS) {
      problem_ = "no stream of NATS takes the subject " + names_.subject;
    } else if (status != NATS_OK) {
      problem_ = "the connection to NATS is lost: " + reason(status);
    } else {
      note(message.get());
    }
    wait_ms = 0;
  }
}

void Publisher::note(natsMsg* message) {
  heard_at_ = clock_.monotonic();
  const std::string_view subject = natsMsg_GetSubject(message);
  const std::string_view last = subject.substr(subject.rfind('.') + 1);
  std::uint64_t number = 0;
  std::from_chars(last.data(), last.data() + last.size(), number);
  if (number < front_ || number - front_ >= waiting_.size()) return;
  Waiting& waiting = waiting_[number - front_];
  waiting.is_answered = true;
  waiting.answer = read_acknowledgement({natsMsg_GetData(message), static_cast<std::size_t>(natsMsg_GetDataLength(message))});
}

void Publisher::release(std::vector<SendOutcome>& out) {
  while (!waiting_.empty() && waiting_.front().is_answered) {
    if (std::string problem = check(waiting_.front().answer); !problem.empty()) {
      problem_ = std::move(problem);
      return;
    }
    out.push_back({waiting_.front().token, true, ""});
    waiting_.pop_front();
    ++front_;
  }
}

std::string Publisher::check(const Acknowledgement& answer) {
  if (!answer.problem.empty()) return answer.problem;
  if (answer.is_duplicate && (answer.sequence < first_ || answer.sequence <= last_)) {
    wants_new_ids_ = true;
    return "NATS took the event for a repetition of one that is gone, or lies before what was sent earlier: send it again";
  }
  if (answer.sequence <= last_) return "the stream " + names_.stream + " of NATS has begun anew";
  last_ = answer.sequence;
  storage_.reach(last_);
  return {};
}

void Publisher::look_around() {
  if (!problem_.empty() || !in_round()) return;
  const Instant now = clock_.monotonic();
  if (!waiting_.empty()) {
    if (heard_at_.ms_until(now) < options_->acknowledgement_timeout_ms) return;
    problem_ = "NATS has acknowledged nothing for " + std::to_string(options_->acknowledgement_timeout_ms) + " ms";
    connection_.reset();
  } else if (now >= look_at_) {
    end_round();  // so that the next one looks at the stream
    begin_round();
  }
}

void Publisher::send_buffered(std::int64_t wait_ms) {
  if (!std::exchange(has_buffered_, false)) return;
  // The client's own thread would send what is buffered a millisecond later.
  natsConnection_FlushTimeout(connection_->connection(), std::min(wait_ms, options_->request_timeout_ms));
}

void Publisher::fail_waiting(std::vector<SendOutcome>& out) {
  for (const Waiting& waiting : waiting_) out.push_back({waiting.token, false, problem_});
  waiting_.clear();
  const Instant look_at = look_at_;
  end_round();
  look_at_ = look_at;
}

}  // namespace seamline::events::nats
