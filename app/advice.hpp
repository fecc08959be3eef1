#pragma once

#include <optional>
#include <string>
#include <vector>

#include "host/report.hpp"

/// Whether a module should run in the main process or as a service of its own: the criteria of teams that stood before the
/// choice, over what a running shop has measured.
namespace seamline::app {

/// The thresholds. Below the first of a pair speaks for a monolith, above the second for services, between them for neither.
namespace thresholds {
inline constexpr std::int64_t small_team = 10;
inline constexpr std::int64_t large_team = 20;
inline constexpr double little_traffic_per_s = 1'000;
inline constexpr double much_traffic_per_s = 10'000;
/// A module has scaling needs of its own when it takes so many times the CPU time that an even share would be.
inline constexpr double even_shares = 2;
/// Less CPU time of all modules together says nothing about their shares.
inline constexpr std::int64_t least_cpu_ms = 200;
/// A module's one writer is near its limit at this share of a core.
inline constexpr double busy_writer = 0.7;
/// What a call costs more when it leaves the process and stays on the machine. Events cost nobody any waiting.
inline constexpr double remote_call_ms = 0.1;
/// Waiting of that kind may take this share of the time in which an order is answered.
inline constexpr double dear_waiting = 0.1;
}  // namespace thresholds

enum class Verdict : std::uint8_t { keep, extract };

struct Reason {
  /// team size, traffic, scaling, write rate or cost.
  std::string criterion;
  /// Empty where it speaks for neither.
  std::optional<Verdict> speaks_for;
  std::string measured;
  std::string threshold;
};

/// `keep` unless more reasons speak for extracting than for keeping.
struct ModuleAdvice {
  std::string module;
  std::string placement;
  Verdict verdict = Verdict::keep;
  double calls_per_order = 0;
  double events_per_order = 0;
  /// What these calls would cost if the module ran apart.
  double added_ms_per_order = 0;
  /// Of the CPU time of all modules, 0 to 1.
  double cpu_share = 0;
  double transactions_per_order = 0;
  std::vector<Reason> reasons;
};

struct Advice {
  /// 0: nothing was measured, and there is no advice.
  std::int64_t orders = 0;
  double measured_orders_per_s = 0;
  /// What the advice reckons with: the rate that is expected, else the measured one.
  double orders_per_s = 0;
  double requests_per_order = 0;
  double requests_per_s = 0;
  std::vector<ModuleAdvice> modules;
  /// The one to extract first: the cheapest of those that should be. One at a time, or nobody knows what helped.
  std::optional<std::string> next;
};

struct Expectation {
  /// Developers who work on the shop.
  std::optional<std::int64_t> team;
  std::optional<double> orders_per_s;
};

/// `report` has every process of the shop in it. The answer depends on nothing else.
Advice advise(const host::Report& report, const Expectation& expected);

/// A number with a few digits, as people read it: 0.25, 12.5, 1250.
std::string short_number(double number);

}  // namespace seamline::app
