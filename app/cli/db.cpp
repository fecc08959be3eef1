#include <cstdio>

#include "base/random.hpp"
#include "cli/commands.hpp"

namespace seamline::app {
namespace {

int rebuild_orders(const ConfigurationSources& sources) {
  const auto configuration = load_configuration(sources);
  if (!configuration) {
    complain(configuration.error());
    return exit_usage;
  }
  store::StoreOptions options;
  options.module = "order";
  options.directory = std::filesystem::path(configuration->data_dir) / options.module;
  options.storage = storage_of(*configuration, options.module);
  options.server = server_limits(*configuration);
  if (options.storage.kind == store::StorageKind::sqlite && !std::filesystem::exists(options.directory / "0.db")) {
    say("seamline: there is no order store in " + options.directory.string() +
        ". Name its data_dir with --set data_dir=… or --config.");
    return exit_failed;
  }
  IdSource ids(Clock::system(), Random::system());
  auto opened = store::Store::open(options, store::all_migrations(), Clock::system(), ids.next());
  if (!opened) {
    complain(opened.error());
    return exit_failed;
  }
  (*opened)->writer().start_thread();
  const auto rebuilt = order::rebuild_read_model(**opened);
  if (!rebuilt) {
    complain(rebuilt.error());
    return exit_failed;
  }
  std::printf("{\"orders\":%lld}\n", static_cast<long long>(*rebuilt));
  return exit_ok;
}

}  // namespace

void add_db(CLI::App& program, Action& chosen) {
  auto* command = program.add_subcommand("db", "Work on the stores of a shop that is not running.");
  command->require_subcommand(1);
  auto* rebuild = command->add_subcommand("rebuild", "Write a read model again from the events.");
  rebuild->require_subcommand(1);
  auto* order = rebuild->add_subcommand("order", "The orders, folded from their events.");
  auto sources = std::make_shared<ConfigurationSources>();
  add_configuration_options(*order, *sources);
  order->callback([&chosen, sources] { chosen = [sources] { return rebuild_orders(*sources); }; });
}

}  // namespace seamline::app
