#include "cli/commands.hpp"
#include "observe/log.hpp"
#include "shop_server.hpp"

namespace seamline::app {
namespace {

int serve(const ConfigurationSources& sources) {
  const auto layers = load_layers(sources);
  if (!layers) {
    complain(layers.error());
    return exit_usage;
  }
  const auto configuration = read_configuration(*layers);
  if (!configuration) {
    complain(configuration.error());
    return exit_usage;
  }
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
