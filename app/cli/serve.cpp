#include <cstdlib>
#include <fstream>
#include <unistd.h>

#include "cli/commands.hpp"
#include "observe/log.hpp"
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

int serve(const ConfigurationSources& sources) {
  auto configuration = load_configuration(sources);
  if (!configuration) {
    complain(configuration.error());
    return exit_usage;
  }
  if (const char* password = std::getenv("SEAMLINE_ADMIN_PASSWORD")) configuration->modules.user.admin_password.text = password;
  configuration->modules.user.on_admin_made = announce_admin;
  observe::set_log_level(std::string(name_of(configuration->log.level)));
  block_stop_signals();
  const auto server = ShopServer::start(*configuration);
  if (!server) {
    complain(server.error());
    return exit_failed;
  }
  say("seamline " + std::string(version()) + " is ready: " + (*server)->url() + "  (admin " + (*server)->admin_url() + ")");
  wait_for_stop_signal();
  say("stopping: requests under way end first; once more to stop at once");
  (*server)->stop();
  return exit_ok;
}

}  // namespace

void add_serve(CLI::App& program, Action& chosen) {
  auto* command = program.add_subcommand("serve", "Run the shop.");
  auto sources = std::make_shared<ConfigurationSources>();
  add_configuration_options(*command, *sources);
  command->callback([&chosen, sources] { chosen = [sources] { return serve(*sources); }; });
}

}  // namespace seamline::app
