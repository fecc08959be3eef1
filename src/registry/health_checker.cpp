#include "registry/health_checker.hpp"

#include "http/address.hpp"

namespace seamline::registry {
namespace {

/// More of an answer is not read: what counts is its status, and its beginning is for people.
constexpr std::size_t max_answer_bytes = std::size_t{64} << 10U;

struct Outcome {
  CheckStatus status;
  std::string output;
};

http::Request request_of(const CheckDefinition& check) {
  std::string_view target = std::string_view(check.http).substr(http::path_of(check.http));
  target = target.substr(0, target.find('#'));
  const auto question = target.find('?');
  http::Request request;
  request.method = check.method;
  request.path = target.substr(0, question);
  if (request.path.empty()) request.path = "/";
  if (question != std::string_view::npos) request.query = target.substr(question + 1);
  for (const auto& [name, value] : check.header) request.headers.add(name, value);
  return request;
}

http::Client::Options options_of(const CheckDefinition& check) {
  http::Client::Options options;
  options.time = {check.timeout_ms, check.timeout_ms, check.timeout_ms};
  options.max_reply_bytes = max_answer_bytes;
  return options;
}

/// As Consul judges: 2xx, 429, all else.
Outcome judge(const CheckDefinition& check, const Result<http::Response>& answer) {
  if (!answer) return {CheckStatus::critical, answer.error().detail};
  const std::string output = "HTTP " + check.method + " " + check.http + ": " + std::to_string(answer->status) + " " +
                             std::string(http::reason_phrase(answer->status)) + " Output: " + answer->body;
  if (answer->status >= 200 && answer->status < 300) return {CheckStatus::passing, output};
  return {answer->status == 429 ? CheckStatus::warning : CheckStatus::critical, output};
}

}  // namespace

bool HealthChecker::step() {
  const bool has_expired = catalog_.expire();
  const auto due = catalog_.take_due_check();
  if (!due) return has_expired;
  const CheckDefinition& check = due->definition;
  const auto client = std::make_shared<http::Client>(check.http.substr(0, http::path_of(check.http)), options_of(check));
  {
    const std::lock_guard lock(mutex_);
    if (is_finished_) return false;
    client_ = client;
  }
  const Outcome outcome = judge(check, client->send(request_of(check)));
  catalog_.record(*due, outcome.status, outcome.output);
  return true;
}

void HealthChecker::finish() {
  const std::lock_guard lock(mutex_);
  is_finished_ = true;
  if (client_) client_->interrupt();
}

}  // namespace seamline::registry
