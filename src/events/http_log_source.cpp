#include "events/http_log_source.hpp"

#include <algorithm>
#include <charconv>

#include "base/text.hpp"
#include "contract/wire.hpp"
#include "events/cloud_events.hpp"
#include "events/log_headers.hpp"
#include "events/receipt.hpp"
#include "http/problem.hpp"

namespace seamline::events {
namespace {

tl::unexpected<Error> unreachable(std::string detail) {
  auto error = fail(unavailable, std::move(detail));
  error.value().retryable = true;
  return error;
}

std::optional<std::int64_t> number_in(const http::Headers& headers, std::string_view name) {
  const std::string_view text = headers.get(name);
  std::int64_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc() || end != text.data() + text.size() || number < 0) return std::nullopt;
  return number;
}

std::string query_for(const store::LogPosition& after, std::int64_t limit, std::int64_t wait_ms) {
  std::string query = "after=" + std::to_string(after.seq);
  if (!after.log_id.empty()) query += "&log=" + percent_encode(after.log_id);
  if (after.seq > 0) query += "&epoch=" + std::to_string(after.epoch) + "&hash=" + to_hex(after.hash);
  query += "&limit=" + std::to_string(limit);
  if (wait_ms > 0) query += "&wait=" + std::to_string(wait_ms);
  return query;
}

/// Whether the log that answered is the cursor's, and has not gone back.
Result<void> check_log(const LogRead& read, std::int64_t epoch, const store::LogPosition& after) {
  if (!after.log_id.empty() && read.log_id != after.log_id) {
    return fail(store::diverged, "The answer is of another log (" + std::string(text_prefix(read.log_id, 64)) +
                                     ") than the cursor: it was replaced or restored.");
  }
  if (epoch < after.epoch) {
    return fail(store::diverged, "The log is at epoch " + std::to_string(epoch) + ", and the cursor has seen epoch " +
                                     std::to_string(after.epoch) + ": this is no longer its owner.");
  }
  if (read.head_seq < after.seq) {
    return fail(store::diverged, "The log ends at entry " + std::to_string(read.head_seq) + ", before the cursor at " +
                                     std::to_string(after.seq) + ": it was restored from an older copy.");
  }
  return {};
}

/// Whether each entry follows the one before it, and the first one the cursor.
Result<void> check_chain(const LogRead& read, std::int64_t epoch, const store::LogPosition& after) {
  store::LogPosition at = after;
  for (const store::LogEntry& entry : read.entries) {
    const std::string name = "Entry " + std::to_string(entry.seq);
    if (entry.seq != at.seq + 1) return fail(store::diverged, name + " came where " + std::to_string(at.seq + 1) + " follows.");
    if (entry.epoch < at.epoch || entry.epoch > epoch) return fail(store::diverged, name + " has an epoch that does not follow.");
    if (store::chain_hash(at.hash, entry) != entry.hash) {
      return fail(store::diverged, name + " has a hash that does not follow from it and the entry before.");
    }
    at.seq = entry.seq;
    at.epoch = entry.epoch;
    at.hash = entry.hash;
  }
  if (at.seq > read.head_seq) return fail(store::diverged, "The answer has entries past the log's head.");
  return {};
}

}  // namespace

HttpLogSource::HttpLogSource(std::string publisher, http::Endpoints& endpoints, Options options, security::ServiceTokens* tokens)
    : publisher_(std::move(publisher)), endpoints_(endpoints), options_(options), tokens_(tokens) {}

HttpLogSource::HttpLogSource(std::string publisher, http::Endpoints& endpoints, Options options, http::Exchange& exchange)
    : publisher_(std::move(publisher)), endpoints_(endpoints), options_(options), tokens_(nullptr), exchange_(&exchange) {}

HttpLogSource::~HttpLogSource() = default;

