#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "cli/commands.hpp"
#include "cli/seeding.hpp"
#include "shop_server.hpp"

namespace seamline::app {
namespace {

/// A folder under the system's temporary one that goes when the demo ends.
class TemporaryFolder {
 public:
  TemporaryFolder() : path_((std::filesystem::temp_directory_path() / "seamline-demo-XXXXXX").string()) {
    exists_ = ::mkdtemp(path_.data()) != nullptr;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    if (exists_) std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  bool exists() const { return exists_; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  bool exists_ = false;
};

struct DemoOptions {
  ConfigurationSources sources;
  bool stops_at_once = false;
};

/// Free ports and a folder of its own, unless a flag says otherwise.
ConfigurationSources demo_sources(ConfigurationSources sources, const std::string& folder) {
  std::vector<std::string> assignments{"data_dir=" + folder, "listen=127.0.0.1:0", "admin=127.0.0.1:0", "log.level=warning"};
  assignments.insert(assignments.end(), sources.assignments.begin(), sources.assignments.end());
  sources.assignments = std::move(assignments);
  return sources;
}

void print_welcome(const ShopServer& server, const Seeded& seeded) {
  std::printf(
      "\nSeamline %s runs a shop: %zu users, %zu products, %zu orders.\n\n"
      "  API      %s\n"
      "  Health   %s/health\n"
      "  Metrics  %s/metrics\n\n"
      "Three things to try:\n\n"
      "  curl -s -X POST %s/orders -H 'Content-Type: application/json' -H 'Prefer: wait=5' \\\n"
      "       -d '{\"user_id\":\"%s\",\"items\":[{\"product_id\":\"p1\",\"quantity\":2}]}'\n"
      "  curl -s %s/orders?limit=3\n"
      "  curl -s %s/products/p1\n\n"
      "Ctrl-C ends it and leaves nothing behind.\n",
      std::string(version()).c_str(), seeded.user_ids.size(), seeded.product_ids.size(), seeded.order_ids.size(), server.url().c_str(),
      server.url().c_str(), server.admin_url().c_str(), server.url().c_str(), seeded.user_ids.front().c_str(), server.url().c_str(),
      server.url().c_str());
  std::fflush(stdout);
}

int demo(const DemoOptions& options) {
  const TemporaryFolder folder;
  if (!folder.exists()) {
    say("seamline: cannot make a temporary folder; set TMPDIR to one that can be written.");
    return exit_failed;
  }
  const auto layers = load_layers(demo_sources(options.sources, folder.path()));
  const auto configuration = layers ? read_configuration(*layers) : Result<Configuration>(fail(layers.error()));
  if (!configuration) {
    complain(configuration.error());
    return exit_usage;
  }
  block_stop_signals();
  const auto server = ShopServer::start(*configuration);
  if (!server) {
    complain(server.error());
    return exit_failed;
  }
  ShopAccess access;
  access.url = (*server)->url();
  ApiClient shop(access);
  SeedPlan plan;
  plan.orders = 20;
  const auto seeded = seed_shop(shop, plan);
  if (!seeded) {
    complain(seeded.error());
    return exit_failed;
  }
  print_welcome(**server, *seeded);
  if (!options.stops_at_once) wait_for_stop_signal();
  (*server)->stop();
  return exit_ok;
}

}  // namespace

void add_demo(CLI::App& program, Action& chosen) {
  auto* command = program.add_subcommand("demo", "Run a shop with sample data on free ports, and say what to try.");
  auto options = std::make_shared<DemoOptions>();
  add_configuration_options(*command, options->sources);
  command->add_flag("--once", options->stops_at_once, "Stop as soon as everything is there: to see that it works.");
  command->callback([&chosen, options] { chosen = [options] { return demo(*options); }; });
}

}  // namespace seamline::app
