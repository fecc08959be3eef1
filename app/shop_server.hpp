#pragma once

#include <atomic>
#include <memory>

#include "brokers.hpp"
#include "composition.hpp"
#include "host/host.hpp"
#include "host/report.hpp"
#include "http/dispatcher.hpp"
#include "http/health.hpp"
#include "http/server.hpp"
#include "registry/registry.hpp"
#include "remote_modules.hpp"
#include "security/bearer_authenticator.hpp"
#include "service_identity.hpp"
#include "service_listener.hpp"
#include "telemetry.hpp"
#include "user/contract.hpp"

namespace seamline::app {

/// One running process of the shop: a host with its modules, the gateway for customers where it is the main process, a listener
/// for each module here where other processes need them, and one for metrics and control.
class ShopServer {
 public:
  /// The main process, or, with `only`, one that hosts just these modules. Opens the stores, starts the modules, then listens.
  /// Errors, each saying what to do: those of compose(), of the stores and the listeners.
  static Result<std::unique_ptr<ShopServer>> start(const Configuration& configuration, const std::vector<std::string>& only = {});
  ~ShopServer();
  ShopServer(const ShopServer&) = delete;
  ShopServer& operator=(const ShopServer&) = delete;

  /// Where it is reached: the gateway, or else the first module's listener. With the port that was really taken, as below.
  std::string url() const;
  /// Where metrics and control are.
  std::string admin_url() const;

  /// Whether /readyz says so: every module here is open, and every one elsewhere has answered once.
  bool is_ready() const;

  /// Answers /readyz with 503, lets requests under way end, closes the stores. Idempotent.
  void stop();

 private:
  ShopServer(Configuration configuration, Composition composition, std::unique_ptr<Telemetry> telemetry);
  Result<void> start_registry();
  Result<void> start_host();
  Result<void> make_service_listeners();
  Result<void> listen_for_services();
  Result<void> listen_for_customers();
  Result<void> listen_for_admins();
  Result<void> write_admin_address() const;
  /// Tells the registry where this process is reached.
  Result<void> announce();
  std::unique_ptr<security::Authenticator> make_authenticator();
  Result<std::unique_ptr<security::ServiceTrust>> make_trust(const ModuleEntry& module, const http::HostAndPort& address);
  std::vector<http::HealthCheck> check_health() const;
  host::ReportFacts report_facts() const;
  void write_metrics(observe::MetricSink& out) const;
  http::Dispatcher::Options dispatcher_options() const;
  http::Server::Options listener_options(const http::HostAndPort& address) const;
  /// The name by which the other processes know this one.
  std::string process_name() const;
  /// Under which names it proves itself: its own, and those of its modules.
  std::vector<std::string> service_names() const;

  const Instant started_at_ = Clock::system().monotonic();
  const Configuration configuration_;
  const Composition composition_;
  const std::unique_ptr<Telemetry> telemetry_;  // null where nobody is told
  std::unique_ptr<registry::Registry> registry_;
  std::unique_ptr<RemoteModules> remotes_;
  Brokers brokers_;
  host::Host host_;
  IdSource ids_;
  /// The process's own edge to user: the public keys and service tokens come over it.
  Port<user::UserContract>& users_;
  const ServiceIdentity identity_;
  std::atomic<bool> is_draining_{false};
  std::unique_ptr<security::Authenticator> authenticator_;
  std::vector<std::unique_ptr<ServiceListener>> service_listeners_;
  std::unique_ptr<http::Dispatcher> public_dispatcher_;
  std::unique_ptr<http::Dispatcher> admin_dispatcher_;
  std::unique_ptr<http::Server> public_server_;
  std::unique_ptr<http::Server> admin_server_;
};

}  // namespace seamline::app
