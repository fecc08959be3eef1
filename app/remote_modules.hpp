#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "base/loop.hpp"
#include "composition.hpp"
#include "host/host.hpp"
#include "host/remote_watch.hpp"
#include "host/report.hpp"
#include "http/endpoints.hpp"
#include "http/health.hpp"
#include "http/remote_transport.hpp"
#include "observe/metrics.hpp"
#include "registry/registry.hpp"
#include "resilience/resilient_transport.hpp"
#include "security/service_tokens.hpp"

namespace seamline::app {

/// The name under which a module is registered and found: `payment-service`.
std::string service_name(const std::string& module);

/// The modules that run elsewhere, as this process reaches them: calls, logs, and a watch over how they are. Outlives the host
/// that it was added to.
class RemoteModules {
 public:
  /// Gives the tokens by which a service of this process proves itself: the process, or a module in it; null where nobody has to.
  using TokensOf = std::function<security::ServiceTokens*(const std::string& service)>;

  /// `registry` says where they are. Calls prove this process, called `process`; who follows a log proves itself as the
  /// subscriber. `registry` and the tokens outlive this.
  RemoteModules(const Configuration& configuration, std::vector<ModuleEntry> modules, registry::Registry& registry,
                const std::string& process, TokensOf tokens_of);
  ~RemoteModules();

  /// Before the host starts.
  void add_to(host::Host& host);
  /// Starts to look after them.
  void watch();
  /// Ends the watch. Idempotent.
  void stop();

  /// One check a module: it fails until the module has first answered the contract that this build knows, and warns while one
  /// that has answered is down, since everything else goes on.
  std::vector<http::HealthCheck> check_health() const;
  /// The same with address and breaker, for the report of this process.
  std::vector<host::RemoteStatus> status() const;
  /// What became of the calls to them.
  void write_metrics(observe::MetricSink& out) const;

 private:
  struct Remote;
  std::vector<std::unique_ptr<Remote>> remotes_;
};

}  // namespace seamline::app
