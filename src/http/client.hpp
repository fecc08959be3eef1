#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "http/message.hpp"

namespace seamline::http {

/// One connection to an HTTP/1.1 server, opened at the first request and kept alive between requests. Not thread-safe.
class Client {
 public:
  struct Options {
    std::int64_t connect_timeout_ms = 1'000;
    /// How long the server may be silent while it answers.
    std::int64_t receive_timeout_ms = 35'000;
    std::size_t max_reply_bytes = std::size_t{8} << 20U;
  };

  /// `url` is `http://host:port`. Throws nothing; a bad address shows at the first request.
  Client(const std::string& url, Options options);
  explicit Client(const std::string& url) : Client(url, Options()) {}
  ~Client();

  /// Sends one request (its path and query are percent-encoded already) and reads the answer, whatever its status.
  /// Errors: call.unavailable where there was no whole answer; may_have_run unless the connection could not be made.
  /// A request that changes something is never sent twice by itself.
  Result<Response> send(const Request& request);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace seamline::http
