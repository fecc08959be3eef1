#pragma once

#include <string>
#include <string_view>

namespace seamline::observe {

/// Writes metrics in Prometheus' text format (version 0.0.4). One family's samples stand together, under its help and type.
class Exposition {
 public:
  /// `type` is counter, gauge or summary. The samples that follow are of this family.
  void family(std::string_view name, std::string_view type, std::string_view help);
  /// `labels` are `a="x",b="y"`: see label(). `suffix` stands behind the family's name: `_sum`, or nothing.
  void sample(std::string_view suffix, const std::string& labels, double value);
  std::string take() { return std::move(text_); }

 private:
  std::string name_;
  std::string text_;
};

/// `name="value"`, of values that are names in the source or the configuration: nothing in them needs escaping.
std::string label(std::string_view name, std::string_view value);

}  // namespace seamline::observe
