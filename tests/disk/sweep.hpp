#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "support/simulated_disk.hpp"

namespace seamline::test {

/// One day of a shop on a simulated disk, and what happens to the disk.
struct DayPlan {
  /// What the shop and SQLite draw.
  std::uint64_t seed = 1;
  /// What is lost with the power.
  std::uint64_t fate = 1;
  std::optional<DiskFault> fault;
  /// The power is lost, or the process killed, when it asks the disk for the n-th time.
  std::optional<std::int64_t> power_lost_at;
  std::optional<std::int64_t> killed_at;
  /// While the shop recovers from that, the same happens once more, after so many operations.
  std::optional<std::int64_t> cut_again_after;
  /// Whatever has ended the day, the power is lost after it.
  bool loses_power_after = false;
  bool ignores_syncs = false;
};

enum class DayEnding : std::uint8_t {
  survived,  // the shop was open to the evening
  refused,   // it did not open, and said why
  stopped,   // it stopped, and said why
  cut,       // by the plan
  unclear,   // anything else: it threw, it crashed
};

struct DayReport {
  DayEnding ending = DayEnding::unclear;
  /// What the shop said where it refused or stopped.
  std::string message;
  /// What was wrong afterwards, on a disk that is well: a line each, empty where all is well.
  std::string problems;
  /// Operations by kind, of the day alone.
  std::int64_t operations[disk_operations] = {};
  /// Whether the fault has hit.
  bool was_hit = false;
  /// Orders that were answered when the day ended.
  int answered = 0;
};

/// Runs a day in a child process, which may die of it: the shop opens new stores, customers order, it restarts. Afterwards, on
/// a disk that is well, it opens again; what was not answered is asked for again; then the customers and the audit look at all.
DayReport run_day(const DayPlan& plan);

}  // namespace seamline::test
