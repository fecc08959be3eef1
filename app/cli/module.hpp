#pragma once

#include "cli/commands.hpp"

namespace seamline::app {

/// Each adds one command to `seamline module`.
void add_module_list(CLI::App& module, Action& chosen);
void add_module_set(CLI::App& module, Action& chosen);

}  // namespace seamline::app
