#include <unistd.h>

#include <array>
#include <cstdio>

#include "audit/audit.hpp"
#include "base/clock.hpp"
#include "cli/commands.hpp"
#include "cli/table.hpp"

namespace seamline::app {
namespace {

struct AuditOptions {
  ConfigurationSources sources;
  std::string data_dir;
  /// `module=folder`, for stores that are not in data_dir.
  std::vector<std::string> stores;
  std::string history;
  bool as_json = false;
  bool is_live = false;
};

/// Where a module's store is: what --store says, or else the configuration.
audit::Source source_of(const Configuration& configuration, std::string_view module) {
  const store::Storage storage = storage_of(configuration, module);
  switch (storage.kind) {
    case store::StorageKind::sqlite: break;
    case store::StorageKind::postgres: return {audit::Source::Kind::postgres, storage.url, std::string(module)};
    case store::StorageKind::mongodb: return {audit::Source::Kind::mongodb, storage.url, std::string(module)};
  }
  return std::filesystem::path(configuration.data_dir) / module / "0.db";
}

Result<audit::Stores> find_stores(const AuditOptions& options, const Configuration& configuration) {
  audit::Stores stores;
  for (const audit::Owner owner : audit::owners) {
    stores.at(static_cast<std::size_t>(owner)) = source_of(configuration, audit::name_of(owner));
  }
  for (const std::string& store : options.stores) {
    const auto equals = store.find('=');
    const auto* owner = std::find_if(audit::owners.begin(), audit::owners.end(),
                                     [&](audit::Owner one) { return audit::name_of(one) == store.substr(0, equals); });
    if (equals == std::string::npos || owner == audit::owners.end()) {
      return fail(config::errors::invalid,
                  "--store " + store + ": it is MODULE=FOLDER, for example inventory=machine-b/inventory.");
    }
    stores.at(static_cast<std::size_t>(*owner)) = std::filesystem::path(store.substr(equals + 1)) / "0.db";
  }
  return stores;
}

/// Says which file is not there; true where all are.
bool are_there(const audit::Stores& stores) {
  bool all = true;
  for (const audit::Owner owner : audit::owners) {
    const audit::Source& source = stores.at(static_cast<std::size_t>(owner));
    std::error_code ignored;
    if (source.kind != audit::Source::Kind::file || std::filesystem::exists(source.file, ignored)) continue;
    const std::string name(audit::name_of(owner));
    say("seamline: there is no store of " + name + " in " + source.file.parent_path().string() +
        ". Name the folder of all stores with --data-dir or --config, and where that one is elsewhere with --store " + name +
        "=FOLDER.");
    all = false;
  }
  return all;
}

void print_group(const audit::Report& report, std::size_t first, std::size_t last) {
  Table table({"CODE", "HOLDS", "OUTCOME", ">EXAMINED", ">VIOLATIONS", "INVARIANT"});
  for (const audit::Check& check : report.checks) {
    const auto index = static_cast<std::size_t>(check.invariant - audit::invariants.data());
    if (index < first || index >= last) continue;
    table.add({std::string(check.invariant->code), check.invariant->holds == audit::Holds::quiet ? "quiet" : "always",
               std::string(audit::name_of(check.outcome)), std::to_string(check.count.examined),
               std::to_string(check.count.violations), std::string(check.invariant->sentence)});
  }
  std::printf("%s", table.render().c_str());
  for (const audit::Check& check : report.checks) {
    const auto index = static_cast<std::size_t>(check.invariant - audit::invariants.data());
    if (index < first || index >= last || check.count.violations == 0) continue;
    std::printf("\n%s is violated %lld times:\n", std::string(check.invariant->code).c_str(),
                static_cast<long long>(check.count.violations));
    for (const std::string& example : check.count.examples) std::printf("  %s\n", example.c_str());
    const auto more = check.count.violations - static_cast<std::int64_t>(check.count.examples.size());
    if (more > 0) std::printf("  … and %lld more\n", static_cast<long long>(more));
  }
  std::printf("\n");
}

void print(const audit::Report& report, std::int64_t took_ms) {
  for (std::size_t i = 0; i < audit::groups.size(); ++i) {
    const std::size_t first = audit::groups.at(i).first;
    const std::size_t last = i + 1 < audit::groups.size() ? audit::groups.at(i + 1).first : audit::invariants.size();
    const bool has_any = std::any_of(report.checks.begin(), report.checks.end(), [&](const audit::Check& check) {
      const auto index = static_cast<std::size_t>(check.invariant - audit::invariants.data());
      return index >= first && index < last;
    });
    if (!has_any) continue;
    std::printf("%s\n", std::string(audit::groups.at(i).title).c_str());
    print_group(report, first, last);
  }
  std::printf("%lld rows against %zu invariants in %.1f s: %lld hold, %lld had nothing to examine, %lld are violated.\n",
              static_cast<long long>(report.rows_examined()), report.checks.size(), static_cast<double>(took_ms) / 1e3,
              static_cast<long long>(report.count_of(audit::Outcome::holds)),
              static_cast<long long>(report.count_of(audit::Outcome::vacuous)),
              static_cast<long long>(report.count_of(audit::Outcome::violated)));
}

/// One line that is written over and over, on a terminal.
class ProgressLine {
 public:
  ~ProgressLine() {
    if (is_shown_) std::fprintf(stderr, "\r\033[K");
  }
  void show(std::int64_t examined, std::int64_t orders) {
    std::fprintf(stderr, "\r%lld of %lld orders", static_cast<long long>(examined), static_cast<long long>(orders));
    std::fflush(stderr);
    is_shown_ = true;
  }

