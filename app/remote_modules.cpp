#include "remote_modules.hpp"

#include <algorithm>
#include <array>

#include "events/http_log_source.hpp"
#include "http/contract_document.hpp"
#include "user/contract.hpp"

namespace seamline::app {
namespace {

/// The wire has no limits of its own: a call has the time and the places that `calls` gives it. An unused connection ends on this
/// side, before the service would end it beneath a request that is just being sent.
http::RemoteTransport::Options wire_options(const Configuration& configuration) {
  http::RemoteTransport::Options options;
  options.pool.client.time.first_byte_ms = configuration.calls.timeout_ms;
  options.pool.client.time.total_ms = configuration.calls.timeout_ms;
  options.pool.max_open = static_cast<std::size_t>(configuration.calls.bulkhead.max_in_flight);
  // Half of what a burst opens: each kept connection holds a thread of the service.
  options.pool.max_idle = options.pool.max_open / 2;
  options.pool.idle_ms = std::min(options.pool.idle_ms, configuration.http.keep_alive_ms * 3 / 4);
  return options;
}

/// The secret goes to the user module: only to where the configuration says it is, whatever a registry says.
std::shared_ptr<http::Endpoints> find_endpoints(const ModuleEntry& module, registry::Registry& registry, bool has_secret) {
  if (has_secret && module.spec.name == user::UserContract::module) {
    return std::make_shared<http::FixedEndpoint>(module.address.url);
  }
  return registry.endpoints(service_name(module.spec.name), module.address.url);
}

std::string word_of(http::HealthCheck::Status status) {
  using Status = http::HealthCheck::Status;
  return status == Status::pass ? "pass" : status == Status::warn ? "warn" : "fail";
}

}  // namespace

std::string service_name(const std::string& module) { return module + "-service"; }

struct RemoteModules::Remote {
  Remote(const Configuration& configuration, ModuleEntry entry, registry::Registry& registry, const std::string& process,
         TokensOf service_tokens)
      : module(std::move(entry)),
        tokens_of(std::move(service_tokens)),
        endpoints(find_endpoints(module, registry, tokens_of(process) != nullptr)),
        wire(*endpoints, Clock::system(), wire_options(configuration), tokens_of(process)),
        transport(module.spec.name, wire, configuration.calls, {}),
        watch(module.spec.name, *endpoints,
              [this](std::string_view document) { return http::check_contract(document, module.spec.contract); }, Clock::system(),
              {}) {}

  std::unique_ptr<events::LogSource> open_log(const std::string& subscriber) {
    return std::make_unique<events::HttpLogSource>(module.spec.name, *endpoints, events::HttpLogSource::Options{},
                                                   tokens_of(subscriber));
  }

  const ModuleEntry module;
  const TokensOf tokens_of;
  const std::shared_ptr<http::Endpoints> endpoints;
  http::RemoteTransport wire;
  resilience::ResilientTransport transport;
  host::RemoteWatch watch;
  std::unique_ptr<LoopThread> thread;
};

RemoteModules::RemoteModules(const Configuration& configuration, std::vector<ModuleEntry> modules, registry::Registry& registry,
                             const std::string& process, TokensOf tokens_of) {
  for (ModuleEntry& module : modules) {
    remotes_.push_back(std::make_unique<Remote>(configuration, std::move(module), registry, process, tokens_of));
  }
}

RemoteModules::~RemoteModules() { stop(); }

void RemoteModules::add_to(host::Host& host) {
  for (const auto& remote : remotes_) {
    host.add_remote(remote->module.spec, remote->transport,
                    [remote = remote.get()](const std::string& subscriber) { return remote->open_log(subscriber); });
  }
}

void RemoteModules::watch() {
  constexpr std::int64_t idle_ms = 50;
  for (const auto& remote : remotes_) {
    remote->thread = std::make_unique<LoopThread>("w-" + remote->module.spec.name, remote->watch, idle_ms);
  }
}

void RemoteModules::stop() {
  for (const auto& remote : remotes_) remote->watch.finish();
  for (const auto& remote : remotes_) {
    if (remote->thread) remote->thread->stop();
  }
}

std::vector<http::HealthCheck> RemoteModules::check_health() const {
  using Status = http::HealthCheck::Status;
  std::vector<http::HealthCheck> checks;
  for (const auto& remote : remotes_) {
    const bool is_well = remote->watch.health() == host::RemoteHealth::well;
    const Status status = is_well ? Status::pass : remote->watch.has_answered() ? Status::warn : Status::fail;
    const std::string where = "at " + remote->module.address.url + ": ";
    checks.push_back({remote->module.spec.name, status, is_well ? std::string() : where + remote->watch.detail()});
  }
  return checks;
}

std::vector<host::RemoteStatus> RemoteModules::status() const {
  std::vector<host::RemoteStatus> all;
  const auto checks = check_health();
  for (std::size_t i = 0; i < remotes_.size(); ++i) {
    const Remote& remote = *remotes_[i];
    all.push_back({remote.module.spec.name, remote.module.address.url, word_of(checks[i].status), checks[i].detail,
                   std::string(name_of(remote.transport.breaker().state()))});
  }
  return all;
}

void RemoteModules::write_metrics(observe::MetricSink& out) const {
  using observe::MetricType;
  using resilience::TransportCounts;
  struct Counter {
    std::string_view name;
    std::string_view help;
    std::int64_t TransportCounts::* count;
  };
  static constexpr std::array counters{
      Counter{"seamline_remote_calls_total", "Calls to a module elsewhere.", &TransportCounts::calls},
      Counter{"seamline_remote_failures_total", "Calls that ended with an error of the way there.", &TransportCounts::failures},
      Counter{"seamline_remote_timeouts_total", "Calls whose time was over.", &TransportCounts::timeouts},
      Counter{"seamline_remote_retries_total", "Attempts beyond the first.", &TransportCounts::retries},
      Counter{"seamline_remote_retries_denied_total", "Attempts for which the budget was spent.",
              &TransportCounts::retries_denied_by_budget},
      Counter{"seamline_remote_rejected_by_breaker_total", "Attempts not sent, as the circuit was open.",
              &TransportCounts::rejected_by_breaker},
      Counter{"seamline_remote_rejected_by_bulkhead_total", "Attempts not sent, as too many were under way.",
              &TransportCounts::rejected_by_bulkhead}};
  const auto write = [&](auto value) {
    for (const auto& remote : remotes_) {
      out.sample({{"to", remote->module.spec.name}}, static_cast<double>(value(*remote)));
    }
  };
  if (remotes_.empty()) return;
  for (const Counter& counter : counters) {
    out.family(counter.name, MetricType::counter, counter.help);
    write([&](const Remote& remote) { return remote.transport.counts().*counter.count; });
  }
  out.family("seamline_breaker_state", MetricType::gauge, "0 closed, 1 open, 2 half-open.");
  write([](const Remote& remote) { return static_cast<int>(remote.transport.breaker().state()); });
  out.family("seamline_breaker_opened_total", MetricType::counter, "How often a breaker opened.");
  write([](const Remote& remote) { return remote.transport.breaker().counts().opened; });
  out.family("seamline_remote_calls_in_flight", MetricType::gauge, "Calls that are under way now.");
  write([](const Remote& remote) { return remote.transport.bulkhead().in_flight(); });
}

}  // namespace seamline::app
