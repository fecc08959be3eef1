#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.hpp"
#include "base/result.hpp"

namespace seamline::simulation {

/// What can go wrong.
enum class Fault : std::uint8_t {
  kill,       // a process dies between two steps; the system keeps what it wrote
  power,      // the same, and what was not synced is lost
  step,       // a process dies within a step, at a crash point
  write,      // a process dies within a commit or a checkpoint, before an operation of its disk
  stop,       // a process is asked to end, and starts again
  stall,      // a process does nothing for a while
  jump,       // a process's calendar is set to another time
  partition,  // two processes do not reach each other for a while
  lose,       // a request is lost before it arrives
  reset,      // the answer is lost, behind the commit
  duplicate,  // a request that may be repeated arrives twice
  delay,      // a message takes long
};
inline constexpr std::array<std::string_view, 12> fault_names{"kill", "power",     "step", "write", "stop",      "stall",
                                                              "jump", "partition", "lose", "reset", "duplicate", "delay"};
constexpr std::string_view name_of(Fault fault) { return fault_names[static_cast<std::size_t>(fault)]; }

/// Which faults a run may have.
class FaultPlan {
 public:
  /// `all`, `none`, or names with commas between them. Errors: a name that no fault has.
  static Result<FaultPlan> parse(std::string_view list);
  static FaultPlan all();
  static FaultPlan none() { return {}; }

  bool has(Fault fault) const { return kinds_.contains(fault); }
  bool is_empty() const { return kinds_.empty(); }
  FaultPlan without(Fault fault) const;
  std::string text() const;

  /// Only these of the faults that would happen, by their numbers in the run; all where it is empty.
  std::optional<std::set<std::int64_t>> only;

 private:
  std::set<Fault> kinds_;
};

/// Decides whether a fault happens. Each that would is numbered, so that a run can be repeated with fewer of them.
class Faults {
 public:
  /// `plan` and `random` exist and outlive it.
  Faults(const FaultPlan& plan, Random& random) : plan_(plan), random_(random) {}

  /// Whether it happens here, with a chance of `chance` in a million.
  bool happens(Fault fault, std::int64_t chance);
  /// From here on nothing goes wrong any more.
  void cease() { have_ceased_ = true; }
  bool have_ceased() const { return have_ceased_; }
  /// The numbers of those that happened.
  const std::vector<std::int64_t>& happened() const { return happened_; }
  std::int64_t count(Fault fault) const { return counts_[static_cast<std::size_t>(fault)]; }

 private:
  const FaultPlan& plan_;
  Random& random_;
  bool have_ceased_ = false;
  std::int64_t next_number_ = 1;
  std::vector<std::int64_t> happened_;
  std::array<std::int64_t, fault_names.size()> counts_{};
};

}  // namespace seamline::simulation
