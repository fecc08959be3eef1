#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "observe/metrics.hpp"
#include "observe/trace.hpp"

/// OTLP 1.x in its JSON form (OpenTelemetry Protocol, section JSON Protobuf Encoding): ids in hexadecimal, enumerations as
/// numbers, integers of 64 bits as decimal strings.
namespace seamline::observe {

/// What is the same for all that a process tells: `service.name` and the like.
using Resource = std::vector<std::pair<std::string, std::string>>;

/// An ExportTraceServiceRequest.
std::string encode_spans(const Resource& resource, std::span<const Span> spans);

/// Writes an ExportMetricsServiceRequest: counters as monotonic cumulative sums, durations as histograms with a bound at each
/// power of two from a microsecond to half a minute.
class OtlpMetrics final : public MetricSink {
 public:
  /// When counting began and when this was measured, in nanoseconds since 1970.
  OtlpMetrics(const Resource& resource, std::int64_t started_ns, std::int64_t now_ns);

  void family(std::string_view name, MetricType type, std::string_view help) override;
  void sample(const Labels& labels, double value) override;
  void sample(const Labels& labels, const LatencyHistogram& durations) override;
  /// The whole of it, once.
  std::string take();

 private:
  void begin_point(const Labels& labels);
  void end_family();

  const std::int64_t started_ns_;
  const std::int64_t now_ns_;
  std::string text_;
  json::Writer writer_{text_};
  MetricType type_ = MetricType::gauge;
  bool is_in_family_ = false;
};

}  // namespace seamline::observe
