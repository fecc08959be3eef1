#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "disk/sweep.hpp"
#include "support/catch.hpp"

using namespace seamline;
using namespace seamline::test;

namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::int64_t stride_in_ci = 17 * 11;
#else
constexpr std::int64_t stride_in_ci = 17;
#endif
/// How many operations of a kind fail at least.
constexpr std::int64_t least_of_a_kind = 8;
/// To open four stores again takes about so many.
constexpr std::int64_t most_operations_of_a_recovery = 300;
/// Of all that is found, how much is printed.
constexpr std::size_t most_findings = 5;

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

/// Which of the days are lived: every one with SEAMLINE_FULL_SWEEP=1, else every 17th, counted from a day that the seed says.
/// SEAMLINE_TEST_SEED repeats a sweep.
struct Steps {
  Steps() {
    const std::string chosen = variable("SEAMLINE_TEST_SEED");
    seed = chosen.empty() ? Random::system().below(1'000'000) : std::stoull(chosen);
    stride = variable("SEAMLINE_FULL_SWEEP") == "1" ? 1 : stride_in_ci;
    first = 1 + static_cast<std::int64_t>(seed) % stride;
  }
  std::uint64_t seed = 0;
  std::int64_t stride = 1;
  std::int64_t first = 1;
};

/// Counts how days end, and keeps what was wrong.
class Sweep {
 public:
  explicit Sweep(std::string name) : name_(std::move(name)) {}

  void live(const DayPlan& plan, const std::string& what) {
    const DayReport report = run_day(plan);
    ++endings_[report.ending];
    ++runs_;
    if (report.was_hit) ++hit_;
    answered_ += report.answered;
    const bool says_why = report.message.find("module ") != std::string::npos;
    std::string problems = report.problems;
    if ((report.ending == DayEnding::stopped || report.ending == DayEnding::refused) && !says_why) {
      problems += "it does not say why: " + report.message;
    }
    if (!problems.empty()) findings_.push_back(what + ", fate " + std::to_string(plan.fate) + ": " + problems);
  }

  std::string findings() const {
    std::string text;
    for (std::size_t i = 0; i < std::min(findings_.size(), most_findings); ++i) text += findings_[i] + "\n";
    if (!findings_.empty()) text += std::to_string(findings_.size()) + " days in all\n";
    return text;
  }
  std::size_t days_with_findings() const { return findings_.size(); }
  int runs() const { return runs_; }
  int hit() const { return hit_; }
  int count(DayEnding ending) const {
    const auto found = endings_.find(ending);
    return found == endings_.end() ? 0 : found->second;
  }

  ~Sweep() {
    std::printf(
        "%s: %d days; survived %d, stopped %d, refused to open %d, cut %d, unclear %d; faults that hit %d; "
        "%d orders were answered before the end; days with a finding %zu\n",
        name_.c_str(), runs_, count(DayEnding::survived), count(DayEnding::stopped), count(DayEnding::refused),
        count(DayEnding::cut), count(DayEnding::unclear), hit_, answered_, findings_.size());
    std::fflush(stdout);
  }
  Sweep(const Sweep&) = delete;
  Sweep& operator=(const Sweep&) = delete;

 private:
  const std::string name_;
  std::map<DayEnding, int> endings_;
  int runs_ = 0;
  int hit_ = 0;
  int answered_ = 0;
  std::vector<std::string> findings_;
};

/// SQLite's codes: https://www.sqlite.org/rescode.html
constexpr int sqlite_busy = 5;
constexpr int sqlite_full = 13;

/// The n-th operation of its kind fails, in the ways in which such a one does.
DiskFault fault_of(DiskOperation operation, std::int64_t nth, bool is_lasting) {
  DiskFault fault;
  fault.operations = {operation};
  fault.nth = nth;
  fault.lasting = is_lasting;
  if (operation == DiskOperation::write) {
    fault.code = nth % 3 == 0 ? sqlite_full : 0;
    fault.half_written = nth % 3 == 1;
  }
  if (operation == DiskOperation::lock && nth % 2 == 0) fault.code = sqlite_busy;
  return fault;
}

