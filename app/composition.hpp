#pragma once

#include <string>
#include <vector>

#include "configuration.hpp"
#include "host/module_spec.hpp"

namespace seamline::app {

/// One module of the shop: how it is made or reached, and where.
struct ModuleEntry {
  host::ModuleSpec spec;
  ModuleAddress address;
};

/// Which modules one process hosts, and which it reaches elsewhere.
struct Composition {
  /// The main process has the gateway, and hosts every module that is placed locally. Others host remote modules alone.
  bool is_main = true;
  std::vector<ModuleEntry> hosted;
  std::vector<ModuleEntry> remote;
  /// Those that somebody else stands in for.
  std::vector<ModuleEntry> foreign;

  /// Whether other processes must be able to reach the modules here.
  bool needs_service_listeners() const { return !is_main || !remote.empty(); }
};

/// The composition of the main process, or of one that hosts just the modules `only`.
/// Errors: config.invalid for a name that no module has, and for a module that the main process hosts.
Result<Composition> compose(const Configuration& configuration, const std::vector<std::string>& only);

}  // namespace seamline::app
