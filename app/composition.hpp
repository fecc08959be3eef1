#pragma once

#include <vector>

#include "configuration.hpp"
#include "host/module_spec.hpp"

namespace seamline::app {

/// The modules that this process runs, each with its settings: the explicit list, and the only place that decides who is where.
std::vector<host::ModuleSpec> local_modules(const Configuration& configuration);

}  // namespace seamline::app
