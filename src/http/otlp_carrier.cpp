#include "http/otlp_carrier.hpp"

#include <algorithm>
#include <charconv>

#include "http/address.hpp"

namespace seamline::http {
namespace {

constexpr std::size_t max_reply_bytes = std::size_t{64} << 10U;
constexpr std::int64_t max_connect_ms = 1'000;

/// Seconds (RFC 9110, section 10.2.3); 0 for a date, whose sender's clock is not ours, and for anything else.
std::int64_t read_retry_after_ms(std::string_view value) {
  constexpr std::int64_t day_s = 86'400;
  std::int64_t seconds = 0;
  const auto read = std::from_chars(value.data(), value.data() + value.size(), seconds);
  if (read.ec != std::errc() || read.ptr != value.data() + value.size() || seconds < 0) return 0;
  return std::min(seconds, day_s) * 1'000;
}

}  // namespace

observe::OtlpAnswer HttpOtlpCarrier::post(const std::string& url, const std::string& body, std::int64_t timeout_ms) {
  const std::size_t path = path_of(url);
  std::unique_ptr<Client>& client = clients_[url.substr(0, path)];
  if (!client) {
    Client::Options options;
    options.max_reply_bytes = max_reply_bytes;
    client = std::make_unique<Client>(url.substr(0, path), options);
  }
  Request request{"POST", path < url.size() ? url.substr(path) : "/", {}, headers_, body};
  request.headers.add("Content-Type", "application/json");
  const auto response = client->send(request, {std::min(timeout_ms, max_connect_ms), timeout_ms, timeout_ms});
  if (!response) return {0, 0, {}, response.error().detail};
  return {response->status, read_retry_after_ms(response->headers.get("Retry-After")), response->body, {}};
}

}  // namespace seamline::http
