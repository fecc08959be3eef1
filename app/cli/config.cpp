#include <cstdio>

#include "cli/commands.hpp"
#include "config/json_schema.hpp"
#include "contract/encode.hpp"

namespace seamline::app {
namespace {

/// Puts a placeholder in the place of each secret that is set: what is shown goes into terminals, tickets and logs.
template <Message T>
void hide_secrets(T& section) {
  for_each_field<T>([&](const auto& field) {
    auto& value = section.*field.member;
    using Value = std::remove_cvref_t<decltype(value)>;
    if constexpr (Message<Value>) {
      hide_secrets(value);
    } else if constexpr (std::is_same_v<Value, Secret>) {
      if (!value.text.empty()) value.text = "(secret)";
    }
  });
}

/// Prints each value with its dotted path and, when wanted, where it was set.
template <Message T>
void print_values(const T& section, const std::string& path, const config::Layers& layers, bool with_origin) {
  for_each_field<T>([&](const auto& field) {
    const std::string name = path.empty() ? std::string(field.name) : path + "." + std::string(field.name);
    const auto& value = section.*field.member;
    if constexpr (Message<std::remove_cvref_t<decltype(value)>>) {
      print_values(value, name, layers, with_origin);
    } else {
      std::string text;
      json::Writer writer(text);
      encode_value(writer, value);
      const std::string origin = with_origin ? "  # " + layers.origin_of(name) : std::string();
      std::printf("%s = %s%s\n", name.c_str(), text.c_str(), origin.c_str());
    }
  });
}

struct ShowOptions {
  ConfigurationSources sources;
  bool with_origin = false;
  bool as_json = false;
};

int show(const ShowOptions& options, bool is_quiet) {
  const auto layers = load_layers(options.sources);
  if (!layers) {
    complain(layers.error());
    return exit_usage;
  }
  auto configuration = read_configuration(*layers);
  if (!configuration) {
    complain(configuration.error());
    return exit_usage;
  }
  hide_secrets(*configuration);
  if (is_quiet) {
    say("The configuration is valid.");
  } else if (options.as_json) {
    std::printf("%s\n", encode(*configuration).c_str());
  } else {
    print_values(*configuration, {}, *layers, options.with_origin);
  }
  return exit_ok;
}

int print_schema() {
  std::printf("%s\n", config::json_schema<Configuration>("Seamline's configuration").c_str());
  return exit_ok;
}

}  // namespace

void add_config(CLI::App& program, Action& chosen) {
  auto* command = program.add_subcommand("config", "Look at the configuration.");
  command->require_subcommand(1);
  auto options = std::make_shared<ShowOptions>();

  auto* shown = command->add_subcommand("show", "Print every value that holds, but of a secret only whether it is set.");
  add_configuration_options(*shown, options->sources);
  shown->add_flag("--origin", options->with_origin, "Say where each was set.");
  shown->add_flag("--json", options->as_json, "As one JSON object.");
  shown->callback([&chosen, options] { chosen = [options] { return show(*options, false); }; });

  auto* validated = command->add_subcommand("validate", "Check it and say what is wrong.");
  add_configuration_options(*validated, options->sources);
  auto* schema = command->add_subcommand("schema", "Print the JSON schema of the configuration file.");
  schema->callback([&chosen] { chosen = print_schema; });

  validated->callback([&chosen, options] { chosen = [options] { return show(*options, true); }; });
}

}  // namespace seamline::app
