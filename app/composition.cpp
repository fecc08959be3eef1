#include "composition.hpp"

#include <algorithm>

namespace seamline::app {
namespace {

/// The explicit list of modules.
std::vector<ModuleEntry> all_modules(const Configuration& configuration) {
  const ModulesSection& modules = configuration.modules;
  return {{user::module(modules.user), modules.user},
          {inventory::module(modules.inventory), modules.inventory},
          {payment::module(modules.payment), modules.payment},
          {order::module(modules.order), modules.order}};
}

Result<void> check_wanted(const std::vector<ModuleEntry>& modules, const std::string& name) {
  std::string names;
  for (const ModuleEntry& module : modules) {
    names += (names.empty() ? "" : ", ") + module.spec.name;
    if (module.spec.name != name) continue;
    if (module.address.placement == Placement::remote) return {};
    if (module.address.placement == Placement::foreign) {
      return fail(config::errors::invalid, "modules." + name + ".placement is \"foreign\": no process of this shop hosts " +
                                               name + ". Set it to \"remote\", here and for the main process.");
    }
    return fail(config::errors::invalid, "modules." + name + ".placement is \"local\": the main process hosts " + name +
                                             ". Set it to \"remote\", here and for the main process: seamline module set " +
                                             name + " remote");
  }
  return fail(config::errors::invalid, "There is no module " + name + "; there are " + names + ".");
}

}  // namespace

Result<Composition> compose(const Configuration& configuration, const std::vector<std::string>& only) {
  std::vector<ModuleEntry> modules = all_modules(configuration);
  for (const std::string& name : only) {
    if (auto checked = check_wanted(modules, name); !checked) return fail(std::move(checked.error()));
  }
  Composition composition;
  composition.is_main = only.empty();
  for (ModuleEntry& module : modules) {
    const bool is_hosted = composition.is_main ? module.address.placement == Placement::local
                                               : std::find(only.begin(), only.end(), module.spec.name) != only.end();
    const bool is_foreign = module.address.placement == Placement::foreign;
    (is_hosted ? composition.hosted : is_foreign ? composition.foreign : composition.remote).push_back(std::move(module));
  }
  return composition;
}

}  // namespace seamline::app
