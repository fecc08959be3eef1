#pragma once

#include "http/client.hpp"
#include "registry/consul_messages.hpp"

namespace seamline::registry {

/// Speaks to a Consul agent, or to the embedded registry, which answers alike. An error says with may_have_run whether a request
/// was sent. Not thread-safe, but for interrupt().
class ConsulClient {
 public:
  struct Options {
    std::string url = "http://127.0.0.1:8500";
    /// Sent in X-Consul-Token; empty for none.
    std::string token;
    /// How long one request may take, in milliseconds, with the connecting that it needs; a blocking query takes its wait beside
    /// that.
    std::int64_t timeout_ms = 2'000;
    /// How long a blocking query waits for a change, in milliseconds.
    std::int64_t wait_ms = 10'000;
    std::size_t max_instances = 1'000;
  };
  struct Found {
    /// Where the next query is to wait for a change.
    std::uint64_t index = 0;
    std::vector<FoundInstance> instances;
  };

  explicit ConsulClient(Options options);

  /// Registers or replaces an instance with all its checks. Idempotent. Errors: registry.unavailable, registry.invalid.
  Result<void> add(const Registration& registration);
  /// Forgets an instance, also one that is not known. Idempotent. Errors: registry.unavailable.
  Result<void> remove(const std::string& service_id);
  /// Whether an instance is registered, however it is. Errors: registry.unavailable.
  Result<bool> knows(const std::string& service_id);
  /// The instances of a service whose checks all pass. With an index above 0, once they have changed since, or after `wait_ms`.
  /// Errors: registry.unavailable, registry.bad_answer.
  Result<Found> passing_instances(const std::string& service, std::uint64_t index);

  /// Ends the request that is under way, and every later one, at once. Thread-safe.
  void interrupt() { client_.interrupt(); }

 private:
  /// `wait_ms`: how long the registry was asked to wait.
  Result<http::Response> send(http::Request request, std::int64_t wait_ms = 0);

  const Options options_;
  http::Client client_;
};

}  // namespace seamline::registry
