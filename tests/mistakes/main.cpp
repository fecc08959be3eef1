#include <cstdio>
#include <exception>
#include <string>

#include "workloads.hpp"

/// mistaken_shop WORKLOAD FOLDER: plays a workload and leaves the stores in the folder. The environment says which mistakes the
/// shop makes (SEAMLINE_MISTAKES) and where it is killed (SEAMLINE_CRASH_AT). Exit codes: 0 played to the end, 1 the shop came to
/// no good end of its own, 2 usage.
int main(int argc, char** argv) {
  const auto& all = seamline::mistakes::workloads();
  if (argc != 3 || !all.contains(argv[1])) {
    std::fputs("usage: mistaken_shop WORKLOAD FOLDER\n", stderr);
    return 2;
  }
  try {
    all.at(argv[1])(argv[2]);
    return 0;
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "%s\n", problem.what());
    return 1;
  }
}
