#include "http/remote_transport.hpp"

#include <algorithm>
#include <array>

#include "base/fault.hpp"
#include "base/text.hpp"
#include "contract/routes.hpp"
#include "http/headers.hpp"
#include "http/problem.hpp"
#include "observe/log.hpp"
#include "security/service_tokens.hpp"
#include "security/service_trust.hpp"

namespace seamline::http {
namespace {

constexpr ErrorCode deadline_exceeded{"call.deadline_exceeded", Kind::deadline_exceeded};
constexpr ErrorCode bad_reply{"call.bad_reply", Kind::unavailable};
constexpr ErrorCode refused{"call.refused", Kind::unavailable};

/// What a service says of a request that it has not even taken for a call.
constexpr std::array<std::string_view, 10> refusals_of_requests{
    "request.untrusted_service", "request.no_such_route",    "request.bad_context", "request.malformed_head",
    "request.bad_target",        "request.bad_header",       "request.bad_host",    "request.bad_length",
    "request.body_too_long",     "request.body_not_expected"};
/// No free place at the service: the one refusal that passes.
constexpr std::string_view no_place = "http.too_many_connections";
constexpr std::int64_t no_place_retry_ms = 1'000;
constexpr std::int64_t log_every_ms = 1'000;

/// Whether the error speaks of this process and its request, and not of the operation and its caller.
bool is_refusal_of_service(int status, const Error& error, const CallContext& context, const RemoteOperation& operation) {
  if (status_of(error.kind) != status || error.code == no_place) return true;
  if (std::find(refusals_of_requests.begin(), refusals_of_requests.end(), error.code) != refusals_of_requests.end()) return true;
  // A caller whom the operation does not admit hears so in any placement. One whom it admits was refused as a service.
  if (error.code == "request.invalid_token") return context.caller_token.empty();
  const bool is_about_access = error.code == "request.unauthenticated" || error.code == "request.forbidden";
  return is_about_access && check_access(operation.access, context.caller).has_value();
}

bool has_type(const Response& response, std::string_view wanted) {
  return has_media_type(response.headers.get("Content-Type"), wanted);
}

bool is_refusal_of_token(const Response& response) {
  if (response.status != 401) return false;
  const auto error = find_problem(response);
  return error && error->code == security::untrusted_service.code;
}

/// An error of the carriage: what it says of repeating the call depends on the operation.
Error carriage_error(Error error, const CallContext& context, const RemoteOperation& operation) {
  error.may_have_run = error.may_have_run && operation.route.verb != Verb::get;
  error.retryable = error.kind != Kind::malformed && (!error.may_have_run || is_repeatable(operation, context));
  return error;
}

std::string service_of(const RemoteOperation& operation) { return "The service of " + std::string(operation.module) + " "; }

/// What a customer may hear of a request without an answer: which module, and nothing of where it runs.
std::string public_detail(const Error& error, const RemoteOperation& operation) {
  if (error.code == "call.overloaded") return service_of(operation) + "has too many requests of this process under way.";
  if (error.code == "request.bad_header") return service_of(operation) + "was sent nothing: a header is malformed.";
  if (error.code == bad_reply.code) return service_of(operation) + "gave an answer that cannot be used.";
  if (error.kind == Kind::deadline_exceeded) return service_of(operation) + "did not answer in time.";
  return service_of(operation) + (error.may_have_run ? "gave no answer." : "cannot be reached.");
}

/// What an answer means to the caller, and whether a service of the module gave it.
struct Reading {
  Result<Answer> answer;
  bool is_well;
  /// What the operator should know beyond that, and no customer; mostly empty.
  std::string for_operator = {};
};

/// Reads the answers to one operation.
class AnswerReading {
 public:
  AnswerReading(const CallContext& context, const RemoteOperation& operation) : context_(context), operation_(operation) {}

  Reading read(Response& response) const {
    const std::string status = std::to_string(response.status);
    if (response.status >= 400) return read_error(response, status);
    if (response.status != operation_.route.success_status()) return unusable("with the unexpected status " + status);
    if (!has_type(response, "application/json")) return unusable("with something else than JSON");
    if (context_.notes != nullptr) read_notes(response.headers, *context_.notes);
    return {Answer{response.status, std::move(response.body), std::string(response.headers.get("Location")),
                   std::string(response.headers.get("ETag"))},
            true};
  }

 private:
  Reading read_error(const Response& response, const std::string& status) const {
    const bool is_problem = has_type(response, "application/problem+json") ||
                            (operation_.route.body == BodyFormat::form && has_type(response, "application/json"));
    auto error = is_problem ? find_problem(response) : std::nullopt;
    if (!error) return unusable(status + " without a problem that could be read");
    // What stands in front of a service may answer 502 for one that has run the call.
    if (response.status >= 500 && status_of(error->kind) != response.status) return unusable(status, describe(*error));
    if (!is_refusal_of_service(response.status, *error, context_, operation_)) return {fail(std::move(*error)), true};
    auto refusal = fail(refused, service_of(operation_) + "refused the request with " + status + ".");
    if (error->code == no_place) {
      refusal.value().retryable = true;
      refusal.value().retry_after_ms = no_place_retry_ms;
    }
    return {std::move(refusal), false, "refused the request with " + status + " " + describe(*error)};
  }

