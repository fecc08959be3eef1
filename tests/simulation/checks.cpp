#include "checks.hpp"

#include <fstream>

#include "audit/audit.hpp"
#include "audit/invariants.hpp"

namespace seamline::simulation {

std::string check(const std::filesystem::path& data_dir, const History& history, std::map<std::string, std::int64_t>& examined) {
  audit::Options options;
  for (const audit::Owner owner : audit::owners) {
    options.stores[static_cast<std::size_t>(owner)] = data_dir / audit::name_of(owner) / "0.db";
  }
  options.single_threaded = true;
  options.history = data_dir / "history";
  std::ofstream(*options.history, std::ios::trunc) << history.as_lines();
  const auto report = audit::audit(options);
  if (!report) return report.error().detail;
  std::string found = history.complaints();
  for (const audit::Check& check : report->checks) {
    const std::string code(check.invariant->code);
    examined[code] += check.count.examined;
    if (check.outcome != audit::Outcome::violated) continue;
    found += code + " (" + std::to_string(check.count.violations) + "): ";
    for (const std::string& example : check.count.examples) found += example + "; ";
    found += "\n";
  }
  return found;
}

}  // namespace seamline::simulation
