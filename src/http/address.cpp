#include "http/address.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

#include "http/message.hpp"

namespace seamline::http {
namespace {

constexpr std::string_view scheme = "http://";

bool is_host_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

/// A registered name or an IPv4 address, without escapes; or an IPv6 address.
bool is_host(const std::string& host) {
  in6_addr ipv6{};
  if (host.find(':') != std::string::npos) return ::inet_pton(AF_INET6, host.c_str(), &ipv6) == 1;
  return !host.empty() && std::all_of(host.begin(), host.end(), is_host_character);
}

}  // namespace

bool HostAndPort::is_loopback() const { return http::is_loopback(host); }

std::string HostAndPort::url() const {
  const bool is_ipv6 = host.find(':') != std::string::npos;
  return "http://" + (is_ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::optional<HostAndPort> read_host_and_port(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return std::nullopt;
  HostAndPort address;
  const std::string_view port = text.substr(colon + 1);
  const auto read = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (read.ec != std::errc() || read.ptr != port.data() + port.size()) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  address.host = host;
  return address;
}

std::size_t path_of(std::string_view url) { return std::min(url.size(), url.find_first_of("/?#", scheme.size())); }

std::optional<HostAndPort> address_of(std::string_view url) {
  if (!url.starts_with(scheme)) return std::nullopt;
  const std::string_view authority = url.substr(scheme.size(), path_of(url) - scheme.size());
  const auto colon = authority.rfind(':');
  const bool has_port = colon != std::string_view::npos && authority.find(']', colon) == std::string_view::npos;
  auto address = read_host_and_port(has_port ? std::string(authority) : std::string(authority) + ":80");
  if (!address || address->port == 0 || !is_host(address->host)) return std::nullopt;
  // An IPv6 address has its brackets, and nothing else has any.
  if ((address->host.find(':') != std::string::npos) != authority.starts_with('[')) return std::nullopt;
  return address;
}

bool is_loopback(const std::string& host) {
  in_addr ipv4{};
  if (::inet_pton(AF_INET, host.c_str(), &ipv4) == 1) return (ntohl(ipv4.s_addr) >> 24U) == 127;
  return equal_ignoring_case(host, "localhost") || host == "::1";
}

}  // namespace seamline::http
