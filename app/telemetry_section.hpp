#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "config/layers.hpp"
#include "contract/fields.hpp"

namespace seamline::app {

/// Which traces are recorded, by OpenTelemetry's names (OTEL_TRACES_SAMPLER).
enum class Sampler : std::uint8_t {
  always_on,
  always_off,
  traceidratio,
  parentbased_always_on,
  parentbased_always_off,
  parentbased_traceidratio
};

}  // namespace seamline::app

template <>
inline constexpr std::array<std::string_view, 6> seamline::enum_names<seamline::app::Sampler>{
    "always_on", "always_off", "traceidratio", "parentbased_always_on", "parentbased_always_off", "parentbased_traceidratio"};

namespace seamline::app {

/// Where traces and metrics are told, and which.
struct TelemetrySection {
  bool disabled = false;
  std::string endpoint;
  std::string traces_endpoint;
  bool metrics = true;
  std::string service_name;
  std::string resource;
  Sampler sampler = Sampler::parentbased_traceidratio;
  std::string sample_ratio = "1";
  std::int64_t inbound_per_s = 10;
  std::int64_t queue_spans = 8192;
  std::int64_t export_ms = 5'000;
  std::int64_t timeout_ms = 3'000;
  Secret headers;

  static constexpr std::tuple fields{
      Field{"disabled", &TelemetrySection::disabled, "true tells nobody anything, whatever else is set."},
      Field{
          "endpoint", &TelemetrySection::endpoint,
          "The OTLP/HTTP collector, for example http://127.0.0.1:4318; /v1/traces and /v1/metrics are appended. Empty: nobody is "
          "told.",
          length(0, 2000)},
      Field{"traces_endpoint", &TelemetrySection::traces_endpoint, "Where traces go, as it stands, if not to endpoint.",
            length(0, 2000)},
      Field{"metrics", &TelemetrySection::metrics, "Whether endpoint is told metrics as well."},
      Field{"service_name", &TelemetrySection::service_name,
            "The resource's service.name. Empty: gateway for the main process, and a module's process as payment-service.",
            length(0, 200)},
      Field{"resource", &TelemetrySection::resource, "More attributes of the resource: name=value,name=value.", length(0, 4000)},
      Field{"headers", &TelemetrySection::headers,
            "What goes with each request to the collector, such as its key: name=value,name=value. A secret.", length(0, 4000)},
      Field{"sampler", &TelemetrySection::sampler,
            "Who decides which traces are recorded: all, none, a share; parentbased: the client, where it says so."},
      Field{"sample_ratio", &TelemetrySection::sample_ratio,
            "The share of traces that is recorded, 0 to 1, for example \"0.01\".", length(1, 20)},
      Field{"inbound_per_s", &TelemetrySection::inbound_per_s,
            "Traces a second that a process records because a client wants it; beyond them sample_ratio decides.",
            range(0, 1'000'000)},
      Field{"queue_spans", &TelemetrySection::queue_spans, "Spans that may wait to be told; the oldest are dropped first.",
            range(1, 10'000'000)},
      Field{"export_ms", &TelemetrySection::export_ms,
            "How long spans wait for others, and how often metrics are told, in milliseconds.", range(10, 3'600'000)},
      Field{"timeout_ms", &TelemetrySection::timeout_ms,
            "How long one request to the collector may take, and the last ones at the end together, in milliseconds.",
            range(10, 60'000)}};
};

/// Reads `name=value,name=value` with percent-encoded values (W3C Baggage, as OpenTelemetry's variables have it).
/// Errors: config.invalid.
Result<std::vector<std::pair<std::string, std::string>>> read_pairs(std::string_view key, std::string_view text);
/// A share of 0 to 1. Errors: config.invalid.
Result<double> read_ratio(std::string_view key, std::string_view text);

/// OpenTelemetry's variables, each as the key that it means. An empty one counts as unset. Errors: those of Layers::set.
Result<void> add_telemetry_variables(config::Layers& layers, std::span<const std::pair<std::string, std::string>> variables);
/// What the declaration cannot say of the section. Errors: config.invalid.
Result<void> check_telemetry(const config::Layers& layers, const TelemetrySection& section);

}  // namespace seamline::app
