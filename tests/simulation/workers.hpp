#pragma once

#include <filesystem>
#include <functional>
#include <vector>

#include "run.hpp"
#include "template.hpp"

namespace seamline::simulation {

/// Runs worlds in child processes, so that one which aborts is a finding like any other, and several processors are used.
class Workers {
 public:
  /// Told of each run that has ended, in no order. Returns whether the others shall go on.
  using Ended = std::function<bool(const RunOptions& options, const RunResult& result)>;

  /// `start` outlives it; each worker makes a folder of its own in `root`.
  Workers(const Template& start, std::filesystem::path root, int jobs) : start_(start), root_(std::move(root)), jobs_(jobs) {}

  /// `trace_path`: where the traces are written; empty for nowhere.
  void run(const std::vector<RunOptions>& runs, const std::string& trace_path, const Ended& ended);
  RunResult run_one(const RunOptions& options, const std::string& trace_path = {});

 private:
  class Worker;

  const Template& start_;
  const std::filesystem::path root_;
  const int jobs_;
};

}  // namespace seamline::simulation
