#include "observe/otlp_json.hpp"

#include <array>
#include <cstdio>

namespace seamline::observe {
namespace {

constexpr std::string_view scope_name = "seamline";
/// 2^10 ns is a microsecond, 2^35 ns half a minute.
constexpr std::size_t first_exponent = 10;
constexpr std::size_t last_exponent = 35;
constexpr std::int64_t cumulative = 2;
constexpr std::int64_t status_error = 2;

void write_text_value(json::Writer& writer, std::string_view text) {
  writer.begin_object();
  writer.member("stringValue", text);
  writer.end_object();
}

void write_attribute(json::Writer& writer, std::string_view key, std::string_view value) {
  writer.begin_object();
  writer.member("key", key);
  writer.key("value");
  write_text_value(writer, value);
  writer.end_object();
}

void write_number(json::Writer& writer, double value) {
  std::array<char, 32> number{};
  std::snprintf(number.data(), number.size(), "%.17g", value);
  writer.raw(number.data());
}

void write_attribute(json::Writer& writer, const Attribute& attribute) {
  if (const auto* text = std::get_if<std::string>(&attribute.value)) return write_attribute(writer, attribute.key, *text);
  writer.begin_object();
  writer.member("key", attribute.key);
  writer.key("value");
  writer.begin_object();
  writer.member("intValue", std::to_string(std::get<std::int64_t>(attribute.value)));
  writer.end_object();
  writer.end_object();
}

void write_resource(json::Writer& writer, const Resource& resource) {
  writer.key("resource");
  writer.begin_object();
  writer.key("attributes");
  writer.begin_array();
  for (const auto& [key, value] : resource) write_attribute(writer, key, value);
  writer.end_array();
  writer.end_object();
}

void write_scope(json::Writer& writer) {
  writer.key("scope");
  writer.begin_object();
  writer.member("name", scope_name);
  writer.end_object();
}

void write_status(json::Writer& writer, const std::string& error_code) {
  writer.key("status");
  writer.begin_object();
  if (!error_code.empty()) {
    writer.member("message", error_code);
    writer.member("code", status_error);
  }
  writer.end_object();
}

void write_span(json::Writer& writer, const Span& span) {
  writer.begin_object();
  writer.member("traceId", hex_of(span.context.trace_id));
  writer.member("spanId", hex_of(span.context.span_id));
  if (!span.trace_state.empty()) writer.member("traceState", span.trace_state);
  if (span.parent_id != SpanId{}) writer.member("parentSpanId", hex_of(span.parent_id));
  // The low eight bits are those of the traceparent.
  writer.member("flags", std::int64_t{span.context.flags});
  writer.member("name", span.name);
  writer.member("kind", static_cast<std::int64_t>(span.kind));
  writer.member("startTimeUnixNano", std::to_string(span.started_ns));
  writer.member("endTimeUnixNano", std::to_string(span.ended_ns));
  writer.key("attributes");
  writer.begin_array();
  for (const Attribute& attribute : span.attributes) write_attribute(writer, attribute);
  if (!span.error_code.empty()) write_attribute(writer, "error.type", span.error_code);
  writer.end_array();
  write_status(writer, span.error_code);
  writer.end_object();
}

/// `{"resourceSpans":[{"resource":…,"scopeSpans":[{"scope":…,"spans":[`, or the same of metrics.
void begin_request(json::Writer& writer, const Resource& resource, std::string_view of_resource, std::string_view of_scope,
                   std::string_view items) {
  writer.begin_object();
  writer.key(of_resource);
  writer.begin_array();
  writer.begin_object();
  write_resource(writer, resource);
  writer.key(of_scope);
  writer.begin_array();
  writer.begin_object();
  write_scope(writer);
  writer.key(items);
  writer.begin_array();
}

void end_request(json::Writer& writer) {
  for (int level = 0; level < 3; ++level) {
    writer.end_array();
    writer.end_object();
  }
}

/// UCUM, as the name says it.
std::string_view unit_of(std::string_view name) {
  if (name.ends_with("_total")) name.remove_suffix(std::string_view("_total").size());
  return name.ends_with("_seconds") ? "s" : name.ends_with("_bytes") ? "By" : "1";
}

}  // namespace

std::string encode_spans(const Resource& resource, std::span<const Span> spans) {
  std::string text;
  json::Writer writer(text);
  begin_request(writer, resource, "resourceSpans", "scopeSpans", "spans");
  for (const Span& span : spans) write_span(writer, span);
  end_request(writer);
  return text;
}

OtlpMetrics::OtlpMetrics(const Resource& resource, std::int64_t started_ns, std::int64_t now_ns)
    : started_ns_(started_ns), now_ns_(now_ns) {
  begin_request(writer_, resource, "resourceMetrics", "scopeMetrics", "metrics");
}

void OtlpMetrics::family(std::string_view name, MetricType type, std::string_view help) {
  static constexpr std::array<std::string_view, 3> data{"sum", "gauge", "histogram"};
  end_family();
  is_in_family_ = true;
  type_ = type;
  writer_.begin_object();
  writer_.member("name", name);
  writer_.member("description", help);
  writer_.member("unit", unit_of(name));
  writer_.key(data[static_cast<std::size_t>(type)]);
  writer_.begin_object();
  if (type != MetricType::gauge) writer_.member("aggregationTemporality", cumulative);
  if (type == MetricType::counter) writer_.member("isMonotonic", true);
  writer_.key("dataPoints");
  writer_.begin_array();
}

void OtlpMetrics::end_family() {
  if (!is_in_family_) return;
  is_in_family_ = false;
  writer_.end_array();
  writer_.end_object();
  writer_.end_object();
}

void OtlpMetrics::begin_point(const Labels& labels) {
  writer_.begin_object();
  writer_.key("attributes");
  writer_.begin_array();
  for (const Label& label : labels) write_attribute(writer_, label.name, label.value);
  writer_.end_array();
  if (type_ != MetricType::gauge) writer_.member("startTimeUnixNano", std::to_string(started_ns_));
  writer_.member("timeUnixNano", std::to_string(now_ns_));
}

void OtlpMetrics::sample(const Labels& labels, double value) {
  begin_point(labels);
  writer_.key("asDouble");
  write_number(writer_, value);
  writer_.end_object();
}

void OtlpMetrics::sample(const Labels& labels, const LatencyHistogram& durations) {
  begin_point(labels);
  std::vector<std::int64_t> counts;
  std::int64_t below = 0;
  for (std::size_t exponent = first_exponent; exponent <= last_exponent; ++exponent) {
    const std::int64_t now_below = durations.count_below_power(exponent);
    counts.push_back(now_below - below);
    below = now_below;
  }
  const double sum_s = static_cast<double>(durations.sum_ns()) / 1e9;
  const std::int64_t all = durations.count();
  counts.push_back(all - below);
  writer_.member("count", std::to_string(all));
  writer_.key("sum");
  write_number(writer_, sum_s);
  writer_.key("bucketCounts");
  writer_.begin_array();
  for (const std::int64_t count : counts) writer_.string(std::to_string(count));
  writer_.end_array();
  writer_.key("explicitBounds");
  writer_.begin_array();
  // A bound belongs to the bucket below it, and durations are whole nanoseconds.
  for (std::size_t exponent = first_exponent; exponent <= last_exponent; ++exponent) {
    write_number(writer_, static_cast<double>((std::int64_t{1} << exponent) - 1) / 1e9);
  }
  writer_.end_array();
  writer_.end_object();
}

std::string OtlpMetrics::take() {
  end_family();
  end_request(writer_);
  return std::move(text_);
}

}  // namespace seamline::observe
