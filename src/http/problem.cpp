#include "http/problem.hpp"

#include "base/json.hpp"

namespace seamline::http {
namespace {

Response render(int status, const Error& error, std::string_view request_id) {
  Response response;
  response.status = status;
  json::Writer writer(response.body);
  writer.begin_object();
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
  if (!request_id.empty()) writer.member("request_id", request_id);
  writer.end_object();
  response.headers.add("Content-Type", "application/problem+json");
  if (error.retry_after_ms > 0) response.headers.add("Retry-After", std::to_string((error.retry_after_ms + 999) / 1000));
  if (status == 401) response.headers.add("WWW-Authenticate", "Bearer");
  return response;
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

Response problem(int status, std::string_view code, std::string detail, std::string_view request_id) {
  Error error;
  error.code = code;
  error.detail = std::move(detail);
  return render(status, error, request_id);
}

}  // namespace seamline::http
