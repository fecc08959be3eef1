#pragma once

#include <string>
#include <vector>

#include "audit/findings.hpp"

namespace seamline::audit {

/// Whether the shop may be at work: then only what holds at any moment is in the answer.
enum class Mode : std::uint8_t { quiet, live };

enum class Outcome : std::uint8_t { holds, violated, vacuous };

/// What became of one invariant.
struct Check {
  const Invariant* invariant = nullptr;
  Outcome outcome = Outcome::vacuous;
  Findings::Count count;
};

/// The answer of an audit.
struct Report {
  Mode mode = Mode::quiet;
  /// In the order of the page.
  std::vector<Check> checks;

  bool is_clean() const;
  std::int64_t count_of(Outcome outcome) const;
  /// All rows that were held against an invariant; one that two invariants speak of counts twice.
  std::int64_t rows_examined() const;
};

/// `has_history`: whether what the clients saw was held against the stores, and belongs to the answer.
Report make_report(const Findings& findings, Mode mode, bool has_history);

std::string_view name_of(Outcome outcome);
std::string_view name_of(Mode mode);

/// As the page describes it, in one line.
std::string render_json(const Report& report);

}  // namespace seamline::audit
