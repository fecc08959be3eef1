#include "observe/exposition.hpp"

#include <array>
#include <cstdio>

namespace seamline::observe {
namespace {

constexpr std::array<std::string_view, 3> type_names{"counter", "gauge", "summary"};

}  // namespace

void Exposition::family(std::string_view name, MetricType type, std::string_view help) {
  name_ = name;
  text_.append("# HELP ").append(name).append(" ").append(help);
  text_.append("\n# TYPE ").append(name).append(" ").append(type_names[static_cast<std::size_t>(type)]).append("\n");
}

void Exposition::sample(const Labels& labels, const LatencyHistogram& durations) {
  for (const auto& [q, name] : {std::pair{0.5, "0.5"}, std::pair{0.99, "0.99"}}) {
    Labels with_quantile = labels;
    with_quantile.push_back({"quantile", name});
    line("", written(with_quantile), static_cast<double>(durations.quantile_ns(q)) / 1e9);
  }
  line("_sum", written(labels), static_cast<double>(durations.sum_ns()) / 1e9);
  line("_count", written(labels), static_cast<double>(durations.count()));
}

std::string Exposition::written(const Labels& labels) {
  std::string text;
  for (const Label& label : labels) {
    // Of values that are names: nothing in them needs escaping.
    text.append(text.empty() ? "" : ",").append(label.name).append("=\"").append(label.value).append("\"");
  }
  return text;
}

void Exposition::line(std::string_view suffix, const std::string& labels, double value) {
  std::array<char, 32> number{};
  std::snprintf(number.data(), number.size(), "%.9g", value);
  text_.append(name_).append(suffix);
  if (!labels.empty()) text_.append("{").append(labels).append("}");
  text_.append(" ").append(number.data()).append("\n");
}

}  // namespace seamline::observe
