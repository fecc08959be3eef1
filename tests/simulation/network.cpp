#include "network.hpp"

#include <algorithm>

#include "http/headers.hpp"

namespace seamline::simulation {
namespace {

constexpr ErrorCode unavailable{"call.unavailable", Kind::unavailable};
constexpr ErrorCode timed_out{"call.deadline_exceeded", Kind::deadline_exceeded};

/// As the client on a socket says it.
tl::unexpected<Error> lost(const ErrorCode& code, std::string detail, const http::Request& request, bool was_sent) {
  auto error = fail(code, std::move(detail));
  error.value().may_have_run = was_sent;
  error.value().retryable = !was_sent || request.method == "GET";
  return error;
}

/// What something on the way may repeat of its own accord (RFC 9110, section 9.2.2), or under a key.
bool is_repeatable(const http::Request& request) {
  return request.method == "GET" || request.method == "PUT" || request.headers.has(http::idempotency_header);
}

}  // namespace

/// A request under way.
struct Network::Call {
  http::Request request;
  std::string from;
  /// Null once the caller has gone.
  Task* caller = nullptr;
  std::int64_t answer_travels_ns = 0;
  bool loses_answer = false;
  std::optional<http::Response> answer;
  bool is_reset = false;
};

void Network::part(const std::string& a, const std::string& b, std::int64_t until_ns) {
  parted_[std::minmax(a, b)] = until_ns;
  trace_.line(scheduler_.now_ns(), "partition", a, b, until_ns);
}

bool Network::are_parted(const std::string& a, const std::string& b) const {
  const auto found = parted_.find(std::minmax(a, b));
  return found != parted_.end() && scheduler_.now_ns() < found->second;
}

std::int64_t Network::travel_ns() {
  std::int64_t most_us = 500;
  if (faults_.happens(Fault::delay, weather_.delay)) most_us = random_.below(4) == 0 ? 8'000'000 : 400'000;
  return static_cast<std::int64_t>(20 + random_.below(static_cast<std::uint64_t>(most_us))) * 1'000;
}

Result<http::Response> Network::send(Group& from, const std::string& url, const http::Request& request,
                                     const http::TimeLimits& time) {
  ++requests_;
  const auto found = peers_.find(url);
  const std::int64_t until_ns = scheduler_.now_ns() + time.total_ms * ns_in_ms;
  const std::int64_t connect_ns = std::min(until_ns, scheduler_.now_ns() + time.connect_ms * ns_in_ms);
  if (from.is_rushed()) return lost(unavailable, "This process has ended.", request, false);
  if (found == peers_.end() || found->second == nullptr) {
    scheduler_.pause(travel_ns());
    return lost(unavailable, url + " refuses connections.", request, false);
  }
  Peer& to = *found->second;
  if (are_parted(from.name(), to.name())) {
    scheduler_.wait([] { return false; }, connect_ns);
    return lost(unavailable, url + " does not answer.", request, false);
  }
  if (faults_.happens(Fault::lose, weather_.lose)) {
    trace_.line(scheduler_.now_ns(), "lose", from.name(), request.method, request.path);
    // Half of them are cut off at once, the others swallowed.
    const bool is_cut = random_.below(2) == 0;
    scheduler_.wait([] { return false; }, is_cut ? scheduler_.now_ns() + travel_ns() : until_ns);
    return lost(is_cut ? unavailable : timed_out, url + " gave no answer.", request, true);
  }
  auto call = std::make_shared<Call>();
  call->request = request;
  call->from = from.name();
  call->caller = scheduler_.current();
  call->loses_answer = faults_.happens(Fault::reset, weather_.reset);
  call->answer_travels_ns = travel_ns();
  if (call->loses_answer) trace_.line(scheduler_.now_ns(), "reset", from.name(), request.method, request.path);
  deliver(call, to, true);
  if (is_repeatable(request) && faults_.happens(Fault::duplicate, weather_.duplicate)) {
    trace_.line(scheduler_.now_ns(), "duplicate", from.name(), request.method, request.path);
    deliver(call, to, false);
  }
  const bool has_come = scheduler_.wait([&] { return call->answer || call->is_reset; }, until_ns);
  call->caller = nullptr;
  if (call->answer) return std::move(*call->answer);
  if (has_come) return lost(unavailable, url + " ended the connection without an answer.", request, true);
  return lost(timed_out, url + " did not answer in time.", request, true);
}

void Network::deliver(const std::shared_ptr<Call>& call, Peer& to, bool is_answered) {
  std::int64_t travels_ns = travel_ns();
  if (!is_answered) travels_ns += static_cast<std::int64_t>(random_.below(200)) * ns_in_ms;
  scheduler_.spawn(to, "request", travels_ns, [this, call, &to, is_answered] {
    std::optional<http::Response> answer;
    if (!to.is_rushed() && !are_parted(call->from, to.name())) {
      trace_.line(scheduler_.now_ns(), to.name(), call->request.method, call->request.path);
      answer = to.handle(call->request);
      trace_.line(scheduler_.now_ns(), to.name(), call->request.path, answer->status);
    }
    if (!is_answered) return;
    scheduler_.pause(call->answer_travels_ns);
    if (call->caller == nullptr) return;
    // A process that was killed takes its connections with it.
    if (answer && !to.is_dead() && !call->loses_answer && !are_parted(call->from, to.name())) {
      call->answer = std::move(answer);
    } else {
      call->is_reset = true;
    }
    scheduler_.wake(*call->caller, 0);
  });
}

}  // namespace seamline::simulation
