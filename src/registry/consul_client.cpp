#include "registry/consul_client.hpp"

#include <charconv>
#include <optional>

#include "base/text.hpp"
#include "contract/wire.hpp"
#include "registry/duration.hpp"

namespace seamline::registry {
namespace {

constexpr std::size_t max_detail_bytes = 200;

tl::unexpected<Error> refusal(const http::Response& response) {
  const std::string_view text = std::string_view(response.body).substr(0, well_formed_bytes(response.body));
  const ErrorCode& code = response.status == 400 ? errors::invalid : errors::unavailable;
  return fail(
      code, "The registry answers " + std::to_string(response.status) + ": " + std::string(text_prefix(text, max_detail_bytes)));
}

std::optional<std::uint64_t> read_index(const http::Response& response) {
  const std::string_view text = response.headers.get("X-Consul-Index");
  std::uint64_t index = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), index);
  if (text.empty() || read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
  return index;
}

}  // namespace

ConsulClient::ConsulClient(Options options) : options_(std::move(options)), client_(options_.url) {}

Result<void> ConsulClient::add(const Registration& registration) {
  const auto answer =
      send({"PUT", "/v1/agent/service/register", "replace-existing-checks=true", {}, write_registration(registration)});
  if (!answer) return fail(answer.error());
  if (answer->status != 200) return refusal(*answer);
  return {};
}

Result<void> ConsulClient::remove(const std::string& service_id) {
  const auto answer = send({"PUT", "/v1/agent/service/deregister/" + percent_encode(service_id), {}, {}, {}});
  if (!answer) return fail(answer.error());
  if (answer->status != 200 && answer->status != 404) return refusal(*answer);
  return {};
}

Result<bool> ConsulClient::knows(const std::string& service_id) {
  const auto answer = send({"GET", "/v1/agent/health/service/id/" + percent_encode(service_id), "format=json", {}, {}});
  if (!answer) return fail(answer.error());
  // The status says how the instance is: passing, warning, critical.
  if (answer->status == 200 || answer->status == 429 || answer->status == 503) return true;
  if (answer->status == 404) return false;
  return refusal(*answer);
}

Result<ConsulClient::Found> ConsulClient::passing_instances(const std::string& service, std::uint64_t index) {
  std::string query = "passing=1";
  if (index > 0) query += "&index=" + std::to_string(index) + "&wait=" + write_duration_ms(options_.wait_ms);
  const auto answer =
      send({"GET", "/v1/health/service/" + percent_encode(service), query, {}, {}}, index > 0 ? options_.wait_ms : 0);
  if (!answer) return fail(answer.error());
  if (answer->status != 200) return refusal(*answer);
  const auto next = read_index(*answer);
  if (!next) return fail(errors::bad_answer, "The registry's answer has no X-Consul-Index: is " + options_.url + " a registry?");
  auto instances = read_health_entries(answer->body, options_.max_instances);
  if (!instances) return fail(std::move(instances.error()));
  return Found{*next, std::move(*instances)};
}

Result<http::Response> ConsulClient::send(http::Request request, std::int64_t wait_ms) {
  if (!request.body.empty()) request.headers.add("Content-Type", "application/json");
  if (!options_.token.empty()) request.headers.add("X-Consul-Token", options_.token);
  http::TimeLimits time;
  time.connect_ms = options_.timeout_ms;
  // An agent adds up to a sixteenth to the wait, so that not all clients come back at once.
  time.first_byte_ms = options_.timeout_ms + wait_ms + wait_ms / 16;
  time.total_ms = time.first_byte_ms;
  auto answer = client_.send(request, time);
  if (answer) return answer;
  auto error = fail(errors::unavailable, "The registry cannot be reached: " + answer.error().detail);
  error.value().may_have_run = answer.error().may_have_run;
  return error;
}

}  // namespace seamline::registry
