#pragma once

#include <cstdint>
#include <string>

#include "base/result.hpp"
#include "http/message.hpp"

namespace seamline::http {

/// How long one request may take, in milliseconds of real time. What is reached first ends it.
struct TimeLimits {
  /// Making the connection, where there is none yet.
  std::int64_t connect_ms = 1'000;
  /// From the end of the request to the first byte of the answer.
  std::int64_t first_byte_ms = 35'000;
  /// All of it. An answer that drips does not get more.
  std::int64_t total_ms = 60'000;
};

/// Carries requests to other hosts and their answers back: over sockets, or over what a simulation has in their place.
/// Thread-safe.
class Exchange {
 public:
  virtual ~Exchange() = default;
  /// Sends one request to `url` (`http://host:port`), once. Errors: those of Client::send.
  virtual Result<Response> send(const std::string& url, const Request& request, const TimeLimits& time) = 0;
};

}  // namespace seamline::http
