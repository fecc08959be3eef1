#include "observe/exposition.hpp"

#include <array>
#include <cstdio>

namespace seamline::observe {

void Exposition::family(std::string_view name, std::string_view type, std::string_view help) {
  name_ = name;
  text_.append("# HELP ").append(name).append(" ").append(help);
  text_.append("\n# TYPE ").append(name).append(" ").append(type).append("\n");
}

void Exposition::sample(std::string_view suffix, const std::string& labels, double value) {
  std::array<char, 32> number{};
  std::snprintf(number.data(), number.size(), "%.9g", value);
  text_.append(name_).append(suffix);
  if (!labels.empty()) text_.append("{").append(labels).append("}");
  text_.append(" ").append(number.data()).append("\n");
}

std::string label(std::string_view name, std::string_view value) { return std::string(name) + "=\"" + std::string(value) + "\""; }

}  // namespace seamline::observe
