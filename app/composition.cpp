#include "composition.hpp"

namespace seamline::app {

std::vector<host::ModuleSpec> local_modules(const Configuration& configuration) {
  const ModulesSection& modules = configuration.modules;
  return {user::module(modules.user), inventory::module(modules.inventory), payment::module(modules.payment),
          order::module(modules.order)};
}

}  // namespace seamline::app
