#pragma once

namespace seamline::app {

/// Exit codes of every command.
enum ExitCode : int { exit_ok = 0, exit_failed = 1, exit_usage = 2, exit_problems_found = 3, exit_unreachable = 4 };

/// Runs the command that the arguments name. Data goes to standard output, messages to standard error.
int run_command_line(int count, char** arguments);

}  // namespace seamline::app
