#include "config/key.hpp"

#include <algorithm>

namespace seamline::config {
namespace {

/// The number of letters to insert, remove or replace (Levenshtein's distance), computed row by row.
std::size_t edit_distance(std::string_view from, std::string_view to) {
  std::vector<std::size_t> row(to.size() + 1);
  for (std::size_t i = 0; i < row.size(); ++i) row[i] = i;
  for (std::size_t i = 0; i < from.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < to.size(); ++j) {
      const std::size_t replaced = diagonal + (from[i] == to[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, diagonal + 1, row[j] + 1});
    }
  }
  return row.back();
}

}  // namespace

const Key* Key::find(std::string_view dotted_path) const {
  const auto dot = dotted_path.find('.');
  const std::string_view first = dotted_path.substr(0, dot);
  for (const Key& child : children) {
    if (child.name != first) continue;
    return dot == std::string_view::npos ? &child : child.find(dotted_path.substr(dot + 1));
  }
  return nullptr;
}

std::string Key::nearest_child(std::string_view mistyped) const {
  constexpr std::size_t longest_name = 64;
  if (mistyped.size() > longest_name) return {};
  std::string nearest;
  std::size_t least = mistyped.size() / 2 + 1;
  for (const Key& child : children) {
    const std::size_t distance = edit_distance(mistyped, child.name);
    if (distance < least) {
      least = distance;
      nearest = child.name;
    }
  }
  return nearest;
}

}  // namespace seamline::config
