#include "http/problem.hpp"

#include <algorithm>
#include <array>

#include "base/json.hpp"

namespace seamline::http {
namespace {

/// The value of OAuth's member `error`.
std::string_view oauth_code(const Error& error) {
  constexpr std::string_view prefix = "oauth.";
  if (error.code.starts_with(prefix)) return std::string_view(error.code).substr(prefix.size());
  if (error.kind == Kind::malformed || error.kind == Kind::invalid || error.kind == Kind::too_large) return "invalid_request";
  // Section 5.2 has no word for these; that of section 4.1.2.1 is what clients know.
  if (error.kind == Kind::unavailable || error.kind == Kind::deadline_exceeded) return "temporarily_unavailable";
  return "server_error";
}

/// Only printable ASCII without quotes and backslashes may stand in `error_description`.
std::string oauth_description(std::string_view detail) {
  std::string text;
  for (const char c : detail) {
    if (c == '"' || c == '\\') {
      text.push_back('\'');
    } else if (c >= 0x20 && c < 0x7F) {
      text.push_back(c);
    }
  }
  return text;
}

std::string_view challenge_of(const Error& error) {
  // A client that failed at the token endpoint may use HTTP Basic (RFC 6749, section 5.2); all else needs a token.
  if (error.code == "oauth.invalid_client") return R"(Basic realm="seamline")";
  const bool is_bad_token = error.code == "request.invalid_token" || error.code == "request.untrusted_service";
  return is_bad_token ? R"(Bearer error="invalid_token")" : "Bearer";
}

enum class Form : std::uint8_t { problem, oauth };

Response render(int status, const Error& error, std::string_view request_id, Form form = Form::problem) {
  Response response;
  response.status = status;
  json::Writer writer(response.body);
  writer.begin_object();
  if (form == Form::oauth) {
    writer.member("error", oauth_code(error));
    writer.member("error_description", oauth_description(error.detail));
  }
  writer.member("type", "/problems/" + error.code);
  writer.member("title", reason_phrase(status));
  writer.member("status", status);
  writer.member("detail", error.detail);
  writer.member("code", error.code);
  if (!error.violations.empty()) {
    writer.key("errors");
    writer.begin_array();
    for (const Violation& violation : error.violations) {
      writer.begin_object();
      writer.member("pointer", "#" + violation.pointer);
      writer.member("detail", violation.detail);
      writer.end_object();
    }
    writer.end_array();
  }
  writer.member("retryable", error.retryable);
  if (error.may_have_run) writer.member("may_have_run", true);
  if (error.from_seam) writer.member("from_seam", true);
  if (error.retry_after_ms > 0) writer.member("retry_after_ms", error.retry_after_ms);
  if (!request_id.empty()) writer.member("request_id", request_id);
  writer.end_object();
  response.headers.add("Content-Type", form == Form::oauth ? "application/json" : "application/problem+json");
  if (form == Form::oauth) response.headers.add("Cache-Control", "no-store");
  if (error.retry_after_ms > 0) response.headers.add("Retry-After", std::to_string((error.retry_after_ms + 999) / 1000));
  if (status == 401) response.headers.add("WWW-Authenticate", std::string(challenge_of(error)));
  return response;
}

constexpr std::array kinds{Kind::malformed, Kind::unauthenticated, Kind::forbidden,        Kind::not_found,
                           Kind::conflict,  Kind::precondition,    Kind::too_large,        Kind::invalid,
                           Kind::limited,   Kind::unavailable,     Kind::deadline_exceeded};

Kind kind_of(int status) {
  const auto kind = std::find_if(kinds.begin(), kinds.end(), [&](Kind one) { return status_of(one) == status; });
  return kind == kinds.end() ? Kind::internal : *kind;
}

std::string text_of(const json::Value& object, std::string_view name) {
  const json::Value* member = object.find(name);
  return member != nullptr && member->is(json::Type::string) ? member->text : std::string();
}

bool flag_of(const json::Value& object, std::string_view name) {
  const json::Value* member = object.find(name);
  return member != nullptr && member->is(json::Type::boolean) && member->boolean;
}

}  // namespace

int status_of(Kind kind) {
  switch (kind) {
    case Kind::malformed: return 400;
    case Kind::unauthenticated: return 401;
    case Kind::forbidden: return 403;
    case Kind::not_found: return 404;
    case Kind::conflict: return 409;
    case Kind::precondition: return 412;
    case Kind::too_large: return 413;
    case Kind::invalid: return 422;
    case Kind::limited: return 429;
    case Kind::unavailable: return 503;
    case Kind::deadline_exceeded: return 504;
    case Kind::internal: return 500;
  }
  return 500;
}

Response problem(const Error& error, std::string_view request_id) { return render(status_of(error.kind), error, request_id); }

Response oauth_problem(const Error& error, std::string_view request_id) {
  const int status = status_of(error.kind);
  return render(status == 422 ? 400 : status, error, request_id, Form::oauth);
}

Response problem(int status, std::string_view code, std::string detail, std::string_view request_id) {
  Error error;
  error.code = code;
  error.detail = std::move(detail);
  return render(status, error, request_id);
}

std::optional<Error> find_problem(const Response& response) {
  Error error;
  error.kind = kind_of(response.status);
  const auto body = json::parse(response.body);
  error.code = body ? text_of(*body, "code") : std::string();
  if (error.code.empty()) return std::nullopt;
  error.detail = text_of(*body, "detail");
  error.retryable = flag_of(*body, "retryable");
  error.may_have_run = flag_of(*body, "may_have_run");
  error.from_seam = flag_of(*body, "from_seam");
  if (const json::Value* after = body->find("retry_after_ms")) error.retry_after_ms = std::max<std::int64_t>(0, after->integer);
  if (const json::Value* violations = body->find("errors")) {
    for (const json::Value& one : violations->items) {
      const std::string pointer = text_of(one, "pointer");
      error.violations.push_back({pointer.starts_with('#') ? pointer.substr(1) : pointer, text_of(one, "detail")});
    }
  }
  return error;
}

Error read_problem(const Response& response) {
  if (auto error = find_problem(response)) return std::move(*error);
  Error error;
  error.kind = kind_of(response.status);
  error.code = "call.bad_reply";
  error.detail = "The callee answered " + std::to_string(response.status) + " without a problem that could be read.";
  return error;
}

}  // namespace seamline::http
