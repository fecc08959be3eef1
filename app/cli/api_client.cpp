#include "cli/api_client.hpp"

#include "contract/wire.hpp"
#include "http/problem.hpp"

namespace seamline::app {
namespace {

tl::unexpected<Error> bad_reply(std::string_view name) {
  constexpr ErrorCode code{"call.bad_reply", Kind::unavailable};
  return fail(code, "The answer has no member " + std::string(name) + " as a shop's has. Is a shop at this address?");
}

}  // namespace

Result<std::string> text_member(const json::Value& answer, std::string_view name) {
  const json::Value* member = answer.find(name);
  if (member == nullptr || !member->is(json::Type::string)) return bad_reply(name);
  return member->text;
}

Result<std::int64_t> integer_member(const json::Value& answer, std::string_view name) {
  const json::Value* member = answer.find(name);
  if (member == nullptr || !member->is(json::Type::integer)) return bad_reply(name);
  return member->integer;
}

Result<void> ApiClient::log_in() {
  if (access_.admin_password.empty()) return {};
  http::Request request{"POST", "/oauth/token", {}, {}, {}};
  request.headers.add("Content-Type", "application/x-www-form-urlencoded");
  request.body = "grant_type=password&username=" + percent_encode(access_.admin_email) +
                 "&password=" + percent_encode(access_.admin_password);
  auto reply = send(std::move(request));
  if (!reply) return fail(std::move(reply.error()));
  auto token = text_member(*reply, "access_token");
  if (!token) return fail(std::move(token.error()));
  token_ = std::move(*token);
  return {};
}

Result<json::Value> ApiClient::get(const std::string& path, const std::string& query) {
  return send({"GET", path, query, {}, {}});
}

Result<json::Value> ApiClient::post(const std::string& path, const std::string& body, const std::string& idempotency_key) {
  http::Request request{"POST", path, {}, {}, body};
  request.headers.add("Content-Type", "application/json");
  if (!idempotency_key.empty()) request.headers.add("Idempotency-Key", idempotency_key);
  return send(std::move(request));
}

Result<http::Response> ApiClient::exchange(http::Request request) {
  if (!token_.empty()) request.headers.add("Authorization", "Bearer " + token_);
  return client_.send(request);
}

Result<json::Value> ApiClient::send(http::Request request) {
  auto response = exchange(std::move(request));
  if (!response) return fail(std::move(response.error()));
  if (response->status >= 300) return fail(http::read_problem(*response));
  return json::parse(response->body, {.max_bytes = std::size_t{8} << 20U});
}

}  // namespace seamline::app