Result<std::shared_ptr<http::Client>> HttpLogSource::client_to(const std::string& url) {
  const std::lock_guard lock(mutex_);
  if (is_interrupted_) return unreachable("The subscriber is stopping.");
  if (!client_ || url != url_) {
    url_ = url;
    client_ = std::make_shared<http::Client>(url, http::Client::Options{.max_reply_bytes = options_.max_answer_bytes});
  }
  return client_;
}

void HttpLogSource::interrupt() {
  const std::lock_guard lock(mutex_);
  is_interrupted_ = true;
  if (client_) client_->interrupt();
}

Result<http::Response> HttpLogSource::carry(const std::string& url, const http::Request& request, const http::TimeLimits& time) {
  if (exchange_ != nullptr) return exchange_->send(url, request, time);
  const auto client = client_to(url);
  if (!client) return fail(client.error());
  return (*client)->send(request, time);
}

Result<http::Response> HttpLogSource::send(http::Request request, std::int64_t wait_ms) {
  const auto url = endpoints_.choose();
  if (!url) return unreachable(url.error().detail);
  std::string token;
  if (tokens_ != nullptr) {
    auto drawn = tokens_->token_for(publisher_);
    if (!drawn) return unreachable(drawn.error().detail);
    token = std::move(*drawn);
    request.headers.add("Authorization", "Bearer " + token);
  }
  const std::int64_t first_byte_ms = wait_ms + options_.answer_timeout_ms;
  auto response = carry(*url, request, {options_.connect_timeout_ms, first_byte_ms, first_byte_ms + options_.answer_timeout_ms});
  endpoints_.report(*url, response.has_value());
  if (!response) return unreachable(response.error().detail);
  if (response->status == 200) return response;
  if (response->status == 401 && tokens_ != nullptr) tokens_->refused(publisher_, token);
  const Error problem = http::read_problem(*response);
  if (problem.code == store::diverged.code) return fail(store::diverged, problem.detail);
  return unreachable(*url + " answered " + std::to_string(response->status) + " " + problem.code + ": " + problem.detail);
}

Result<LogRead> HttpLogSource::read(const store::LogPosition& after, std::int64_t limit, std::int64_t wait_ms) {
  http::Request request;
  request.method = "GET";
  request.path = "/events/" + publisher_;
  wait_ms = std::min(wait_ms, options_.max_wait_ms);
  request.query = query_for(after, limit, wait_ms);
  const auto response = send(std::move(request), wait_ms);
  if (!response) return fail(response.error());

  LogRead read;
  read.log_id = response->headers.get(log_id_header);
  const auto epoch = number_in(response->headers, log_epoch_header);
  const auto head_seq = number_in(response->headers, log_head_header);
  if (read.log_id.empty() || !epoch || !head_seq ||
      !http::has_media_type(response->headers.get("Content-Type"), batch_content_type)) {
    return unreachable("The answer of " + publisher_ + " is no batch of events with the headers of a log.");
  }
  read.head_seq = *head_seq;
  if (auto same = check_log(read, *epoch, after); !same) return fail(std::move(same.error()));
  auto entries = decode_batch(response->body, {publisher_, read.log_id},
                              {.max_bytes = options_.max_answer_bytes, .max_entries = static_cast<std::size_t>(limit)});
  if (!entries) return unreachable(entries.error().detail);
  read.entries = std::move(*entries);
  if (auto follows = check_chain(read, *epoch, after); !follows) return fail(std::move(follows.error()));
  head_seq_ = read.head_seq;
  return read;
}

Result<void> HttpLogSource::send_receipt(const std::string& subscriber, std::int64_t seq) {
  http::Request request;
  request.method = "PUT";
  request.path = "/events/" + publisher_ + "/receipts/" + percent_encode(subscriber);
  request.headers.add("Content-Type", "application/json");
  request.body = encode(Receipt{seq});
  const auto response = send(std::move(request), 0);
  if (!response) return fail(response.error());
  return {};
}

}  // namespace seamline::events
