#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>

namespace seamline::mistakes {

/// Plays one shop, whose stores it leaves in the folder, beside the file `history`. Single-threaded and with a clock of its own
/// unless it says otherwise, so that it is the same each time.
using Workload = std::function<void(const std::filesystem::path& folder)>;

/// By name. tests/mistakes/table.py says which mistake each of them provokes.
const std::map<std::string, Workload>& workloads();

}  // namespace seamline::mistakes
