#include "events/event_endpoint.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <condition_variable>

#include "base/fault.hpp"
#include "contract/wire.hpp"
#include "events/cloud_events.hpp"
#include "events/log_headers.hpp"
#include "events/receipt.hpp"
#include "http/headers.hpp"
#include "http/problem.hpp"

namespace seamline::events {
namespace {

constexpr ErrorCode malformed{"request.malformed", Kind::malformed};
constexpr ErrorCode foreign_receipt{"events.foreign_receipt", Kind::forbidden};

constexpr std::string_view receipts_path = "/receipts/";

http::Response refuse(const http::Request& request, const Error& error) {
  return http::problem(error, http::read_request_id(request.headers));
}

bool read_number(std::string_view text, std::int64_t& number) {
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  return problem == std::errc() && end == text.data() + text.size() && number >= 0;
}

}  // namespace

/// Where requests wait for the head to move.
class EventEndpoint::Waiting {
 public:
  explicit Waiting(std::int64_t head_seq) : head_seq_(head_seq) {}

  void move_head(std::int64_t seq) {
    {
      const std::lock_guard lock(mutex_);
      head_seq_ = seq;
      if (waiting_ == 0) return;
    }
    changed_.notify_all();
  }
  void stop() {
    {
      const std::lock_guard lock(mutex_);
      is_stopped_ = true;
    }
    changed_.notify_all();
  }
  /// Returns whether the head is past `seq`; at once where `most` wait already.
  bool wait_past(std::int64_t seq, std::int64_t wait_ms, std::int64_t most) {
    std::unique_lock lock(mutex_);
    if (waiting_ < most && !is_stopped_) {
      ++waiting_;
      changed_.wait_for(lock, std::chrono::milliseconds(wait_ms), [&] { return head_seq_ > seq || is_stopped_; });
      --waiting_;
    }
    return head_seq_ > seq;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::int64_t head_seq_;
  std::int64_t waiting_ = 0;
  bool is_stopped_ = false;
};

struct EventEndpoint::Query {
  store::LogPosition after;
  std::int64_t limit = 0;
  std::int64_t wait_ms = 0;
};

EventEndpoint::EventEndpoint(store::Store& publisher, seam::Gate& gate, Options options)
    : publisher_(publisher),
      gate_(gate),
      options_(options),
      path_("/events/" + publisher.module()),
      waiting_(std::make_shared<Waiting>(publisher.log().head().seq)) {
  publisher_.writer().listen(
      [waiting = waiting_](const std::shared_ptr<const store::EntryBatch>& entries) { waiting->move_head(entries->back().seq); });
}

EventEndpoint::~EventEndpoint() { stop(); }

void EventEndpoint::stop() { waiting_->stop(); }

http::Response EventEndpoint::handle(const http::Request& request, std::string_view peer) {
  const std::string_view path = request.path;
  const bool is_log = path == path_;
  const bool is_receipt = path.starts_with(path_) && path.substr(path_.size()).starts_with(receipts_path);
  const std::string_view method = is_log ? "GET" : "PUT";
  if ((is_log || is_receipt) && request.method == method) return is_log ? read(request) : receipt(request, peer);
  const std::string request_id = http::read_request_id(request.headers);
  if (!is_log && !is_receipt) {
    return http::problem(404, "request.no_such_route", "The events of this module are at " + path_ + ".", request_id);
  }
  auto response = http::problem(405, "request.method_not_allowed", "This path answers " + std::string(method) + ".", request_id);
  response.headers.add("Allow", std::string(method));
  return response;
}

Result<EventEndpoint::Query> EventEndpoint::parse_query(std::string_view text) const {
  const auto pairs = parse_pairs(text, false);
  if (!pairs) return fail(pairs.error());
  Query query;
  query.limit = options_.max_entries;
  bool has_hash = false;
  for (const auto& [name, value] : *pairs) {
    bool is_good = true;
    if (name == "after") {
      is_good = read_number(value, query.after.seq);
    } else if (name == "log") {
      query.after.log_id = value;
    } else if (name == "epoch") {
      is_good = read_number(value, query.after.epoch);
    } else if (name == "hash") {
      const auto hash = parse_digest(value);
      is_good = has_hash = hash.has_value();
      if (hash) query.after.hash = *hash;
    } else if (name == "limit") {
      is_good = read_number(value, query.limit) && query.limit > 0;
    } else if (name == "wait") {
      is_good = read_number(value, query.wait_ms);
    } else {
      return fail(malformed, "The query has after, log, epoch, hash, limit and wait; " + name + " is none of them.");
    }
    if (!is_good) return fail(malformed, "The query's " + name + " is not what it should be.");
  }
  if (query.after.seq > 0 && (query.after.log_id.empty() || !has_hash)) {
    return fail(malformed, "A place behind the beginning needs the log's id and the hash of the entry there.");
  }
  query.limit = std::min(query.limit, options_.max_entries);
  query.wait_ms = std::min(query.wait_ms, options_.max_wait_ms);
  return query;
}

http::Response EventEndpoint::read(const http::Request& request) {
  const auto query = parse_query(request.query);
  if (!query) return refuse(request, query.error());
  bool is_empty = false;
  auto response = answer(*query, is_empty);
  // Only a place that fits the log is waited at.
  if (response && is_empty && query->wait_ms > 0 && waiting_->wait_past(query->after.seq, query->wait_ms, options_.max_polls)) {
    response = answer(*query, is_empty);
  }
  return response ? std::move(*response) : refuse(request, response.error());
}

Result<http::Response> EventEndpoint::answer(const Query& query, bool& is_empty) {
  const store::LogPosition head = publisher_.log().head();
  http::Response response;
  BatchEncoder encoder(response.body, {publisher_.module(), head.log_id});
  // A reader can be ahead of the head that is announced: what a batch has committed is read before that is told.
  std::int64_t last_seq = std::max(head.seq, query.after.seq);
  is_empty = true;
  auto scanned = publisher_.read([&](store::View& view) {
    return store::scan_log(view, query.after, query.limit, [&](const store::LogEntry& entry) {
      is_empty = false;
      encoder.add(entry);
      last_seq = std::max(last_seq, entry.seq);
      return response.body.size() < options_.max_bytes;
    });
  });
  if (!scanned) return fail(std::move(scanned.error()));
  encoder.end();
  SEAMLINE_CRASH_POINT(publisher_.module(), "page-read");
  response.headers.add("Content-Type", std::string(batch_content_type));
  response.headers.add("Cache-Control", "no-store");
  response.headers.add(std::string(log_id_header), head.log_id);
  response.headers.add(std::string(log_epoch_header), std::to_string(head.epoch));
  response.headers.add(std::string(log_head_header), std::to_string(last_seq));
  return response;
}

http::Response EventEndpoint::receipt(const http::Request& request, std::string_view peer) {
  const auto subscriber = percent_decode(std::string_view(request.path).substr(path_.size() + receipts_path.size()), false);
  if (!subscriber) return refuse(request, subscriber.error());
  if (subscriber->empty() || subscriber->size() > 128) {
    return refuse(request, fail(malformed, "A subscriber's name has 1 to 128 bytes.").value());
  }
  if (!peer.empty() && peer != *subscriber) {
    return refuse(request, fail(foreign_receipt, std::string(peer) + " cannot sign for " + *subscriber + ".").value());
  }
  const auto sent = decode<Receipt>(request.body, Reading::strict);
  if (!sent) return refuse(request, sent.error());
  SEAMLINE_CRASH_POINT(publisher_.module(), "receipt-received");
  const auto standing = record_receipt(publisher_, gate_, *subscriber, sent->seq);
  if (!standing) return refuse(request, standing.error());
  http::Response response;
  response.headers.add("Content-Type", "application/json");
  response.body = encode(*standing);
  return response;
}

}  // namespace seamline::events
