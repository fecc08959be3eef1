#include "cli/command_line.hpp"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <pthread.h>
#include <fstream>
#include <thread>

#include "cli/commands.hpp"
#include "documents.hpp"
#include "shop_server.hpp"

namespace seamline::app {
namespace {

sigset_t stop_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  return signals;
}

}  // namespace

int run_command_line(int count, char** arguments) {
  std::signal(SIGPIPE, SIG_IGN);
  CLI::App program(
      "Seamline: a single-binary modular monolith with extraction seams.\n"
      "Start with:  seamline demo",
      "seamline");
  program.set_version_flag("--version", "seamline " + std::string(version()));
  program.require_subcommand(1);
  program.failure_message(CLI::FailureMessage::help);
  Action chosen;
  for (const auto add :
       {add_serve, add_demo, add_seed, add_load, add_config, add_db, add_module, add_advise, add_audit, add_doctor})
    add(program, chosen);
  try {
    program.parse(count, arguments);
  } catch (const CLI::ParseError& problem) {
    return program.exit(problem) == 0 ? exit_ok : exit_usage;
  }
  return chosen();
}

void add_configuration_options(CLI::App& command, ConfigurationSources& sources) {
  command.add_option("--config", sources.file, "The configuration file (JSON, comments allowed).");
  command.add_option("--set", sources.assignments,
                     "One value: key=value, for example listen=127.0.0.1:9000. Beats file and environment.");
}

void add_access_options(CLI::App& command, ShopAccess& access) {
  if (const char* password = std::getenv("SEAMLINE_ADMIN_PASSWORD")) access.admin_password = password;
  command.add_option("--url", access.url, "Where the shop is.")->capture_default_str();
  command.add_option_function<std::string>(
      "--password-file",
      [&access](const std::string& path) {
        std::ifstream file(path);
        if (!std::getline(file, access.admin_password)) throw CLI::ValidationError("--password-file", "cannot read " + path);
      },
      "A file with the password of the shop's admin. Else SEAMLINE_ADMIN_PASSWORD counts; without either nobody logs in.");
}

void add_admin_options(CLI::App& command, AdminAccess& access) {
  add_configuration_options(command, access.sources);
  command.add_option("--admin", access.admin, "Where the admin listener of the main process is; else the configuration says it.");
}

void say(const std::string& message) { std::fprintf(stderr, "%s\n", message.c_str()); }

void complain(const Error& error) { std::fprintf(stderr, "seamline: %s [%s]\n", error.detail.c_str(), error.code.c_str()); }

void block_stop_signals() {
  const sigset_t signals = stop_signals();
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

bool stop_signal_comes(std::int64_t timeout_ms) {
  const sigset_t signals = stop_signals();
  const timespec timeout{timeout_ms / 1000, timeout_ms % 1000 * 1'000'000};
  if (::sigtimedwait(&signals, nullptr, &timeout) < 0) return false;
  // Whoever is in a hurry sends it again.
  std::thread([signals] {
    int again = 0;
    ::sigwait(&signals, &again);
    std::_Exit(128 + again);
  }).detach();
  return true;
}

void wait_for_stop_signal() {
  constexpr std::int64_t an_hour_ms = 3'600'000;
  while (!stop_signal_comes(an_hour_ms)) {
  }
}

}  // namespace seamline::app
