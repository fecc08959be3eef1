#pragma once

#include <functional>
#include <memory>

#include "base/result.hpp"
#include "http/message.hpp"

namespace seamline::http {

/// An HTTP/1.1 server (RFC 9112), a thread for each connection. Requests reach the handler whole, or not at all: what is cut
/// short, ambiguous or over a limit is answered with a problem, and the connection is closed.
///
/// A body needs a Content-Length. Chunked bodies are refused with 411, because the reader below cannot tell one that was cut
/// from one that is whole.
class Server {
 public:
  struct Options {
    std::string host = "127.0.0.1";
    /// 0 takes a free port.
    std::uint16_t port = 0;
    /// Connections that are served at once; a further one is answered 503.
    int max_connections = 128;
    std::size_t max_body_bytes = std::size_t{1} << 20U;
    /// The request line and all header fields.
    std::size_t max_head_bytes = std::size_t{16} << 10U;
    std::size_t max_target_bytes = std::size_t{8} << 10U;
    int max_header_fields = 100;
    /// How long an idle connection is kept, in milliseconds. This and the limits below are kept to a tenth of a second.
    std::int64_t keep_alive_ms = 2'000;
    /// How long a whole head may take from its first byte, and how long a body may pause, in milliseconds.
    std::int64_t read_timeout_ms = 5'000;
    /// How long a whole body may take, and the taking of an answer, in milliseconds.
    std::int64_t body_timeout_ms = 30'000;
    int max_keep_alive_requests = 100'000;
    /// How long a server that stops still receives requests that have begun, and sends answers, in milliseconds. A handler that
    /// runs is waited for, however long it takes.
    std::int64_t stop_timeout_ms = 5'000;
  };

  using Handler = std::function<Response(const Request&)>;

  /// Listens at once. Errors: http.cannot_listen, where the port is taken or may not be used.
  static Result<std::unique_ptr<Server>> start(const Options& options, Handler handler);
  ~Server();

  std::uint16_t port() const;
  /// Accepts nothing more, lets requests under way end, closes idle connections. Idempotent.
  void stop();

 private:
  class Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace seamline::http
