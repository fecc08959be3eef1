#include "registry/registry.hpp"

#include <list>
#include <mutex>
#include <optional>
#include <vector>

#include "base/id.hpp"
#include "http/address.hpp"
#include "http/server.hpp"
#include "observe/log.hpp"
#include "registry/announcement.hpp"
#include "registry/consul_api.hpp"
#include "registry/discovery.hpp"
#include "registry/health_checker.hpp"

namespace seamline::registry {
namespace {

/// Health checks of the embedded registry that run at once.
constexpr int checks_at_once = 4;
/// How often the loops look for due work.
constexpr std::int64_t idle_ms = 50;
/// For taking back all that was announced; a registry that is silent does not hold up a stop for longer.
constexpr std::int64_t stop_ms = 2'000;
/// Connections beside those of waiting queries.
constexpr int other_connections = 64;
/// A Consul client keeps its connection between queries.
constexpr std::int64_t keep_alive_ms = 60'000;

/// The embedded registry: catalog, API, listener and checks.
class Embedded {
 public:
  static Result<std::unique_ptr<Embedded>> start(const RegistrySettings& settings, const Clock& clock, Random& random) {
    const auto address = http::read_host_and_port(settings.listen);
    if (!address) return fail(errors::invalid, "registry.listen is host:port, as 127.0.0.1:8500.");
    if (!http::is_loopback(address->host) && settings.token.text.empty()) {
      return fail(
          errors::invalid,
          "registry.listen is off loopback: whoever reaches it could register. Set registry.token, or listen on 127.0.0.1.");
    }
    auto embedded = std::unique_ptr<Embedded>(new Embedded(settings, *address, clock, random));
    http::Server::Options options;
    options.host = address->host;
    options.port = address->port;
    options.max_connections = static_cast<int>(embedded->limits_.max_waiters) + other_connections;
    options.max_body_bytes = max_registration_bytes;
    options.keep_alive_ms = keep_alive_ms;
    auto server =
        http::Server::start(options, [api = &embedded->api_](const http::Request& request) { return api->handle(request); });
    if (!server) return fail(std::move(server.error()));
    embedded->server_ = std::move(*server);
    for (HealthChecker& checker : embedded->checkers_)
      embedded->threads_.push_back(std::make_unique<LoopThread>("health-checks", checker, idle_ms));
    return embedded;
  }
  ~Embedded() { stop(); }

  std::uint16_t port() const { return server_->port(); }
  void stop() {
    catalog_.stop();
    for (HealthChecker& checker : checkers_) checker.finish();
    for (auto& thread : threads_) thread->stop();
    if (server_) server_->stop();
  }

 private:
  Embedded(const RegistrySettings& settings, const http::HostAndPort& address, const Clock& clock, Random& random)
      : limits_{.max_instances = static_cast<std::size_t>(settings.max_instances),
                .is_on_loopback = http::is_loopback(address.host)},
        catalog_(clock, limits_),
        api_(catalog_, Node{"seamline", address.host, "dc1", IdSource(clock, random).next()}, settings.token.text) {
    for (int i = 0; i < checks_at_once; ++i) checkers_.emplace_back(catalog_);
  }

  const Catalog::Limits limits_;
  Catalog catalog_;
  ConsulApi api_;
  /// In a list, because they do not move.
  std::list<HealthChecker> checkers_;
  std::vector<std::unique_ptr<LoopThread>> threads_;
  std::unique_ptr<http::Server> server_;
};

struct Announcing {
  Announcing(ConsulClient::Options client, Registration registration, std::int64_t interval_ms, const Clock& clock)
      : announcement(std::move(client), std::move(registration), interval_ms, clock),
        thread("announcement", announcement, idle_ms) {}
  Announcement announcement;
  LoopThread thread;
};

struct Watching {
  Watching(const ConsulClient::Options& client, const std::string& service, std::shared_ptr<DiscoveredEndpoints> found,
           const Clock& clock, Random& random)
      : endpoints(std::move(found)),
        discovery(client, service, *endpoints, Discovery::Options(), clock, random),
        thread("discovery", discovery, idle_ms) {}
  std::shared_ptr<DiscoveredEndpoints> endpoints;
  Discovery discovery;
  LoopThread thread;
};

}  // namespace

Result<Registration> registration_of(const Announced& instance, const RegistrySettings& settings) {
  constexpr std::string_view scheme = "http://";
  std::string_view url = instance.url;
  if (url.ends_with('/')) url.remove_suffix(1);
  const auto address = url.starts_with(scheme) ? http::read_host_and_port(url.substr(scheme.size())) : std::nullopt;
  if (!address || address->port == 0)
    return fail(errors::invalid, "The url of " + instance.id + " is " + instance.url + "; it must be http://host:port.");
  Registration registration;
  registration.id = instance.id;
  registration.name = instance.service;
  registration.address = address->host;
  registration.port = address->port;
  registration.meta = instance.meta;
  CheckDefinition check;
  check.id = "service:" + instance.id;
  check.name = instance.service + " is ready";
  check.http = std::string(url) + "/readyz";
  check.interval_ms = settings.check_interval_ms;
  check.timeout_ms = settings.check_timeout_ms;
  check.deregister_after_ms = settings.deregister_after_ms;
  registration.checks.push_back(std::move(check));
  return registration;
}

class Registry::Impl {
 public:
  Impl(const RegistrySettings& settings, const Clock& clock, Random& random)
      : settings_(settings), clock_(clock), random_(random), url_(settings.url) {}

