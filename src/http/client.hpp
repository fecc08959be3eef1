#pragma once

#include <cstdint>
#include <memory>

#include "base/result.hpp"
#include "http/exchange.hpp"
#include "http/message.hpp"

namespace seamline::http {

/// One connection to an HTTP/1.1 server, opened at the first request and kept alive between requests, as long as nothing about
/// it is in doubt. Redirects are answers like any other. Not thread-safe, but for interrupt().
class Client {
 public:
  struct Options {
    TimeLimits time{};
    std::size_t max_head_bytes = std::size_t{16} << 10U;
    /// Of a body.
    std::size_t max_reply_bytes = std::size_t{8} << 20U;
  };

  /// `url` is `http://host:port`. Throws nothing; a bad address shows at the first request.
  Client(const std::string& url, Options options);
  explicit Client(const std::string& url) : Client(url, Options()) {}
  ~Client();

  /// Sends one request (its path and query are percent-encoded already) and reads the answer, whatever its status. A request is
  /// sent once, whatever happens: who wants to repeat it knows whether it may be. The resolving of a host's name is not timed.
  /// Errors, with may_have_run unless nothing was sent, and retryable for what has not run or only reads:
  /// call.unavailable where no answer came: no connection, or one that ended first, or interrupt();
  /// call.deadline_exceeded where time ran out;
  /// call.bad_reply for what is no answer, or is cut short, or exceeds a limit;
  /// request.bad_header for a header with line breaks or the like, or a framing one (is_framing_header): nothing is sent.
  Result<Response> send(const Request& request, const TimeLimits& time);
  Result<Response> send(const Request& request);

  /// Ends the request that is under way, and every later one, at once: for a thread that shall stop waiting. Thread-safe.
  void interrupt();

  /// Whether there is a connection that another request can use, as far as can be seen without looking at it.
  bool is_connected() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace seamline::http
