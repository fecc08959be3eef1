#pragma once

#include <memory>
#include <string>

#include "base/loop.hpp"
#include "http/otlp_carrier.hpp"
#include "telemetry_section.hpp"

namespace seamline::app {

/// Where a collector takes what the section lets it be told, with their paths; empty where it is told nothing of the kind.
struct CollectorUrls {
  std::string traces;
  std::string metrics;
};
CollectorUrls collector_urls(const TelemetrySection& section);
/// What goes with each request to it. The section was checked.
http::Headers collector_headers(const TelemetrySection& section);

/// What one process tells a collector of its traces and metrics. Outlives the host whose calls it traces.
class Telemetry {
 public:
  /// Null where nobody is told. `service` is the process's name where the section gives none. The section was checked.
  static std::unique_ptr<Telemetry> make(const TelemetrySection& section, const std::string& service);
  ~Telemetry();

  /// What makes spans; null where none is ever recorded.
  observe::Tracer* tracer() { return records_ ? &tracer_ : nullptr; }
  /// Begins to tell. What `measure` refers to exists until stop().
  void start(observe::OtlpExporter::Measure measure);
  /// Tells what is left, within the time of two requests. Idempotent.
  void stop();
  /// What became of it, as metrics.
  void write_metrics(observe::MetricSink& out) const { exporter_.write_metrics(out); }

 private:
  Telemetry(const TelemetrySection& section, const std::string& service);

  const std::int64_t timeout_ms_;
  const bool records_;
  observe::Tracer tracer_;
  http::HttpOtlpCarrier carrier_;
  observe::OtlpExporter::Measure measure_;
  observe::OtlpExporter exporter_;
  std::unique_ptr<LoopThread> thread_;
};

}  // namespace seamline::app
