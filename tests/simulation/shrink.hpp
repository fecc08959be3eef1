#pragma once

#include "workers.hpp"

namespace seamline::simulation {

/// Looks for a smaller run that fails too: with fewer kinds of faults, fewer orders, and fewer single faults. Tries at most
/// `most_runs` of them. `failed` is what became of the run.
RunOptions shrink(Workers& workers, RunOptions options, const RunResult& failed, int most_runs);

}  // namespace seamline::simulation
