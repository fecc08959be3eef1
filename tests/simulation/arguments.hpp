#pragma once

#include <string>
#include <vector>

#include "run.hpp"

namespace seamline::simulation {

/// What the program was asked to do.
struct Arguments {
  /// Of each run; its seed is the first one's.
  RunOptions run;
  std::int64_t seeds = 1;
  int jobs = 1;
  bool shrinks = false;
  /// Where traces go; empty for nowhere.
  std::string trace_path;
  /// A file of arguments, a run a line, that run first; empty for none.
  std::string graveyard;
  /// Prints what became of each run.
  bool is_verbose = false;
};

inline constexpr std::string_view usage =
    "simulation [--seeds N] [--first S | --seed S] [--jobs N] [--placement 0..15] [--faults all|none|kind,…] [--only fault,…]\n"
    "           [--orders N] [--mistakes name[:n],…] [--shrink] [--trace FILE] [--graveyard FILE] [--verbose]\n"
    "Runs a shop under simulated time, network and disk, breaks it, and audits what is left; a run for each seed.\n"
    "A failure is printed as the arguments that repeat it. --only takes the numbers of single faults.\n"
    "Exit codes: 0 all runs are clean, 1 some are not, 2 usage.\n";

/// Errors: what is no argument of the program.
Result<Arguments> read_arguments(const std::vector<std::string>& words);
/// The runs of a graveyard: arguments, and behind a `#` why they are there.
Result<std::vector<RunOptions>> read_graveyard(const std::string& path);

}  // namespace seamline::simulation