  Result<void> listen() {
    auto embedded = Embedded::start(settings_, clock_, random_);
    if (!embedded) return fail(std::move(embedded.error()));
    embedded_ = std::move(*embedded);
    const auto address = http::read_host_and_port(settings_.listen);
    const bool is_any = address->host == "0.0.0.0" || address->host == "::";
    const std::string host = is_any                                         ? "127.0.0.1"
                             : address->host.find(':') == std::string::npos ? address->host
                                                                            : "[" + address->host + "]";
    url_ = "http://" + host + ":" + std::to_string(embedded_->port());
    observe::log_info("registry", "the registry listens at " + url_);
    return {};
  }

  Result<void> announce(const Announced& instance) {
    if (settings_.kind == RegistryKind::configured) return {};
    auto registration = registration_of(instance, settings_);
    if (!registration) return fail(std::move(registration.error()));
    const std::lock_guard lock(mutex_);
    if (is_stopped_) return {};
    announcing_.push_back(
        std::make_unique<Announcing>(client_options(), std::move(*registration), settings_.announce_interval_ms, clock_));
    return {};
  }

  std::shared_ptr<http::Endpoints> endpoints(const std::string& service, const std::string& configured_url) {
    if (settings_.kind == RegistryKind::configured) return std::make_shared<http::FixedEndpoint>(configured_url);
    const std::lock_guard lock(mutex_);
    if (const auto known = watching_.find(service); known != watching_.end()) return known->second->endpoints;
    DiscoveredEndpoints::Options options;
    options.failures = static_cast<int>(settings_.eject_failures);
    options.eject_ms = settings_.eject_ms;
    options.hold_ms = settings_.hold_ms;
    auto endpoints = std::make_shared<DiscoveredEndpoints>(configured_url, options, clock_);
    if (!is_stopped_) watching_[service] = std::make_unique<Watching>(client_options(), service, endpoints, clock_, random_);
    return endpoints;
  }

  const std::string& url() const { return url_; }

  void stop() {
    const std::lock_guard lock(mutex_);
    if (std::exchange(is_stopped_, true)) return;
    const Instant deadline = clock_.monotonic().plus_ms(stop_ms);
    // All are told first, or each request would be waited for in turn.
    for (auto& [service, watching] : watching_) watching->discovery.finish();
    for (auto& announcing : announcing_) announcing->announcement.finish();
    for (auto& announcing : announcing_) announcing->thread.stop();
    for (auto& announcing : announcing_) announcing->announcement.withdraw(clock_.monotonic().ms_until(deadline));
    for (auto& [service, watching] : watching_) watching->thread.stop();
    if (embedded_) embedded_->stop();
  }

 private:
  ConsulClient::Options client_options() const {
    ConsulClient::Options options;
    options.url = url_;
    options.token = settings_.token.text;
    options.wait_ms = settings_.wait_ms;
    options.max_instances = static_cast<std::size_t>(settings_.max_instances);
    return options;
  }

  const RegistrySettings settings_;
  const Clock& clock_;
  Random& random_;
  std::string url_;
  std::unique_ptr<Embedded> embedded_;
  std::mutex mutex_;
  bool is_stopped_ = false;
  std::vector<std::unique_ptr<Announcing>> announcing_;
  std::map<std::string, std::unique_ptr<Watching>> watching_;
};

Registry::Registry(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Registry::~Registry() { stop(); }

Result<std::unique_ptr<Registry>> Registry::start(const RegistrySettings& settings, bool main_process, const Clock& clock,
                                                  Random& random) {
  auto impl = std::make_unique<Impl>(settings, clock, random);
  if (settings.kind == RegistryKind::embedded && main_process) {
    if (auto listening = impl->listen(); !listening) return fail(std::move(listening.error()));
  }
  return std::unique_ptr<Registry>(new Registry(std::move(impl)));
}

Result<void> Registry::announce(const Announced& instance) { return impl_->announce(instance); }
std::shared_ptr<http::Endpoints> Registry::endpoints(const std::string& service, const std::string& configured_url) {
  return impl_->endpoints(service, configured_url);
}
const std::string& Registry::url() const { return impl_->url(); }
void Registry::stop() { impl_->stop(); }

}  // namespace seamline::registry
