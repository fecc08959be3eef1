#include "checks.hpp"

#include <fstream>

#include "audit/audit.hpp"
#include "audit/invariants.hpp"

namespace seamline::simulation {
namespace {

std::string audit_stores(const std::filesystem::path& data_dir, audit::Options options,
                         std::map<std::string, std::int64_t>& examined) {
  for (const audit::Owner owner : audit::owners) {
    options.stores[static_cast<std::size_t>(owner)] = data_dir / audit::name_of(owner) / "0.db";
  }
  options.single_threaded = true;
  const auto report = audit::audit(options);
  if (!report) return report.error().detail + "\n";
  std::string found;
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

}  // namespace

std::string check(const std::filesystem::path& data_dir, const History& history, std::map<std::string, std::int64_t>& examined) {
  audit::Options options;
  options.history = data_dir / "history";
  std::ofstream(*options.history, std::ios::trunc) << history.as_lines();
  return history.complaints() + audit_stores(data_dir, std::move(options), examined);
}

std::string check_at_work(const std::filesystem::path& data_dir, std::map<std::string, std::int64_t>& examined) {
  audit::Options options;
  options.mode = audit::Mode::live;
  const std::string found = audit_stores(data_dir, std::move(options), examined);
  return found.empty() ? found : "at work: " + found;
}

}  // namespace seamline::simulation
