#include <cstdio>

#include "base/random.hpp"
#include "cli/commands.hpp"
#include "cli/table.hpp"
#include "store/copy.hpp"

namespace seamline::app {
namespace {

bool is_module(std::string_view name) {
  bool found = false;
  for_each_field<StorageSection>([&](const auto& field) { found = found || field.name == name; });
  return found;
}

struct CopyOptions {
  ConfigurationSources sources;
  std::string module;
  std::string target;
  bool as_json = false;
};

/// `sqlite`, or the url of a server.
store::Storage storage_named(const std::string& target) {
  if (target == "sqlite") return {};
  return {store::StorageKind::postgres, target};
}

void print_copied(const std::vector<store::CopiedTable>& tables, bool as_json) {
  Table shown({"TABLE", ">ROWS", "DIGEST"});
  std::string text;
  for (const store::CopiedTable& table : tables) {
    shown.add({table.name, std::to_string(table.rows), to_hex(table.digest).substr(0, 16)});
    text += (text.empty() ? "" : ",") + std::string("{\"table\":\"") + table.name + "\",\"rows\":" + std::to_string(table.rows) +
            ",\"digest\":\"" + to_hex(table.digest) + "\"}";
  }
  if (as_json) {
    std::printf("{\"tables\":[%s]}\n", text.c_str());
  } else {
    std::printf("%s", shown.render().c_str());
  }
}

int copy(const CopyOptions& options) {
  const auto configuration = load_configuration(options.sources);
  if (!configuration) {
    complain(configuration.error());
    return exit_usage;
  }
  if (!is_module(options.module)) {
    say("seamline: there is no module " + options.module + ".");
    return exit_usage;
  }
  const store::DatabaseOptions from = database_options(*configuration, options.module);
  if (from.storage.kind == store::StorageKind::mongodb || options.target.starts_with("mongodb")) {
    say("seamline: rows are copied, and a store on MongoDB has documents. db copy goes between SQLite and PostgreSQL.");
    return exit_usage;
  }
  store::DatabaseOptions to = from;
  to.storage = storage_named(options.target);
  if (from.storage.kind == store::StorageKind::sqlite && !std::filesystem::exists(from.directory / "0.db")) {
    say("seamline: there is no store of " + options.module + " in " + from.directory.string() + ".");
    return exit_failed;
  }
  if (from.storage.kind == to.storage.kind && from.storage.url == to.storage.url) {
    say("seamline: the store of " + options.module + " is there already.");
    return exit_usage;
  }
  try {
    const auto copied =
        store::copy_store(from, to, store::all_migrations(), Clock::system().now(), [](const store::CopiedTable& table) {
          say(table.name + ": " + std::to_string(table.rows) + " rows, the same on both sides");
        });
    if (!copied) {
      complain(copied.error());
      return exit_failed;
    }
    print_copied(*copied, options.as_json);
    say("Copied, and the same. Set storage." + options.module + " to it; what it was copied from is as it was.");
    return exit_ok;
  } catch (const store::StorageError& problem) {
    say(std::string("seamline: ") + problem.what() + ". Nothing was copied; the source is as it was.");
    return exit_failed;
  }
}

void add_copy(CLI::App& command, Action& chosen) {
  auto* copied = command.add_subcommand("copy", "Copy the rows of a module to another database, and compare them there.");
  auto options = std::make_shared<CopyOptions>();
  add_configuration_options(*copied, options->sources);
  copied->add_option("module", options->module, "Whose rows; it must not run.")->required();
  copied->add_option("--to", options->target, "postgres://user@host/database, or sqlite for the file in data_dir.")->required();
  copied->add_flag("--json", options->as_json, "As one JSON object.");
  copied->callback([&chosen, options] { chosen = [options] { return copy(*options); }; });
}

int rebuild_orders(const ConfigurationSources& sources) {
  const auto configuration = load_configuration(sources);
  if (!configuration) {
    complain(configuration.error());
    return exit_usage;
  }
  store::StoreOptions options;
  static_cast<store::DatabaseOptions&>(options) = database_options(*configuration, "order");
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
  add_copy(*command, chosen);
  auto* rebuild = command->add_subcommand("rebuild", "Write a read model again from the events.");
  rebuild->require_subcommand(1);
  auto* order = rebuild->add_subcommand("order", "The orders, folded from their events.");
  auto sources = std::make_shared<ConfigurationSources>();
  add_configuration_options(*order, *sources);
  order->callback([&chosen, sources] { chosen = [sources] { return rebuild_orders(*sources); }; });
}

}  // namespace seamline::app
