#include "http/problem.hpp"

#include "base/json.hpp"
#include "support/catch.hpp"

using namespace seamline;

TEST_CASE("each kind of error has its status") {
  const std::vector<std::pair<Kind, int>> statuses{
      {Kind::malformed, 400}, {Kind::unauthenticated, 401}, {Kind::forbidden, 403}, {Kind::not_found, 404},
      {Kind::conflict, 409},  {Kind::precondition, 412},    {Kind::too_large, 413}, {Kind::invalid, 422},
      {Kind::limited, 429},   {Kind::unavailable, 503},     {Kind::internal, 500},  {Kind::deadline_exceeded, 504}};
  for (const auto& [kind, status] : statuses) {
    CHECK(http::status_of(kind) == status);
    CHECK(http::reason_phrase(status) != "Unknown");
  }
}

TEST_CASE("an error is told as problem details (RFC 9457), member by member") {
  Error error;
  error.code = "request.invalid";
  error.kind = Kind::invalid;
  error.detail = "It says \"no\".";
  error.violations = {{"/items/0/quantity", "must be at least 1"}, {"", "is wrong"}};
  const http::Response response = http::problem(error, "r-1");
  CHECK(response.status == 422);
  CHECK(response.headers.get("Content-Type") == "application/problem+json");
  const json::Value body = json::parse(response.body).value();
  CHECK(body.find("type")->text == "/problems/request.invalid");
  CHECK(body.find("title")->text == "Unprocessable Content");
  CHECK(body.find("status")->integer == 422);
  CHECK(body.find("detail")->text == "It says \"no\".");
  CHECK(body.find("code")->text == "request.invalid");
  CHECK(body.find("request_id")->text == "r-1");
  CHECK_FALSE(body.find("retryable")->boolean);
  CHECK(body.find("may_have_run") == nullptr);
  REQUIRE(body.find("errors")->items.size() == 2);
  CHECK(body.find("errors")->items[0].find("pointer")->text == "#/items/0/quantity");
  CHECK(body.find("errors")->items[0].find("detail")->text == "must be at least 1");
  CHECK(body.find("errors")->items[1].find("pointer")->text == "#");
}

TEST_CASE("a problem says when to try again, rounded up to seconds, and whether the call may have run") {
  Error error;
  error.code = "call.unavailable";
  error.kind = Kind::unavailable;
  error.retryable = true;
  error.may_have_run = true;
  error.retry_after_ms = 1001;
  const http::Response response = http::problem(error, {});
  CHECK(response.status == 503);
  CHECK(response.headers.get("Retry-After") == "2");
  const json::Value body = json::parse(response.body).value();
  CHECK(body.find("retryable")->boolean);
  CHECK(body.find("may_have_run")->boolean);
  CHECK(body.find("request_id") == nullptr);
  error.retry_after_ms = 0;
  CHECK_FALSE(http::problem(error, {}).headers.has("Retry-After"));
}

TEST_CASE("401 names the scheme that would help") {
  Error error;
  error.kind = Kind::unauthenticated;
  CHECK(http::problem(error, {}).headers.get("WWW-Authenticate") == "Bearer");
  error.code = "request.untrusted_service";
  CHECK(http::problem(error, {}).headers.get("WWW-Authenticate") == R"(Bearer error="invalid_token")");
  error.code = "oauth.invalid_client";
  CHECK(http::oauth_problem(error, {}).headers.get("WWW-Authenticate") == R"(Basic realm="seamline")");
}
