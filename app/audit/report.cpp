#include "audit/report.hpp"

#include <algorithm>

#include "base/json.hpp"
#include "base/text.hpp"

namespace seamline::audit {
namespace {

/// That there is none is what it says.
constexpr Code never_vacuous = "X9";

Outcome outcome_of(const Findings::Count& count, std::size_t invariant) {
  if (count.violations > 0) return Outcome::violated;
  return count.examined == 0 && invariant != never_vacuous.index() ? Outcome::vacuous : Outcome::holds;
}

/// Examples quote what stands in the stores, which may be no text: what cannot be a JSON string becomes '?'.
std::string as_text(std::string_view bytes) {
  std::string text;
  while (!bytes.empty()) {
    const std::size_t good = well_formed_bytes(bytes);
    text += bytes.substr(0, good);
    bytes.remove_prefix(good);
    if (bytes.empty()) break;
    text.push_back('?');
    bytes.remove_prefix(1);
  }
  return text;
}

}  // namespace

bool Report::is_clean() const { return count_of(Outcome::violated) == 0; }

std::int64_t Report::count_of(Outcome outcome) const {
  return std::count_if(checks.begin(), checks.end(), [&](const Check& check) { return check.outcome == outcome; });
}

std::int64_t Report::rows_examined() const {
  std::int64_t rows = 0;
  for (const Check& check : checks) rows += check.count.examined;
  return rows;
}

Report make_report(const Findings& findings, Mode mode, bool has_history) {
  Report report{mode, {}};
  for (std::size_t i = 0; i < invariants.size(); ++i) {
    if (mode == Mode::live && invariants[i].holds == Holds::quiet) continue;
    if (!has_history && i >= groups.back().first) continue;
    report.checks.push_back({&invariants[i], outcome_of(findings.of(i), i), findings.of(i)});
  }
  return report;
}

std::string_view name_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::holds: return "holds";
    case Outcome::violated: return "violated";
    case Outcome::vacuous: return "vacuous";
  }
  return "";
}

std::string_view name_of(Mode mode) { return mode == Mode::live ? "live" : "quiet"; }

std::string render_json(const Report& report) {
  std::string text;
  json::Writer writer(text);
  writer.begin_object();
  writer.member("mode", name_of(report.mode));
  writer.member("clean", report.is_clean());
  writer.key("checks");
  writer.begin_array();
  for (const Check& check : report.checks) {
    writer.begin_object();
    writer.member("code", check.invariant->code);
    writer.member("holds", check.invariant->holds == Holds::quiet ? "quiet" : "always");
    writer.member("invariant", check.invariant->sentence);
    writer.member("outcome", name_of(check.outcome));
    writer.member("examined", check.count.examined);
    writer.member("violations", check.count.violations);
    writer.key("examples");
    writer.begin_array();
    for (const std::string& example : check.count.examples) writer.string(as_text(example));
    writer.end_array();
    writer.end_object();
  }
  writer.end_array();
  writer.end_object();
  return text;
}

}  // namespace seamline::audit
