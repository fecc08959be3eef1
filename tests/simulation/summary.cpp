#include "summary.hpp"

#include <cstdio>

namespace seamline::simulation {
namespace {

std::string rounded(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f", value);
  return text;
}

}  // namespace

void Summary::add(const RunResult& result) {
  ++runs_;
  if (!result.failure.empty()) ++failed_;
  sum_.simulated_ms += result.simulated_ms;
  sum_.requests += result.requests;
  sum_.cpu_us += result.cpu_us;
  for (const auto& [name, count] : result.counts) sum_.counts[name] += count;
  for (const auto& [code, rows] : result.examined) sum_.examined[code] += rows;
}

std::string Summary::text(double seconds) const {
  const double cpu_s = static_cast<double>(sum_.cpu_us) / 1e6;
  const double simulated_s = static_cast<double>(sum_.simulated_ms) / 1e3;
  std::string text = std::to_string(runs_) + " runs, " + std::to_string(failed_) + " failed, in " + rounded(seconds) +
                     " s: " + rounded(static_cast<double>(runs_) / seconds) + " a second, " +
                     rounded(static_cast<double>(runs_) / cpu_s) + " a second of a processor; " + rounded(simulated_s / cpu_s) +
                     " simulated seconds a second of a processor; " + std::to_string(sum_.requests) + " requests\n";
  std::int64_t places = 0;
  std::int64_t within = 0;
  for (const auto& [name, count] : sum_.counts) {
    const bool is_place = name.starts_with("within ");
    places += is_place ? 1 : 0;
    within += is_place ? count : 0;
    if (!is_place) text += "  " + name + " " + std::to_string(count) + "\n";
  }
  text += "  deaths within a step " + std::to_string(within) + ", at " + std::to_string(places) + " places\n";
  std::string vacuous;
  for (const auto& [code, rows] : sum_.examined) vacuous += rows == 0 ? " " + code : "";
  if (!vacuous.empty()) text += "  invariants that no row was held against:" + vacuous + "\n";
  return text;
}

}  // namespace seamline::simulation
