#include "registry/duration.hpp"

#include <array>
#include <cmath>
#include <utility>

namespace seamline::registry {
namespace {

/// Longer units first where one begins with another.
constexpr std::array<std::pair<std::string_view, double>, 8> units{
    {{"ns", 1}, {"us", 1e3}, {"\xC2\xB5s", 1e3}, {"\xCE\xBCs", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"m", 60e9}, {"h", 3600e9}}};
constexpr double max_ns = 9e18;
constexpr std::size_t max_bytes = 64;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Takes digits with at most one point off the text.
std::optional<double> take_number(std::string_view& text) {
  double number = 0;
  double fraction = 0;
  int digits = 0;
  for (; !text.empty() && (is_digit(text.front()) || (text.front() == '.' && fraction == 0)); text.remove_prefix(1)) {
    if (text.front() == '.') {
      fraction = 1;
      continue;
    }
    ++digits;
    number = number * 10 + (text.front() - '0');
    fraction *= 10;
  }
  if (digits == 0) return std::nullopt;
  return fraction > 0 ? number / fraction : number;
}

std::optional<double> take_unit(std::string_view& text) {
  for (const auto& [name, ns] : units) {
    if (!text.starts_with(name)) continue;
    text.remove_prefix(name.size());
    return ns;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::int64_t> read_duration_ms(std::string_view text) {
  if (text == "0") return 0;
  if (text.empty() || text.size() > max_bytes) return std::nullopt;
  double total_ns = 0;
  while (!text.empty()) {
    const auto number = take_number(text);
    const auto unit = take_unit(text);
    if (!number || !unit) return std::nullopt;
    total_ns += *number * *unit;
    if (total_ns > max_ns) return std::nullopt;
  }
  return static_cast<std::int64_t>(std::ceil(total_ns / 1e6));
}

std::string write_duration_ms(std::int64_t ms) { return std::to_string(ms) + "ms"; }

}  // namespace seamline::registry
