#pragma once

#include <memory>
#include <string>
#include <vector>

#include "history.hpp"
#include "process.hpp"

namespace seamline::simulation {

/// Holds the stores of a shop that has come to rest, and what its clients saw, against all invariants. Returns what is wrong, one
/// line a finding; empty where all is well.
std::string check(const std::vector<std::unique_ptr<Process>>& processes, const History& history);

}  // namespace seamline::simulation
