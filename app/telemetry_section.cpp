#include "telemetry_section.hpp"

#include <array>
#include <charconv>
#include <optional>

#include "base/text.hpp"
#include "http/address.hpp"
#include "http/message.hpp"

namespace seamline::app {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 7> variable_keys{
    {{"OTEL_EXPORTER_OTLP_ENDPOINT", "telemetry.endpoint"},
     {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "telemetry.traces_endpoint"},
     {"OTEL_EXPORTER_OTLP_HEADERS", "telemetry.headers"},
     {"OTEL_SERVICE_NAME", "telemetry.service_name"},
     {"OTEL_RESOURCE_ATTRIBUTES", "telemetry.resource"},
     {"OTEL_TRACES_SAMPLER", "telemetry.sampler"},
     {"OTEL_TRACES_SAMPLER_ARG", "telemetry.sample_ratio"}}};
constexpr std::string_view disabling_variable = "OTEL_SDK_DISABLED";

auto invalid(std::string detail) { return fail(config::errors::invalid, std::move(detail)); }

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

/// Nothing where a percent sign is not followed by two digits.
std::optional<std::string> percent_decoded(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded.push_back(text[i]);
      continue;
    }
    unsigned byte = 0;
    const char* const digits = text.data() + i + 1;
    if (i + 2 >= text.size() || std::from_chars(digits, digits + 2, byte, 16).ptr != digits + 2) return std::nullopt;
    decoded.push_back(static_cast<char>(byte));
    i += 2;
  }
  return decoded;
}

Result<void> check_url(const config::Layers& layers, const std::string& key, const std::string& url) {
  if (url.empty() || http::address_of(url)) return {};
  return invalid(layers.origin_of(key) + ": " + key + " is \"" + url +
                 "\", and must be http://host:port, for example http://127.0.0.1:4318. For https put a collector beside.");
}

Result<void> at_origin(const config::Layers& layers, const std::string& key, Error error) {
  error.detail = layers.origin_of(key) + ": " + error.detail;
  return fail(std::move(error));
}

}  // namespace

Result<std::vector<std::pair<std::string, std::string>>> read_pairs(std::string_view key, std::string_view text) {
  std::vector<std::pair<std::string, std::string>> pairs;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    const std::string_view pair = trimmed(text.substr(0, comma));
    text.remove_prefix(std::min(comma + 1, text.size()));
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    const std::string_view name = trimmed(pair.substr(0, equals));
    auto value = percent_decoded(equals == std::string_view::npos ? pair : trimmed(pair.substr(equals + 1)));
    if (equals == std::string_view::npos || name.empty() || !value || !is_text(*value)) {
      return invalid(std::string(key) + " must be name=value,name=value, with values in percent-encoding.");
    }
    pairs.emplace_back(name, std::move(*value));
  }
  return pairs;
}

Result<double> read_ratio(std::string_view key, std::string_view text) {
  double ratio = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), ratio);
  if (read.ec == std::errc() && read.ptr == text.data() + text.size() && ratio >= 0 && ratio <= 1) return ratio;
  return invalid(std::string(key) + " is \"" + std::string(text) + "\", and must be a number from 0 to 1, for example 0.01.");
}

Result<void> add_telemetry_variables(config::Layers& layers, std::span<const std::pair<std::string, std::string>> variables) {
  for (const auto& [name, value] : variables) {
    if (value.empty()) continue;
    if (name == disabling_variable && http::equal_ignoring_case(value, "true")) {
      if (auto set = layers.set("telemetry.disabled", "true", name); !set) return set;
    }
    for (const auto& [variable, key] : variable_keys) {
      if (name != variable) continue;
      if (auto set = layers.set(key, value, name); !set) return set;
    }
  }
  return {};
}

Result<void> check_telemetry(const config::Layers& layers, const TelemetrySection& section) {
  if (auto checked = check_url(layers, "telemetry.endpoint", section.endpoint); !checked) return checked;
  if (auto checked = check_url(layers, "telemetry.traces_endpoint", section.traces_endpoint); !checked) return checked;
  const auto ratio = read_ratio("telemetry.sample_ratio", section.sample_ratio);
  if (!ratio) return at_origin(layers, "telemetry.sample_ratio", ratio.error());
  const auto resource = read_pairs("telemetry.resource", section.resource);
  if (!resource) return at_origin(layers, "telemetry.resource", resource.error());
  const auto headers = read_pairs("telemetry.headers", section.headers.text);
  if (!headers) return at_origin(layers, "telemetry.headers", headers.error());
  return {};
}

}  // namespace seamline::app
