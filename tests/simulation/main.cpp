#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <ctime>
#include <cstring>
#include <string>

#include "observe/log.hpp"
#include "world.hpp"

using namespace seamline;
using namespace seamline::simulation;

int main(int argc, char** argv) {
  observe::set_log_level("off");
  RunOptions options;
  std::int64_t seeds = 10;
  std::int64_t first = 1;
  std::FILE* trace = nullptr;
  for (int i = 1; i < argc; ++i) {
    const std::string arg = argv[i];
    const auto value = [&] { return std::string(argv[++i]); };
    if (arg == "--seeds") seeds = std::stoll(value());
    if (arg == "--first") first = std::stoll(value());
    if (arg == "--orders") options.orders = std::stoi(value());
    if (arg == "--placement") options.placement = std::stoi(value());
    if (arg == "--faults") options.faults = FaultPlan::parse(value()).value();
    if (arg == "--mistakes") options.mistakes = value();
    if (arg == "--trace") trace = std::fopen(value().c_str(), "w");
  }
  const std::filesystem::path root = "/dev/shm/seamline-simulation-" + std::to_string(::getpid());
  const Template start(root);
  const std::clock_t cpu = std::clock();
  const auto began = std::chrono::steady_clock::now();
  std::int64_t simulated_ms = 0, lines = 0, requests = 0, failed = 0;
  std::map<std::string, std::int64_t> counts;
  for (std::int64_t seed = first; seed < first + seeds; ++seed) {
    options.seed = static_cast<std::uint64_t>(seed);
    if (std::getenv("SHOW") != nullptr) std::fprintf(stderr, "seed %s\n", std::to_string(seed).c_str());
    World world(options, start, trace);
    const RunResult result = world.run();
    simulated_ms += result.simulated_ms;
    lines += result.trace_lines;
    requests += result.requests;
    for (const auto& [name, count] : result.counts) counts[name] += count;
    if (!result.failure.empty()) {
      ++failed;
      std::printf("seed %lld FAILED: %s\n", static_cast<long long>(seed), result.failure.c_str());
    }
    if (trace != nullptr) std::printf("seed %lld trace %016llx\n", static_cast<long long>(seed), static_cast<unsigned long long>(result.trace_hash));
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  const double cpu_s = static_cast<double>(std::clock() - cpu) / CLOCKS_PER_SEC;
  std::printf("cpu %.1f s, %.1f runs/s of cpu\n", cpu_s, static_cast<double>(seeds) / cpu_s);
  std::printf("%s runs, %s failed, %.1f s: %.1f runs/s, %.0f x real time, %s lines, %s requests\n", std::to_string(seeds).c_str(),
              std::to_string(failed).c_str(), seconds, static_cast<double>(seeds) / seconds,
              static_cast<double>(simulated_ms) / 1000 / seconds, std::to_string(lines).c_str(), std::to_string(requests).c_str());
  for (const auto& [name, count] : counts) std::printf("  %s %s\n", name.c_str(), std::to_string(count).c_str());
  return failed == 0 ? 0 : 1;
}
