#pragma once

#include "http/remote_transport.hpp"
#include "http/server.hpp"
#include "support/loopback.hpp"

namespace seamline::test {

/// Carries every call over a real socket: a server on a free port of 127.0.0.1 answers the routes, and the product's own
/// transport asks it. Thread-safe.
class OverHttp final : public Transport {
 public:
  /// `clock` and what answers the routes exist and outlive it.
  OverHttp(std::vector<OperationRoute> routes, const Clock& clock)
      : routes_(std::move(routes)),
        server_(http::Server::start(
                    {}, [this, &clock](const http::Request& request) { return answer_as_service(routes_, request, clock); })
                    .value()),
        endpoint_("http://127.0.0.1:" + std::to_string(server_->port())),
        transport_(endpoint_, clock, {}) {}

  Result<Answer> send(const CallContext& context, const RemoteOperation& operation, const EncodedRequest& request) override {
    return transport_.send(context, operation, request);
  }

 private:
  const RouteTable routes_;
  const std::unique_ptr<http::Server> server_;
  http::FixedEndpoint endpoint_;
  http::RemoteTransport transport_;
};

}  // namespace seamline::test
