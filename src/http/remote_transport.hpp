#pragma once

#include <atomic>
#include <memory>
#include <optional>

#include "contract/proxy.hpp"
#include "http/connection_pool.hpp"
#include "http/endpoints.hpp"

namespace seamline::security {
class ServiceTokens;
}  // namespace seamline::security

namespace seamline::http {

/// Carries the calls of one module over HTTP to where it runs: one request a call, over connections that are kept. It repeats
/// nothing, but what the service has refused for its token, and has not run. Thread-safe.
class RemoteTransport final : public Transport {
 public:
  struct Options {
    /// The client's time limits are those of a call; what its context says of deadline and wait comes on top of them.
    ConnectionPool::Options pool{.client = {.time = {.connect_ms = 1'000, .first_byte_ms = 10'000, .total_ms = 10'000}}};
  };

  /// All exist and outlive the transport. `tokens` prove to the service of a module which service this process is: with them
  /// all requests carry one but those of callers whom nobody knows to operations that anyone may use. Null where nobody has to.
  RemoteTransport(Endpoints& endpoints, const Clock& clock, Options options, security::ServiceTokens* tokens = nullptr);
  /// The same over an exchange of the caller's, which exists and outlives it, instead of connections of its own.
  RemoteTransport(Endpoints& endpoints, const Clock& clock, Options options, Exchange& exchange);

  /// The detail of an error of the carriage names the module and not where it runs, since customers see it: the log does, and
  /// quotes what the service said, at most once a second.
  /// Errors: the operation's own, as it has them in the process. Of the carriage itself, with may_have_run unless it certainly
  /// has not, and retryable where repeating is harmless: call.unavailable, where no answer came; call.deadline_exceeded, where
  /// time ran out; a call whose deadline has passed, also by fetching a token, is not sent, and says so with from_seam;
  /// call.bad_reply, where the answer is none of a module's: a redirect, another content type, cut short, too large;
  /// call.refused, where the service, not the module, would not have the call: it does not trust this process, with a new token
  /// neither, or hosts another module, or has no place. It has not run. Also those of Endpoints::choose and of ServiceTokens.
  Result<Answer> send(const CallContext& context, const RemoteOperation& operation, const EncodedRequest& request) override;

 private:
  /// For the operator: a callee that is away would fill the log.
  void log(const std::string& problem);
  Result<TimeLimits> time_for(const CallContext& context) const;
  Request write(const CallContext& context, const RemoteOperation& operation, const EncodedRequest& request,
                const std::string& token) const;
  /// The token of this call; empty where it carries none.
  Result<std::string> token_for(const CallContext& context, const RemoteOperation& operation) const;
  /// Another token than the one that was refused, if one can be had.
  std::optional<std::string> token_after(const std::string& refused, const RemoteOperation& operation) const;

  Endpoints& endpoints_;
  const Clock& clock_;
  const Options options_;
  security::ServiceTokens* const tokens_;
  std::unique_ptr<ConnectionPool> pool_;  // null where the exchange is the caller's
  Exchange& exchange_;
  std::atomic<std::int64_t> next_log_ns_{0};
};

}  // namespace seamline::http