 private:
  bool is_shown_ = false;
};

Result<audit::Report> audit_with_progress(audit::Options options) {
  ProgressLine line;
  if (::isatty(STDERR_FILENO) == 1) {
    options.progress = [&line](std::int64_t examined, std::int64_t orders) { line.show(examined, orders); };
  }
  return audit::audit(options);
}

int audit_stores(const AuditOptions& options) {
  ConfigurationSources sources = options.sources;
  if (!options.data_dir.empty()) sources.assignments.push_back("data_dir=" + options.data_dir);
  const auto configuration = load_configuration(sources);
  if (!configuration) {
    complain(configuration.error());
    return exit_usage;
  }
  const auto stores = find_stores(options, *configuration);
  if (!stores) {
    complain(stores.error());
    return exit_usage;
  }
  if (!are_there(*stores)) return exit_failed;

  audit::Options wanted;
  wanted.stores = *stores;
  if (!options.history.empty()) wanted.history = options.history;
  wanted.mode = options.is_live ? audit::Mode::live : audit::Mode::quiet;
  const Instant began = Clock::system().monotonic();
  const auto report = audit_with_progress(wanted);
  if (!report) {
    complain(report.error());
    return exit_failed;
  }
  if (options.as_json) {
    std::printf("%s\n", audit::render_json(*report).c_str());
  } else {
    print(*report, began.ms_until(Clock::system().monotonic()));
  }
  return report->is_clean() ? exit_ok : exit_problems_found;
}

}  // namespace

void add_audit(CLI::App& program, Action& chosen) {
  auto* command = program.add_subcommand("audit", "Hold a shop's stores, running or not, against every invariant. Only reads.");
  auto options = std::make_shared<AuditOptions>();
  add_configuration_options(*command, options->sources);
  command->add_option("--data-dir", options->data_dir,
                      "The folder of the modules' stores that are files; else the configuration says it.");
  command->add_option("--store", options->stores,
                      "Where one module's store is instead: MODULE=FOLDER, for example inventory=machine-b/inventory.");
  command->add_option("--history", options->history,
                      "What the clients saw: one JSON object a line, as app/audit/README.md describes.");
  command->add_flag("--live", options->is_live, "The shop is at work: only what holds at any moment counts.");
  command->add_flag("--json", options->as_json, "As one JSON object.");
  command->callback([&chosen, options] { chosen = [options] { return audit_stores(*options); }; });
}

}  // namespace seamline::app
