#include <algorithm>
#include <cstdio>

#include "base/json.hpp"
#include "checkup.hpp"
#include "cli/commands.hpp"
#include "cli/table.hpp"

namespace seamline::app {
namespace {

struct DoctorOptions {
  ConfigurationSources sources;
  std::int64_t timeout_ms = 2'000;
  bool as_json = false;
};

void print_json(const std::vector<Checkup>& checkups) {
  std::string text;
  json::Writer writer(text);
  writer.begin_object();
  writer.key("items");
  writer.begin_array();
  for (const Checkup& checkup : checkups) {
    writer.begin_object();
    writer.member("system", checkup.system);
    writer.member("where", checkup.where);
    writer.member("verdict", name_of(checkup.verdict));
    writer.member("version", checkup.version);
    writer.key("latency_us");
    checkup.latency_us ? writer.integer(*checkup.latency_us) : writer.null();
    writer.member("detail", checkup.detail);
    writer.member("fix", checkup.fix);
    writer.end_object();
  }
  writer.end_array();
  writer.end_object();
  std::printf("%s\n", text.c_str());
}

std::string milliseconds(const std::optional<std::int64_t>& latency_us) {
  if (!latency_us) return "-";
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%.1f ms", static_cast<double>(*latency_us) / 1e3);
  return text.data();
}

void print_table(const std::vector<Checkup>& checkups) {
  Table table({"SYSTEM", "WHERE", "VERDICT", "VERSION", ">LATENCY"});
  for (const Checkup& checkup : checkups) {
    table.add({checkup.system, checkup.where, std::string(name_of(checkup.verdict)),
               checkup.version.empty() ? "-" : checkup.version, milliseconds(checkup.latency_us)});
  }
  std::fputs(table.render().c_str(), stdout);
  for (const Checkup& checkup : checkups) {
    if (checkup.detail.empty()) continue;
    std::printf("\n%s: %s\n", checkup.system.c_str(), checkup.detail.c_str());
    if (!checkup.fix.empty()) std::printf("  %s\n", checkup.fix.c_str());
  }
}

int examine(const DoctorOptions& options) {
  auto configuration = load_configuration(options.sources);
  if (!configuration) {
    complain(configuration.error());
    return exit_usage;
  }
  read_secrets(*configuration);
  const std::vector<Checkup> checkups = check_up(*configuration, options.timeout_ms);
  options.as_json ? print_json(checkups) : print_table(checkups);
  const bool has_failed = std::any_of(checkups.begin(), checkups.end(),
                                      [](const Checkup& checkup) { return checkup.verdict == Checkup::Verdict::failed; });
  return has_failed ? exit_problems_found : exit_ok;
}

}  // namespace

void add_doctor(CLI::App& program, Action& chosen) {
  auto* command = program.add_subcommand("doctor", "Look at everything outside the process that the configuration names.");
  auto options = std::make_shared<DoctorOptions>();
  add_configuration_options(*command, options->sources);
  command->add_option("--timeout-ms", options->timeout_ms, "How long each may take to answer.")->check(CLI::Range(100, 60'000));
  command->add_flag("--json", options->as_json, "As JSON.");
  command->callback([&chosen, options] { chosen = [options] { return examine(*options); }; });
}

}  // namespace seamline::app
