#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "observe/histogram.hpp"

namespace seamline::observe {

enum class MetricType : std::uint8_t {
  /// Only grows, while the process lives.
  counter,
  /// What it is now.
  gauge,
  /// A distribution of durations, in seconds.
  durations,
};

/// What tells the samples of one family apart. Both are names in the source or the configuration.
struct Label {
  std::string_view name;
  std::string_view value;
};
using Labels = std::vector<Label>;

/// Takes what a process has measured, in whatever form it is told on. One family's samples come together, behind its declaration.
class MetricSink {
 public:
  virtual ~MetricSink() = default;
  /// The samples that follow are of this family. `name` says the unit, as Prometheus wants it: `_seconds`, `_bytes`.
  virtual void family(std::string_view name, MetricType type, std::string_view help) = 0;
  virtual void sample(const Labels& labels, double value) = 0;
  /// Of a family of durations.
  virtual void sample(const Labels& labels, const LatencyHistogram& durations) = 0;
};

}  // namespace seamline::observe
