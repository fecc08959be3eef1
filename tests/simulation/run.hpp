#pragma once

#include <cstdint>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "faults.hpp"

namespace seamline::simulation {

class Template;

/// What decides a run: the same options give the same run.
struct RunOptions {
  std::uint64_t seed = 1;
  /// A bit for each of module_names that runs in a process of its own; below 0: the seed says.
  int placement = -1;
  FaultPlan faults = FaultPlan::all();
  int orders = 50;
  /// Mistakes that the code is made to make (base/fault.hpp).
  std::string mistakes;

  /// The arguments of the program that repeat the run.
  std::string text() const;
};

/// What became of it.
struct RunResult {
  /// What is wrong, one line a finding; empty where all is well.
  std::string failure;
  /// Something stopped in the middle of its work: the world cannot be taken down, and is left to the end of the process.
  bool is_broken = false;
  std::uint64_t trace_hash = 0;
  std::int64_t trace_lines = 0;
  std::int64_t simulated_ms = 0;
  std::int64_t requests = 0;
  std::int64_t cpu_us = 0;
  /// The numbers of the faults that happened.
  std::vector<std::int64_t> faults;
  /// How often what happened.
  std::map<std::string, std::int64_t> counts;
  /// Rows that were held against each invariant.
  std::map<std::string, std::int64_t> examined;
};

/// One line without a line break, and back. Errors: a line that is none of these.
std::string write_result(const RunResult& result);
Result<RunResult> read_result(std::string_view line);

/// Runs it in this process. `trace_file` gets every line of the trace; null for none.
RunResult run(const RunOptions& options, const Template& start, std::FILE* trace_file);

}  // namespace seamline::simulation
