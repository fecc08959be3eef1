#include "cli/module.hpp"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "config_edit.hpp"
#include "replace_file.hpp"
#include "unified_diff.hpp"

namespace seamline::app {
namespace {

constexpr std::string_view remote = "remote";

struct SetOptions {
  std::string module;
  std::string placement;
  std::string url;
  std::string file;
  bool is_dry_run = false;
};

Error invalid(std::string detail) { return fail(config::errors::invalid, std::move(detail)).value(); }

/// Errors: config.unknown_key, with the module that was meant.
Result<void> check_module(const std::string& module) {
  const config::Key all{"", "", json::Type::object, config::keys_of<ModulesSection>()};
  if (module.find('.') == std::string::npos && all.find(module) != nullptr) return {};
  std::string detail = "There is no module \"" + module + "\".";
  if (const std::string nearest = all.nearest_child(module); !nearest.empty()) {
    detail += " Did you mean \"" + nearest + "\"?";
  } else {
    detail += " The modules are:";
    for (const config::Key& child : all.children) detail += " " + child.name;
    detail += ".";
  }
  return fail(config::errors::unknown_key, std::move(detail));
}

Result<std::string> read_file(const std::string& path) {
  if (path.empty()) {
    return fail(invalid("Name the file to edit with --config, for example --config config/monolith.json."));
  }
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (!file || !(text << file.rdbuf())) {
    return fail(config::errors::unreadable,
                "Cannot read the configuration file " + path + ". Does it exist, and may you read it?");
  }
  return text.str();
}

/// What a text of that file would configure by itself.
Result<config::Layers> layers_of(const std::string& path, const std::string& text) {
  config::Layers layers(config::keys_of<Configuration>());
  if (auto added = layers.add_text(path, text); !added) return fail(std::move(added.error()));
  return layers;
}

/// Where the module is and is reached, as a configuration says it.
struct Where {
  Placement placement = Placement::local;
  std::string url;
};

Where where_is(const Configuration& configuration, const std::string& module) {
  Where where;
  for_each_field<ModulesSection>([&](const auto& field) {
    if (field.name != module) return;
    const auto& section = configuration.modules.*field.member;
    where = {section.placement, section.url};
  });
  return where;
}

/// The file with what is to be set; the same text where that is how it is.
Result<std::string> edit(const SetOptions& options, const std::string& text, const Where& now) {
  Result<std::string> edited = text;
  const auto set = [&](std::string_view member, const std::string& value) {
    const std::array<std::string_view, 3> path{"modules", options.module, member};
    edited = set_text_member(*edited, path, value);
  };
  if (name_of(now.placement) != options.placement) set("placement", options.placement);
  if (edited && !options.url.empty() && now.url != options.url) set("url", options.url);
  return edited;
}

void say_what_follows(const SetOptions& options) {
  for (const std::string_view member : {"PLACEMENT", "URL"}) {
    std::string variable = std::string(environment_prefix) + "MODULES__" + options.module + "__" + std::string(member);
    for (char& letter : variable) letter = letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 'a' + 'A') : letter;
    if (std::getenv(variable.c_str()) != nullptr) say("Note: the environment variable " + variable + " beats the file.");
  }
  if (options.is_dry_run) {
    say("Nothing was written (--dry-run).");
  } else if (options.placement == remote) {
    say("Next: stop the main process; then start the service and the main process:\n  seamline serve --module " + options.module +
        " --config " + options.file + "\n  seamline serve --config " + options.file);
  } else {
    say("Next: stop the service and the main process; then start the main process, which runs " + options.module +
        " again:\n  seamline serve --config " + options.file);
  }
}

Result<void> set(const SetOptions& options) {
  if (auto known = check_module(options.module); !known) return known;
  const auto text = read_file(options.file);
  if (!text) return fail(text.error());
  const auto layers = layers_of(options.file, *text);
  if (!layers) return fail(layers.error());
  // Not checked as a whole: what is wrong with it may be just what is to be set.
  const auto before = config::read<Configuration>(*layers);
  if (!before) return fail(before.error());
  const auto edited = edit(options, *text, where_is(*before, options.module));
  if (!edited) return fail(edited.error());
  if (*edited == *text) {
    say(options.module + " is " + options.placement + (options.url.empty() ? "" : " at " + options.url) + " already in " +
        options.file + ". Nothing was changed.");
    return {};
  }
  const auto after = layers_of(options.file, *edited).and_then([](const config::Layers& set) { return read_configuration(set); });
  if (!after) {
    return fail(invalid("The result would be no valid configuration, and was not written: " + after.error().detail));
  }
  std::printf("%s", unified_diff(options.file, *text, *edited).c_str());
  std::fflush(stdout);
  if (!options.is_dry_run) {
    if (auto written = replace_file(options.file, *edited); !written) return written;
  }
  say_what_follows(options);
  return {};
}

int run_set(const SetOptions& options) {
  const auto done = set(options);
  if (done) return exit_ok;
  complain(done.error());
  return done.error().code.starts_with("config.") ? exit_usage : exit_failed;
}

}  // namespace

void add_module_set(CLI::App& module, Action& chosen) {
  auto* command = module.add_subcommand("set", "Say in the configuration file where a module runs; all else in it stays.");
  auto options = std::make_shared<SetOptions>();
  command->add_option("module", options->module, "Which module.")->required();
  command->add_option("placement", options->placement, "local: in the main process. remote: a process of its own.")
      ->required()
      ->check(CLI::IsMember({"local", "remote"}));
  command->add_option("--url", options->url, "Where the module is reached, for example http://127.0.0.1:8103.");
  command->add_option("--config", options->file, "The configuration file.");
  command->add_flag("--dry-run", options->is_dry_run, "Show what would change, and write nothing.");
  command->callback([&chosen, options] { chosen = [options] { return run_set(*options); }; });
}

void add_module(CLI::App& program, Action& chosen) {
  auto* command = program.add_subcommand("module", "See where modules run, and change it.");
  command->require_subcommand(1);
  add_module_list(*command, chosen);
  add_module_set(*command, chosen);
}

}  // namespace seamline::app
