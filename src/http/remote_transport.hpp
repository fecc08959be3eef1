#pragma once

#include <functional>

#include "contract/proxy.hpp"
#include "http/connection_pool.hpp"
#include "http/endpoints.hpp"

namespace seamline::http {

/// Carries the calls of one module over HTTP to where it runs: one request a call, over connections that are kept. It repeats
/// nothing. Thread-safe.
class RemoteTransport final : public Transport {
 public:
  struct Options {
    /// The client's time limits are those of a call; what its context says of deadline and wait comes on top of them.
    ConnectionPool::Options pool{.client = {.time = {.connect_ms = 1'000, .first_byte_ms = 10'000, .total_ms = 10'000}}};
  };
  /// The token by which this process proves to the service of a module which service it is.
  using ServiceToken = std::function<Result<std::string>(std::string_view module)>;

  /// `endpoints` and `clock` exist and outlive the transport. Without `service_token` requests carry none; with it, all do but
  /// those of callers whom nobody knows to operations that anyone may use.
  RemoteTransport(Endpoints& endpoints, const Clock& clock, Options options, ServiceToken service_token = {});

  /// Errors: the operation's own, as it has them in the process. Of the carriage itself, with may_have_run unless it certainly
  /// has not, and retryable where repeating is harmless: call.unavailable, where no answer came; call.deadline_exceeded, where
  /// time ran out; a call whose deadline has passed is not sent; call.bad_reply, where the answer is none of a module's: a
  /// redirect, another content type, cut short, too large; call.refused, where the service, not the module, would not have the
  /// call: it does not trust this process, or hosts another module, or has no place. It has not run. Also those of
  /// Endpoints::choose and of `service_token`.
  Result<Answer> send(const CallContext& context, const RemoteOperation& operation, const EncodedRequest& request) override;

 private:
  /// `code` is empty for a reply.
  void report(const std::string& url, std::string_view code);
  Result<TimeLimits> time_for(const CallContext& context) const;
  Result<Request> write(const CallContext& context, const RemoteOperation& operation, const EncodedRequest& request) const;

  Endpoints& endpoints_;
  const Clock& clock_;
  const Options options_;
  const ServiceToken service_token_;
  ConnectionPool pool_;
};

}  // namespace seamline::http
