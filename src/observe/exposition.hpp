#pragma once

#include <string>

#include "observe/metrics.hpp"

namespace seamline::observe {

/// Writes metrics in Prometheus' text format (version 0.0.4); durations as summaries.
class Exposition final : public MetricSink {
 public:
  void family(std::string_view name, MetricType type, std::string_view help) override;
  void sample(const Labels& labels, double value) override { line("", written(labels), value); }
  void sample(const Labels& labels, const LatencyHistogram& durations) override;
  std::string take() { return std::move(text_); }

 private:
  static std::string written(const Labels& labels);
  void line(std::string_view suffix, const std::string& labels, double value);

  std::string name_;
  std::string text_;
};

}  // namespace seamline::observe
