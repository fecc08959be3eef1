#include "checkup.hpp"

#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "brokers.hpp"
#include "http/client.hpp"
#include "registry/consul_client.hpp"
#include "store/folder_lock.hpp"
#include "store/inspection.hpp"
#include "telemetry.hpp"

namespace seamline::app {
namespace {

using Verdict = Checkup::Verdict;

/// Below this a store soon has no room for its write-ahead log.
constexpr std::uintmax_t least_space_bytes = std::uintmax_t{256} << 20U;

Checkup failed(Checkup checkup, std::string detail, std::string fix) {
  checkup.verdict = Verdict::failed;
  checkup.detail = std::move(detail);
  checkup.fix = std::move(fix);
  return checkup;
}

Checkup check_data_dir(const Configuration& configuration) {
  Checkup checkup;
  checkup.system = "data_dir";
  checkup.where = configuration.data_dir;
  std::filesystem::path folder = std::filesystem::absolute(configuration.data_dir);
  // One that is missing is made at the first start: what counts is where.
  while (!std::filesystem::exists(folder) && folder.has_relative_path()) folder = folder.parent_path();
  if (::access(folder.c_str(), W_OK | X_OK) != 0) {
    return failed(checkup, folder.string() + " is not writable.", "Give this user the right to write there, or set data_dir.");
  }
  std::error_code problem;
  const auto space = std::filesystem::space(folder, problem);
  if (!problem && space.available < least_space_bytes) {
    checkup.verdict = Verdict::warning;
    checkup.detail = "Only " + std::to_string(space.available >> 20U) + " MiB are free.";
    checkup.fix = "Free some space: a store that is full stops its process.";
  }
  return checkup;
}

std::string address_of(Carrier carrier, const Configuration& configuration) {
  return carrier == Carrier::kafka ? configuration.kafka.brokers : configuration.nats.urls;
}

Checkup check_broker(Carrier carrier, events::Broker& broker, const Configuration& configuration, std::int64_t timeout_ms) {
  Checkup checkup;
  checkup.system = broker.name();
  checkup.where = address_of(carrier, configuration);
  const auto report = broker.inspect(timeout_ms);
  if (!report) {
    return failed(checkup, report.error().detail,
                  "Start it, or set " + checkup.system + (carrier == Carrier::kafka ? ".brokers" : ".urls") +
                      " to where it is. Orders flow meanwhile: events go over HTTP.");
  }
  checkup.version = report->version;
  checkup.latency_us = report->latency_us;
  for (const std::string& warning : report->warnings) {
    checkup.verdict = Verdict::warning;
    checkup.detail += (checkup.detail.empty() ? "" : " ") + warning;
  }
  return checkup;
}

void check_brokers(const Configuration& configuration, const Composition& composition, std::int64_t timeout_ms,
                   std::vector<Checkup>& all) {
  const auto brokers = Brokers::open(configuration, composition);
  if (!brokers) return all.push_back(failed({"events", "", {}, "", {}, "", ""}, brokers.error().detail, ""));
  for (const auto& [carrier, broker] : brokers->all()) all.push_back(check_broker(carrier, *broker, configuration, timeout_ms));
}

Checkup check_registry(const Configuration& configuration, std::int64_t timeout_ms) {
  Checkup checkup;
  checkup.system = "registry";
  checkup.where = configuration.registry.url;
  registry::ConsulClient::Options options;
  options.url = configuration.registry.url;
  options.token = configuration.registry.token.text;
  options.timeout_ms = timeout_ms;
  registry::ConsulClient client(options);
  const Instant asked = Clock::system().monotonic();
  const auto known = client.knows("seamline-doctor");
  checkup.latency_us = (Clock::system().monotonic().ns - asked.ns) / 1'000;
  if (known) return checkup;
  const bool is_embedded = configuration.registry.kind == registry::RegistryKind::embedded;
  return failed(checkup, known.error().detail,
                is_embedded ? "Start the main process, which keeps it: seamline serve."
                            : "Start the Consul agent, or set registry.url to where it is.");
}

Checkup check_service(std::string_view module, const ModuleAddress& address, std::int64_t timeout_ms) {
  Checkup checkup;
  checkup.system = module;
  checkup.where = address.url;
  http::Client client(address.url, {});
  http::Request request;
  request.method = "GET";
  request.path = "/readyz";
  const Instant asked = Clock::system().monotonic();
  const auto answer = client.send(request, {.connect_ms = timeout_ms, .first_byte_ms = timeout_ms, .total_ms = timeout_ms});
  checkup.latency_us = (Clock::system().monotonic().ns - asked.ns) / 1'000;
  if (!answer) {
    return failed(checkup, answer.error().detail,
                  "Start it: seamline serve --module " + checkup.system + ", with this same configuration.");
  }
  if (answer->status != 200) return failed(checkup, "It answers, and is not ready.", "See what its /health says.");
  return checkup;
}

/// The module's, of a server that is given no longer than that.
store::DatabaseOptions impatient(store::DatabaseOptions options, std::int64_t timeout_ms) {
  options.server.connect_timeout_ms = timeout_ms;
  options.server.reconnect_ms = timeout_ms;
  // A server that answers nothing is given up after twice the time of a statement.
  options.server.statement_timeout_ms = timeout_ms / 2;
  return options;
}

/// The store of one module, which a server keeps.
Checkup check_store(const store::DatabaseOptions& options, bool is_hosted_here) {
  Checkup checkup;
  checkup.system = "storage." + options.module;
  store::ServerReport report = store::inspect_server(options, store::all_migrations());
  checkup.where = report.place;
  checkup.version = report.version;
  checkup.latency_us = report.latency_us;
  // Whoever runs this shop has the folder too; a module's own process may do so elsewhere.
  if (!report.holder.empty() && is_hosted_here && !store::FolderLock::is_taken(options.directory)) {
    report.findings.push_back({true, "Another shop writes to it: " + report.holder + ".",
                               "Stop that one, or set " + checkup.system + ".url to another database or schema."});
  }
  for (const store::ServerFinding& finding : report.findings) {
    checkup.verdict = std::max(checkup.verdict, finding.is_fatal ? Verdict::failed : Verdict::warning);
    checkup.detail += (checkup.detail.empty() ? "" : " ") + finding.detail;
    checkup.fix += (checkup.fix.empty() ? "" : " ") + finding.fix;
  }
  return checkup;
}

void check_stores(const Configuration& configuration, const Composition& composition, std::int64_t timeout_ms,
                  std::vector<Checkup>& all) {
  for (const auto* modules : {&composition.hosted, &composition.remote}) {
    for (const ModuleEntry& module : *modules) {
      const auto options = impatient(database_options(configuration, module.spec.name), timeout_ms);
      if (options.storage.kind == store::StorageKind::sqlite) continue;
      all.push_back(check_store(options, modules == &composition.hosted));
    }
  }
}

/// What a collector says to a request that tells it nothing.
Checkup check_collector(const std::string& what, const std::string& url, const std::string& nothing,
                        const TelemetrySection& section, std::int64_t timeout_ms) {
  Checkup checkup;
  checkup.system = "telemetry." + what;
  checkup.where = url;
  http::HttpOtlpCarrier carrier(collector_headers(section));
  const Instant asked = Clock::system().monotonic();
  const observe::OtlpAnswer answer = carrier.post(url, nothing, timeout_ms);
  checkup.latency_us = (Clock::system().monotonic().ns - asked.ns) / 1'000;
  if (answer.status == 0) {
    return failed(checkup, answer.problem,
                  "Start the collector, or set telemetry.endpoint to where it takes OTLP over HTTP. Orders flow meanwhile.");
  }
  if (answer.status >= 200 && answer.status < 300) return checkup;
  const bool is_about_headers = answer.status == 401 || answer.status == 403;
  return failed(checkup, "It answers " + std::to_string(answer.status) + " to an export of nothing.",
                is_about_headers
                    ? "Set telemetry.headers to what it knows its senders by."
                    : "See that a collector listens there for OTLP over HTTP in JSON, and has a pipeline for " + what + ".");
}

void check_collectors(const TelemetrySection& section, std::int64_t timeout_ms, std::vector<Checkup>& all) {
  const CollectorUrls urls = collector_urls(section);
  if (!urls.traces.empty()) {
    all.push_back(check_collector("traces", urls.traces, R"({"resourceSpans":[]})", section, timeout_ms));
  }
  if (!urls.metrics.empty()) {
    all.push_back(check_collector("metrics", urls.metrics, R"({"resourceMetrics":[]})", section, timeout_ms));
  }
}

}  // namespace

std::vector<Checkup> check_up(const Configuration& configuration, std::int64_t timeout_ms) {
  std::vector<Checkup> all{check_data_dir(configuration)};
  const auto composition = compose(configuration, {});
  if (composition) {
    check_stores(configuration, *composition, timeout_ms, all);
    check_brokers(configuration, *composition, timeout_ms, all);
  } else {
    all.push_back(failed({"modules", "", {}, "", {}, "", ""}, composition.error().detail, ""));
  }
  if (configuration.registry.kind != registry::RegistryKind::configured) all.push_back(check_registry(configuration, timeout_ms));
  for_each_field<ModulesSection>([&](const auto& module) {
    const ModuleAddress& address = configuration.modules.*module.member;
    if (address.placement == Placement::remote) all.push_back(check_service(module.name, address, timeout_ms));
  });
  check_collectors(configuration.telemetry, timeout_ms, all);
  return all;
}

}  // namespace seamline::app
