#pragma once

#include <atomic>
#include <memory>

#include "configuration.hpp"
#include "host/host.hpp"
#include "http/dispatcher.hpp"
#include "http/health.hpp"
#include "http/server.hpp"
#include "user/contract.hpp"

namespace seamline::app {

/// The version of this program.
std::string_view version();

/// One running process: a host with its modules, the listener for customers, and the listener for metrics and control.
class ShopServer {
 public:
  /// Opens the stores, starts the modules, then listens. Errors, each saying what to do: those of the stores and listeners.
  static Result<std::unique_ptr<ShopServer>> start(const Configuration& configuration);
  ~ShopServer();
  ShopServer(const ShopServer&) = delete;
  ShopServer& operator=(const ShopServer&) = delete;

  /// Where customers reach it, and where metrics and control are: with the ports that were really taken.
  std::string url() const;
  std::string admin_url() const;

  /// Answers /readyz with 503, lets requests under way end, closes the stores. Idempotent.
  void stop();

 private:
  explicit ShopServer(Configuration configuration);
  Result<void> start_host();
  Result<void> listen();
  std::unique_ptr<security::Authenticator> make_authenticator() const;
  std::vector<http::HealthCheck> check_health() const;
  http::Server::Options listener_options(const Address& address) const;

  const Configuration configuration_;
  host::Host host_;
  IdSource request_ids_;
  /// The gateway's own edge to user: the public keys come over it.
  Port<user::UserContract>& users_;
  std::atomic<bool> is_draining_{false};
  std::unique_ptr<security::Authenticator> authenticator_;
  std::unique_ptr<http::Dispatcher> public_dispatcher_;
  std::unique_ptr<http::Dispatcher> admin_dispatcher_;
  std::unique_ptr<http::Server> public_server_;
  std::unique_ptr<http::Server> admin_server_;
};

}  // namespace seamline::app
