#include "faults.hpp"

namespace seamline::simulation {

FaultPlan FaultPlan::all() {
  FaultPlan plan;
  for (std::size_t i = 0; i < fault_names.size(); ++i) plan.kinds_.insert(static_cast<Fault>(i));
  return plan;
}

Result<FaultPlan> FaultPlan::parse(std::string_view list) {
  if (list == "all") return all();
  FaultPlan plan;
  if (list == "none") return plan;
  while (!list.empty()) {
    const std::string_view name = list.substr(0, list.find(','));
    list.remove_prefix(std::min(list.size(), name.size() + 1));
    std::size_t i = 0;
    while (i < fault_names.size() && fault_names[i] != name) ++i;
    if (i == fault_names.size()) {
      return fail(ErrorCode{"simulation.no_such_fault", Kind::malformed}, "There is no fault " + std::string(name) + ".");
    }
    plan.kinds_.insert(static_cast<Fault>(i));
  }
  return plan;
}

FaultPlan FaultPlan::without(Fault fault) const {
  FaultPlan plan = *this;
  plan.kinds_.erase(fault);
  return plan;
}

std::string FaultPlan::text() const {
  if (kinds_.empty()) return "none";
  if (kinds_.size() == fault_names.size()) return "all";
  std::string text;
  for (const Fault fault : kinds_) text += (text.empty() ? "" : ",") + std::string(name_of(fault));
  return text;
}

bool Faults::happens(Fault fault, std::int64_t chance) {
  if (have_ceased_) return false;
  // Drawn in any case, so that a fault that is left out does not move those behind it.
  if (static_cast<std::int64_t>(random_.below(1'000'000)) >= chance) return false;
  const std::int64_t number = next_number_++;
  if (!plan_.has(fault) || (plan_.only && !plan_.only->contains(number))) return false;
  happened_.push_back(number);
  ++counts_[static_cast<std::size_t>(fault)];
  return true;
}

}  // namespace seamline::simulation
