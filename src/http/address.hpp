#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace seamline::http {

struct HostAndPort {
  /// A name or an address; one of IPv6 without its brackets.
  std::string host;
  std::uint16_t port = 0;

  bool is_loopback() const;
  /// `http://host:port`, an IPv6 host in brackets.
  std::string url() const;
};

/// `host:port`, an IPv6 host in brackets. It says nothing about whether the host is well formed.
std::optional<HostAndPort> read_host_and_port(std::string_view text);

/// Where the path of `http://host:port/path` begins; the url's length where it has none.
std::size_t path_of(std::string_view url);

/// The host and port of `http://host:port/path`; port 80 where it names none (RFC 9110, section 4.2.1). Nothing for any other
/// form, also for one with a user before the host: where such a url leads is read in more ways than one.
std::optional<HostAndPort> address_of(std::string_view url);

/// Whether a host is this machine itself: an address of 127.0.0.0/8, ::1 or localhost, and no name that only begins so.
bool is_loopback(const std::string& host);

}  // namespace seamline::http
