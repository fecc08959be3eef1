#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>

#include "arguments.hpp"
#include "observe/log.hpp"
#include "shrink.hpp"
#include "summary.hpp"

using namespace seamline;
using namespace seamline::simulation;

namespace {

/// Runs that a failure may cost until it is small.
constexpr int shrinking_runs = 400;

constexpr std::size_t most_failures_printed = 20;

std::filesystem::path memory_folder() {
  const std::filesystem::path shared_memory = "/dev/shm";
  std::error_code problem;
  const auto base = std::filesystem::exists(shared_memory, problem) ? shared_memory : std::filesystem::temp_directory_path();
  return base / ("seamline-simulation-" + std::to_string(::getpid()));
}

void print_failure(const RunOptions& options, const RunResult& result) {
  std::printf("FAILED: simulation %s\n%s", options.text().c_str(), result.failure.c_str());
  std::fflush(stdout);
}

int simulate(const Arguments& arguments) {
  std::vector<RunOptions> runs;
  if (!arguments.graveyard.empty()) {
    auto buried = read_graveyard(arguments.graveyard);
    if (!buried) throw std::runtime_error(buried.error().detail);
    runs = std::move(*buried);
  }
  for (std::int64_t i = 0; i < arguments.seeds; ++i) {
    runs.push_back(arguments.run);
    runs.back().seed += static_cast<std::uint64_t>(i);
  }
  const std::filesystem::path folder = memory_folder();
  const Template start(folder / "template");
  Workers workers(start, folder, arguments.jobs);
  Summary summary;
  std::vector<std::pair<RunOptions, RunResult>> failed;
  const auto began = std::chrono::steady_clock::now();
  workers.run(runs, arguments.trace_path, [&](const RunOptions& options, const RunResult& result) {
    summary.add(result);
    if (arguments.is_verbose) std::printf("%s: trace %016lx\n", options.text().c_str(), result.trace_hash);
    if (!result.failure.empty() && failed.size() < most_failures_printed) print_failure(options, result);
    if (!result.failure.empty()) failed.emplace_back(options, result);
    return true;
  });
  std::printf("%s", summary.text(std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count()).c_str());
  if (arguments.shrinks && !failed.empty()) {
    const RunOptions smallest = shrink(workers, failed.front().first, failed.front().second, shrinking_runs);
    std::printf("shrunk to:\n");
    print_failure(smallest, workers.run_one(smallest));
  }
  std::error_code ignored;
  std::filesystem::remove_all(folder, ignored);
  return failed.empty() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  const auto arguments = read_arguments({argv + 1, argv + argc});
  if (!arguments) {
    std::fprintf(stderr, "%s\n%s", arguments.error().detail.c_str(), std::string(usage).c_str());
    return 2;
  }
  observe::set_log_level("off");
  // Who reads no more of what is printed shall not keep the folder from being removed.
  std::signal(SIGPIPE, SIG_IGN);
  try {
    return simulate(*arguments);
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "simulation: %s\n", problem.what());
    return 1;
  }
}
