#pragma once

#include "http/client.hpp"
#include "registry/consul_messages.hpp"

namespace seamline::registry {

/// Speaks to a Consul agent, or to the embedded registry, which answers alike. Not thread-safe.
class ConsulClient {
 public:
  struct Options {
    std::string url = "http://127.0.0.1:8500";
    /// Sent in X-Consul-Token; empty for none.
    std::string token;
    /// How long the agent may be silent beyond the wait that it was asked for, and how long connecting may take.
    std::int64_t timeout_ms = 2'000;
    /// How long a blocking query waits for a change. Nothing interrupts it, so this is also how long a stop may take.
    std::int64_t wait_ms = 1'000;
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

 private:
  Result<http::Response> send(const std::string& method, const std::string& path, const std::string& query, std::string body);

  const Options options_;
  http::Client client_;
};

}  // namespace seamline::registry
