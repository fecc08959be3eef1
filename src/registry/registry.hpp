#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "http/endpoints.hpp"
#include "registry/instance.hpp"
#include "registry/settings.hpp"

namespace seamline::registry {

/// One instance that this process is, or hosts.
struct Announced {
  /// Names the instance: `payment-service-10.0.0.5-8103`.
  std::string id;
  /// The service: `payment-service`.
  std::string service;
  /// `http://host:port`, as others reach it. Its /readyz is what the registry checks.
  std::string url;
  /// What others may want to know: seamline_epoch, seamline_version.
  std::map<std::string, std::string> meta;
};

/// What a process has to do with the registry, of whichever kind: tells where its own instances are, finds those of others,
/// and in the main process is the embedded registry. Thread-safe, but for stop().
class Registry {
 public:
  /// Opens the listener of the embedded registry where this is the `main_process`. `clock` and `random` exist and outlive it.
  /// Errors: http.cannot_listen; registry.invalid for a listener off loopback without a token.
  static Result<std::unique_ptr<Registry>> start(const RegistrySettings& settings, bool main_process, const Clock& clock,
                                                 Random& random);
  /// As stop().
  ~Registry();

  /// Keeps an instance registered from now until stop(); returns at once, whether or not the registry is there. With kind
  /// `static` it does nothing. Errors: registry.invalid for a url that is none.
  Result<void> announce(const Announced& instance);
  /// Where a service is: what the registry knows, and the configured url else. With kind `static` always that. The endpoints of
  /// one service are shared, and are used no longer than this lives.
  std::shared_ptr<http::Endpoints> endpoints(const std::string& service, const std::string& configured_url);

  /// Where the registry is reached: of the embedded one in its own process, its actual port.
  const std::string& url() const;
  /// Deregisters what was announced, and ends all loops and the listener. Idempotent. Where the registry is silent it takes two
  /// seconds, however much was announced; what could not be deregistered then fails its check.
  void stop();

 private:
  class Impl;
  explicit Registry(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// An instance's registration, with the check that its settings ask for. Errors: registry.invalid for a url that is none.
Result<Registration> registration_of(const Announced& instance, const RegistrySettings& settings);

}  // namespace seamline::registry
