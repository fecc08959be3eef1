#include "registry/health_checker.hpp"

#include "http/client.hpp"

namespace seamline::registry {
namespace {

/// More of an answer is not read: what counts is its status, and its beginning is for people.
constexpr std::size_t max_answer_bytes = std::size_t{64} << 10U;

struct Outcome {
  CheckStatus status;
  std::string output;
};

/// As Consul judges: 2xx, 429, all else.
Outcome run(const CheckDefinition& check) {
  const std::string_view url = check.http;
  const auto path = url.find_first_of("/?", std::string_view("http://").size());
  const std::string_view target = path == std::string_view::npos ? "/" : url.substr(path);
  const auto question = target.find('?');

  http::Request request;
  request.method = check.method;
  request.path = question == 0 ? "/" : target.substr(0, question);
  if (question != std::string_view::npos) request.query = target.substr(question + 1);
  request.query = request.query.substr(0, request.query.find('#'));
  for (const auto& [name, value] : check.header) request.headers.add(name, value);
  request.body = check.body;

  http::Client::Options options;
  options.connect_timeout_ms = check.timeout_ms;
  options.receive_timeout_ms = check.timeout_ms;
  options.max_reply_bytes = max_answer_bytes;
  const auto answer = http::Client(std::string(url.substr(0, path)), options).send(request);
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
  const Outcome outcome = run(due->definition);
  catalog_.record(*due, outcome.status, outcome.output);
  return true;
}

}  // namespace seamline::registry
