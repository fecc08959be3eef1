#include "unified_diff.hpp"

#include <algorithm>
#include <vector>

namespace seamline::app {
namespace {

constexpr std::size_t context_lines = 3;
constexpr std::size_t max_compared_lines = 500;

using Lines = std::vector<std::string_view>;

/// Each with its line feed; the last may have none.
Lines lines_of(std::string_view text) {
  Lines lines;
  while (!text.empty()) {
    const std::size_t length = std::min(text.find('\n'), text.size() - 1) + 1;
    lines.push_back(text.substr(0, length));
    text.remove_prefix(length);
  }
  return lines;
}

void append_line(std::string& out, char mark, std::string_view line) {
  out.push_back(mark);
  out.append(line);
  if (!line.ends_with('\n')) out += "\n\\ No newline at end of file\n";
}

/// Lines that differ at both ends, marked by the longest common subsequence between them.
void append_changes(std::string& out, const Lines& before, const Lines& after) {
  const bool is_compared = before.size() <= max_compared_lines && after.size() <= max_compared_lines;
  std::vector<std::vector<std::size_t>> common;
  if (is_compared) {
    common.assign(before.size() + 1, std::vector<std::size_t>(after.size() + 1, 0));
    for (std::size_t i = before.size(); i-- > 0;) {
      for (std::size_t j = after.size(); j-- > 0;) {
        common[i][j] = before[i] == after[j] ? common[i + 1][j + 1] + 1 : std::max(common[i + 1][j], common[i][j + 1]);
      }
    }
  }
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < before.size() || j < after.size()) {
    if (is_compared && i < before.size() && j < after.size() && before[i] == after[j]) {
      append_line(out, ' ', before[i]);
      ++i;
      ++j;
    } else if (i < before.size() && (!is_compared || j == after.size() || common[i + 1][j] >= common[i][j + 1])) {
      append_line(out, '-', before[i++]);
    } else {
      append_line(out, '+', after[j++]);
    }
  }
}

std::string range_of(std::size_t first, std::size_t count) {
  return std::to_string(count == 0 ? first : first + 1) + (count == 1 ? "" : "," + std::to_string(count));
}

}  // namespace

std::string unified_diff(std::string_view name, std::string_view before, std::string_view after) {
  if (before == after) return {};
  const Lines old_lines = lines_of(before);
  const Lines new_lines = lines_of(after);
  const std::size_t shorter = std::min(old_lines.size(), new_lines.size());
  std::size_t head = 0;
  while (head < shorter && old_lines[head] == new_lines[head]) ++head;
  std::size_t tail = 0;
  while (tail < shorter - head && old_lines[old_lines.size() - 1 - tail] == new_lines[new_lines.size() - 1 - tail]) ++tail;

  const std::size_t first = head - std::min(head, context_lines);
  const std::size_t behind = std::min(tail, context_lines);
  const auto part = [](const Lines& lines, std::size_t begin, std::size_t end) {
    return Lines(lines.begin() + static_cast<std::ptrdiff_t>(begin), lines.begin() + static_cast<std::ptrdiff_t>(end));
  };
  std::string out = "--- " + std::string(name) + "\n+++ " + std::string(name) + "\n@@ -" +
                    range_of(first, old_lines.size() - tail + behind - first) + " +" +
                    range_of(first, new_lines.size() - tail + behind - first) + " @@\n";
  for (std::size_t line = first; line < head; ++line) append_line(out, ' ', old_lines[line]);
  append_changes(out, part(old_lines, head, old_lines.size() - tail), part(new_lines, head, new_lines.size() - tail));
  for (std::size_t line = old_lines.size() - tail; line < old_lines.size() - tail + behind; ++line) {
    append_line(out, ' ', old_lines[line]);
  }
  return out;
}

}  // namespace seamline::app