  Reading unusable(const std::string& what, const std::string& reason = {}) const {
    Error error = fail(bad_reply, service_of(operation_) + "answered " + what + ".").value();
    error.may_have_run = true;
    return {fail(carriage_error(std::move(error), context_, operation_)), false, "answered " + what + " " + reason};
  }

  /// A stranger's words, of any length.
  static std::string describe(const Error& error) {
    return std::string(text_prefix(error.code, 64)) + ": " + std::string(text_prefix(error.detail, 256));
  }

  const CallContext& context_;
  const RemoteOperation& operation_;
};

}  // namespace

RemoteTransport::RemoteTransport(Endpoints& endpoints, const Clock& clock, Options options, security::ServiceTokens* tokens)
    : endpoints_(endpoints),
      clock_(clock),
      options_(options),
      tokens_(tokens),
      pool_(std::make_unique<ConnectionPool>(options.pool, clock)),
      exchange_(*pool_) {}

RemoteTransport::RemoteTransport(Endpoints& endpoints, const Clock& clock, Options options, Exchange& exchange)
    : endpoints_(endpoints), clock_(clock), options_(options), tokens_(nullptr), exchange_(exchange) {}

Result<Answer> RemoteTransport::send(const CallContext& context, const RemoteOperation& operation,
                                     const EncodedRequest& request) {
  if (const auto time = time_for(context); !time) return fail(time.error());
  auto url = endpoints_.choose();
  if (!url) return fail(std::move(url.error()));
  const auto token = token_for(context, operation);
  if (!token) return fail(token.error());
  // Fetching a token takes time.
  auto time = time_for(context);
  if (!time) return fail(time.error());
  SEAMLINE_CRASH_POINT(operation.module, "before-call");
  auto response = exchange_.send(*url, write(context, operation, request, *token), *time);
  SEAMLINE_CRASH_POINT(operation.module, "call-answered");
  if (response && is_refusal_of_token(*response)) {
    if (const auto other = token_after(*token, operation)) {
      if (time = time_for(context); !time) return fail(time.error());
      response = exchange_.send(*url, write(context, operation, request, *other), *time);
    }
  }
  if (!response) {
    // These two never left this process: they say nothing about the instance.
    const std::string& code = response.error().code;
    if (code != "call.overloaded" && code != "request.bad_header") endpoints_.report(*url, false);
    log(response.error().detail);
    response.error().detail = public_detail(response.error(), operation);
    return fail(carriage_error(std::move(response.error()), context, operation));
  }
  auto reading = AnswerReading(context, operation).read(*response);
  endpoints_.report(*url, reading.is_well);
  if (!reading.for_operator.empty()) log(*url + " " + reading.for_operator);
  return std::move(reading.answer);
}

void RemoteTransport::log(const std::string& problem) {
  const std::int64_t now_ns = clock_.monotonic().ns;
  std::int64_t next_ns = next_log_ns_.load(std::memory_order_relaxed);
  if (now_ns < next_ns || !next_log_ns_.compare_exchange_strong(next_ns, now_ns + log_every_ms * 1'000'000)) return;
  observe::log_warning("calls", problem);
}

Result<TimeLimits> RemoteTransport::time_for(const CallContext& context) const {
  TimeLimits time = options_.pool.client.time;
  time.first_byte_ms += context.wait_ms;
  time.total_ms += context.wait_ms;
  if (context.deadline == Instant::never()) return time;
  const std::int64_t left_ms = clock_.monotonic().ms_until(context.deadline);
  if (left_ms <= 0) {
    auto too_late = fail(deadline_exceeded, "The deadline had passed before the call was sent.");
    too_late.value().retryable = true;
    // Of this side: the callee was not asked.
    too_late.value().from_seam = true;
    return too_late;
  }
  time.total_ms = std::min(time.total_ms, left_ms);
  return time;
}

Result<std::string> RemoteTransport::token_for(const CallContext& context, const RemoteOperation& operation) const {
  if (tokens_ == nullptr || !security::needs_service_token(operation.access, context.caller)) return std::string();
  return tokens_->token_for(operation.module);
}

std::optional<std::string> RemoteTransport::token_after(const std::string& refused, const RemoteOperation& operation) const {
  if (refused.empty()) return std::nullopt;
  tokens_->refused(operation.module, refused);
  auto token = tokens_->token_for(operation.module);
  if (!token || *token == refused) return std::nullopt;
  return std::move(*token);
}

Request RemoteTransport::write(const CallContext& context, const RemoteOperation& operation, const EncodedRequest& request,
                               const std::string& token) const {
  // The target is complete, with its query.
  Request written{std::string(name_of(operation.route.verb)), request.target, {}, write_context(context, clock_), request.body};
  if (!request.body.empty()) {
    const bool is_json = operation.route.body == BodyFormat::json;
    written.headers.add("Content-Type", is_json ? "application/json" : "application/x-www-form-urlencoded");
  }
  if (!token.empty()) written.headers.add("Authorization", "Bearer " + token);
  return written;
}

}  // namespace seamline::http
