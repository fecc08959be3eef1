#pragma once

#include <string>
#include <string_view>

namespace seamline::app {

/// What changed between two texts, line by line, as `diff -u` shows it, in one hunk with three lines around; empty where they
/// are the same. `name` stands in both header lines. Meant for a few changes close together: what lies between them is compared
/// line by line up to 500 lines, and shown as replaced beyond that.
std::string unified_diff(std::string_view name, std::string_view before, std::string_view after);

}  // namespace seamline::app
