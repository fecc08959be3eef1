#include "telemetry.hpp"

#include <algorithm>
#include <unistd.h>

#include "documents.hpp"

namespace seamline::app {
namespace {

/// How often the exporter looks whether a batch is full.
constexpr std::int64_t look_ms = 50;

observe::Sampling sampling_of(const TelemetrySection& section) {
  observe::Sampling sampling;
  sampling.inbound_per_s = section.inbound_per_s;
  sampling.parent_based = section.sampler >= Sampler::parentbased_always_on;
  switch (section.sampler) {
    case Sampler::always_on:
    case Sampler::parentbased_always_on: sampling.ratio = 1; break;
    case Sampler::always_off:
    case Sampler::parentbased_always_off: sampling.ratio = 0; break;
    case Sampler::traceidratio:
    case Sampler::parentbased_traceidratio: sampling.ratio = read_ratio("telemetry.sample_ratio", section.sample_ratio).value();
  }
  return sampling;
}

/// Ours first, then what the configuration says in addition or in their place.
observe::Resource resource_of(const TelemetrySection& section, const std::string& service) {
  IdSource ids(Clock::system(), Random::system());
  observe::Resource resource{{"service.name", service},
                             {"service.namespace", "seamline"},
                             {"service.version", std::string(version())},
                             {"service.instance.id", ids.next()},
                             {"process.pid", std::to_string(::getpid())},
                             {"telemetry.sdk.name", "seamline"},
                             {"telemetry.sdk.language", "cpp"},
                             {"telemetry.sdk.version", std::string(version())}};
  const auto set = [&](const std::string& name, const std::string& value) {
    const auto known = std::find_if(resource.begin(), resource.end(), [&](const auto& pair) { return pair.first == name; });
    if (known != resource.end()) {
      known->second = value;
    } else {
      resource.emplace_back(name, value);
    }
  };
  const auto pairs = read_pairs("telemetry.resource", section.resource).value();
  for (const auto& [name, value] : pairs) set(name, value);
  if (!section.service_name.empty()) set("service.name", section.service_name);
  return resource;
}

/// The endpoint with a path behind its own.
std::string below(std::string endpoint, std::string_view path) {
  if (endpoint.empty()) return {};
  if (endpoint.ends_with('/')) endpoint.pop_back();
  return endpoint.append(path);
}

observe::OtlpExporter::Options export_options(const TelemetrySection& section, const std::string& service) {
  observe::OtlpExporter::Options options;
  options.resource = resource_of(section, service);
  const CollectorUrls urls = collector_urls(section);
  options.traces_url = urls.traces;
  options.metrics_url = urls.metrics;
  options.export_ms = section.export_ms;
  options.timeout_ms = section.timeout_ms;
  return options;
}

}  // namespace

CollectorUrls collector_urls(const TelemetrySection& section) {
  if (section.disabled) return {};
  return {section.traces_endpoint.empty() ? below(section.endpoint, "/v1/traces") : section.traces_endpoint,
          section.metrics ? below(section.endpoint, "/v1/metrics") : ""};
}

http::Headers collector_headers(const TelemetrySection& section) {
  http::Headers headers;
  const auto pairs = read_pairs("telemetry.headers", section.headers.text).value();
  for (const auto& [name, value] : pairs) headers.add(name, value);
  return headers;
}

std::unique_ptr<Telemetry> Telemetry::make(const TelemetrySection& section, const std::string& service) {
  if (section.disabled || (section.endpoint.empty() && section.traces_endpoint.empty())) return nullptr;
  return std::unique_ptr<Telemetry>(new Telemetry(section, service));
}

Telemetry::Telemetry(const TelemetrySection& section, const std::string& service)
    : timeout_ms_(section.timeout_ms),
      records_(section.sampler != Sampler::always_off),
      tracer_({sampling_of(section), static_cast<std::size_t>(section.queue_spans)}, Clock::system(), Random::system()),
      carrier_(collector_headers(section)),
      exporter_(
          export_options(section, service), tracer_, [this](observe::MetricSink& out) { measure_(out); }, carrier_,
          Clock::system(), Random::system()) {}

Telemetry::~Telemetry() { stop(); }

void Telemetry::start(observe::OtlpExporter::Measure measure) {
  measure_ = std::move(measure);
  thread_ = std::make_unique<LoopThread>("telemetry", exporter_, look_ms);
}

void Telemetry::stop() {
  if (!thread_) return;
  thread_.reset();
  exporter_.flush(timeout_ms_);
}

}  // namespace seamline::app
