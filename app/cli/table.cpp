#include "cli/table.hpp"

#include <algorithm>

#include "base/assert.hpp"

namespace seamline::app {

Table::Table(std::vector<std::string> columns) {
  for (std::string& column : columns) {
    is_right_.push_back(column.starts_with('>'));
    if (is_right_.back()) column.erase(0, 1);
  }
  rows_.push_back(std::move(columns));
}

void Table::add(std::vector<std::string> cells) {
  SEAMLINE_ASSERT(cells.size() == is_right_.size());
  rows_.push_back(std::move(cells));
}

std::string Table::render() const {
  std::vector<std::size_t> widths(is_right_.size(), 0);
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const auto& row : rows_) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string padding(widths[i] - row[i].size(), ' ');
      line += (i == 0 ? "" : "  ") + (is_right_[i] ? padding + row[i] : row[i] + padding);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

}  // namespace seamline::app
