#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>

#include "cli/api_client.hpp"
#include "cli/command_line.hpp"
#include "cli/shop_report.hpp"
#include "configuration.hpp"

namespace seamline::app {

/// What a command does once the arguments are read. Returns an ExitCode.
using Action = std::function<int()>;

/// Each adds one command to the program; when the arguments name it, `chosen` becomes what it does.
void add_serve(CLI::App& program, Action& chosen);
void add_demo(CLI::App& program, Action& chosen);
void add_seed(CLI::App& program, Action& chosen);
void add_load(CLI::App& program, Action& chosen);
void add_config(CLI::App& program, Action& chosen);
void add_db(CLI::App& program, Action& chosen);
void add_module(CLI::App& program, Action& chosen);
void add_advise(CLI::App& program, Action& chosen);
void add_audit(CLI::App& program, Action& chosen);
void add_doctor(CLI::App& program, Action& chosen);

/// Adds --config and --set to a command that reads the configuration; both live in `sources`, which outlives the program.
void add_configuration_options(CLI::App& command, ConfigurationSources& sources);

/// Adds --url and --password-file to a command that talks to a running shop; `access` outlives the program.
void add_access_options(CLI::App& command, ShopAccess& access);

/// Adds --admin, --config and --set to a command that asks a running shop's processes; `access` outlives the program.
void add_admin_options(CLI::App& command, AdminAccess& access);

/// One line on standard error.
void say(const std::string& message);
/// An error on standard error: what happened, and its code.
void complain(const Error& error);

/// Waits for SIGINT or SIGTERM, blocked in all threads by block_stop_signals() before any was started. A second one ends
/// the process at once.
void block_stop_signals();
void wait_for_stop_signal();
/// Waits for one for at most `timeout_ms`; returns whether it came. A second one then ends the process at once, too.
bool stop_signal_comes(std::int64_t timeout_ms);

}  // namespace seamline::app