/// Each operation of the kind fails, in a day of its own.
void sweep_faults(DiskOperation operation) {
  const Steps steps;
  const std::string name(name_of(operation));
  const DayReport well = run_day({});
  const std::int64_t last = well.operations[static_cast<std::size_t>(operation)];
  Sweep sweep(name);
  // Of a kind that is rare, more of them.
  const std::int64_t stride = std::clamp<std::int64_t>(last / least_of_a_kind, 1, steps.stride);
  const std::int64_t first = 1 + steps.first % stride;
  std::printf("%s: %ld operations, every %ldth from %ld, seed %lu\n", name.c_str(), last, stride, first, steps.seed);
  for (std::int64_t nth = first; nth <= last; nth += stride) {
    for (const bool is_lasting : {false, true}) {
      DayPlan plan;
      plan.fault = fault_of(operation, nth, is_lasting);
      plan.loses_power_after = nth % 2 == 0;
      sweep.live(plan, name + " " + std::to_string(nth) + (is_lasting ? " and all after it" : ""));
    }
  }
  INFO("SEAMLINE_TEST_SEED=" << steps.seed);
  CHECK(sweep.findings() == "");
  CHECK(sweep.hit() >= sweep.runs() * 9 / 10);
}

}  // namespace

TEST_CASE("on a disk that is well the day is survived, and the same each time") {
  const DayReport report = run_day({});
  CHECK(report.problems == "");
  CHECK(report.ending == DayEnding::survived);
  CHECK(report.answered == 15);
  const DayReport again = run_day({});
  CHECK(std::equal(std::begin(report.operations), std::end(report.operations), std::begin(again.operations)));
}

TEST_CASE("nothing is lost when an opening fails") { sweep_faults(DiskOperation::open); }
TEST_CASE("nothing is lost when a read fails") { sweep_faults(DiskOperation::read); }
TEST_CASE("nothing is lost when a write fails") { sweep_faults(DiskOperation::write); }
TEST_CASE("nothing is lost when a sync fails") { sweep_faults(DiskOperation::sync); }
TEST_CASE("nothing is lost when a truncation fails") { sweep_faults(DiskOperation::truncate); }
TEST_CASE("nothing is lost when a removal fails") { sweep_faults(DiskOperation::remove); }
TEST_CASE("nothing is lost when an access check fails") { sweep_faults(DiskOperation::access); }
TEST_CASE("nothing is lost when a size cannot be told") { sweep_faults(DiskOperation::size); }
TEST_CASE("nothing is lost when a lock fails") { sweep_faults(DiskOperation::lock); }
TEST_CASE("nothing is lost when shared memory cannot be mapped") { sweep_faults(DiskOperation::map_shared_memory); }

namespace {

/// A day that is cut at each operation in turn, by `cut`.
void sweep_cuts(Sweep& sweep, const Steps& steps, const std::string& what,
                const std::function<void(DayPlan&, std::int64_t nth)>& cut) {
  const DayReport well = run_day({});
  std::int64_t last = 0;
  for (const std::int64_t count : well.operations) last += count;
  std::printf("%s: %ld operations, every %ldth from %ld, seed %lu\n", what.c_str(), last, steps.stride, steps.first, steps.seed);
  for (std::int64_t nth = steps.first; nth <= last; nth += steps.stride) {
    DayPlan plan;
    // Each day with a fate of its own; the day itself is the same up to the cut.
    plan.fate = steps.seed + static_cast<std::uint64_t>(nth);
    cut(plan, nth);
    if (nth % 2 == 0) plan.cut_again_after = 1 + nth * 7 % most_operations_of_a_recovery;
    sweep.live(plan, what + " at operation " + std::to_string(nth));
  }
}

}  // namespace

TEST_CASE("nothing that was answered is lost when the power goes at any operation") {
  const Steps steps;
  Sweep sweep("power lost");
  sweep_cuts(sweep, steps, "power lost", [](DayPlan& plan, std::int64_t nth) { plan.power_lost_at = nth; });
  INFO("SEAMLINE_TEST_SEED=" << steps.seed);
  CHECK(sweep.findings() == "");
  CHECK(sweep.count(DayEnding::cut) == sweep.runs());
}

TEST_CASE("nothing that was answered is lost when the process is killed at any operation") {
  const Steps steps;
  Sweep sweep("killed");
  sweep_cuts(sweep, steps, "killed", [](DayPlan& plan, std::int64_t nth) { plan.killed_at = nth; });
  INFO("SEAMLINE_TEST_SEED=" << steps.seed);
  CHECK(sweep.findings() == "");
  CHECK(sweep.count(DayEnding::cut) == sweep.runs());
}

TEST_CASE("the sweep has teeth, on a disk that lies about its syncs it finds that orders are lost") {
  Steps steps;
  steps.stride = std::max<std::int64_t>(steps.stride, 17) * 5;
  Sweep sweep("power lost on a lying disk");
  sweep_cuts(sweep, steps, "power lost on a lying disk", [](DayPlan& plan, std::int64_t nth) {
    plan.power_lost_at = nth;
    plan.ignores_syncs = true;
  });
  CHECK(sweep.days_with_findings() * 3 > static_cast<std::size_t>(sweep.runs()));
}
