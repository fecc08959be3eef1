#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "history.hpp"

namespace seamline::simulation {

/// Has the stores of a shop that has come to rest, and what its clients saw, audited (app/audit/README.md). Returns what is
/// violated, one line an invariant; empty where all is well. Adds to `examined` how many rows were held against each invariant.
std::string check(const std::filesystem::path& data_dir, const History& history, std::map<std::string, std::int64_t>& examined);
/// The same of the stores of a shop at work: what holds at any moment.
std::string check_at_work(const std::filesystem::path& data_dir, std::map<std::string, std::int64_t>& examined);

}  // namespace seamline::simulation
