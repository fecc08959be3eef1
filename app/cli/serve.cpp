#include <fstream>
#include <optional>
#include <unistd.h>

#include "cli/commands.hpp"
#include "documents.hpp"
#include "observe/log.hpp"
#include "service_processes.hpp"
#include "shop_server.hpp"

namespace seamline::app {
namespace {

/// The password is shown to a person at a terminal, once; a log only hears where it is.
void announce_admin(std::string_view email, const std::filesystem::path& password_file) {
  std::string password;
  if (::isatty(STDERR_FILENO) == 1) {
    std::ifstream file(password_file);
    std::getline(file, password);
  }
  say("made the administrator " + std::string(email) + (password.empty() ? std::string() : ", password " + password) +
      "; the password is in " + password_file.string());
}

struct ServeOptions {
  ConfigurationSources sources;
  std::vector<std::string> modules;
  bool is_split = false;
};

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

/// Waits until every module elsewhere has answered, says so, and waits to be stopped.
void run_until_stopped(const ShopServer& server, const std::string& name) {
  if (!server.is_ready()) say(name + " listens at " + server.url() + " and waits for the modules elsewhere");
  while (!server.is_ready()) {
    if (stop_signal_comes(10)) return;
  }
  say(name + " is ready: " + server.url() + "  (admin " + server.admin_url() + ")");
  wait_for_stop_signal();
}

int serve(const ServeOptions& options) {
  auto configuration = load_configuration(options.sources);
  if (!configuration) {
    complain(configuration.error());
    return exit_usage;
  }
  read_secrets(*configuration);
  configuration->modules.user.on_admin_made = announce_admin;
  observe::set_log_level(std::string(name_of(configuration->log.level)));
  block_stop_signals();
  std::optional<ServiceProcesses> services;
  if (options.is_split) services.emplace(*configuration, options.sources);
  const auto server = ShopServer::start(*configuration, options.modules);
  if (!server) {
    complain(server.error());
    return server.error().code.starts_with("config.") ? exit_usage : exit_failed;
  }
  run_until_stopped(**server,
                    "seamline " + std::string(version()) + (options.modules.empty() ? "" : " (" + joined(options.modules) + ")"));
  const std::string failure = services ? services->failure() : std::string();
  say(failure.empty() ? "stopping: requests under way end first; once more to stop at once" : "seamline: " + failure);
  (*server)->stop();
  return failure.empty() ? exit_ok : exit_failed;
}

}  // namespace

void add_serve(CLI::App& program, Action& chosen) {
  auto* command = program.add_subcommand("serve", "Run the shop, or one of its modules as a service.");
  auto options = std::make_shared<ServeOptions>();
  add_configuration_options(*command, options->sources);
  auto* module = command->add_option("--module", options->modules,
                                     "Host this remote module alone, as a service at its url. May be given several times.");
  command
      ->add_flag("--split", options->is_split, "Start and supervise the services of all remote modules as well, on this machine.")
      ->excludes(module);
  command->callback([&chosen, options] { chosen = [options] { return serve(*options); }; });
}

}  // namespace seamline::app
