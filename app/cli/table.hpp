#pragma once

#include <string>
#include <vector>

namespace seamline::app {

/// Rows of text whose columns stand under each other. A name that begins with '>' is a column of numbers, aligned to the right.
class Table {
 public:
  explicit Table(std::vector<std::string> columns);
  /// As many cells as there are columns.
  void add(std::vector<std::string> cells);
  /// With the names of the columns above; each line ends with a line feed and no blank.
  std::string render() const;

 private:
  std::vector<bool> is_right_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace seamline::app
