#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "cli/commands.hpp"
#include "documents.hpp"
#include "cli/seeding.hpp"
#include "service_processes.hpp"
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
  bool is_split = false;
  std::vector<std::string> apart;
};

/// The shop of the demo, with its services where it is split.
struct RunningDemo {
  std::unique_ptr<ServiceProcesses> services;
  std::unique_ptr<ShopServer> server;
};

/// Two ports and a folder of its own, unless a flag says otherwise.
ConfigurationSources demo_sources(ConfigurationSources sources, const std::string& folder, int port, int admin_port) {
  std::vector<std::string> assignments{"data_dir=" + folder, "listen=127.0.0.1:" + std::to_string(port),
                                       "admin=127.0.0.1:" + std::to_string(admin_port), "log.level=warning"};
  assignments.insert(assignments.end(), sources.assignments.begin(), sources.assignments.end());
  sources.assignments = std::move(assignments);
  return sources;
}

Result<RunningDemo> start(const ConfigurationSources& sources, bool is_split, const std::string& admin_password) {
  auto configuration = load_configuration(sources);
  if (!configuration) return fail(std::move(configuration.error()));
  read_secrets(*configuration);
  configuration->modules.user.admin_password.text = admin_password;
  RunningDemo demo;
  if (is_split) {
    demo.services = std::make_unique<ServiceProcesses>(
        *configuration, sources, std::map<std::string, std::string>{{"SEAMLINE_ADMIN_PASSWORD", admin_password}});
  }
  auto server = ShopServer::start(*configuration);
  if (!server) return fail(std::move(server.error()));
  demo.server = std::move(*server);
  while (!demo.server->is_ready()) {
    if (!stop_signal_comes(5)) continue;
    const std::string failure = demo.services ? demo.services->failure() : std::string();
    return fail(ErrorCode{"demo.stopped", Kind::unavailable}, failure.empty() ? "Stopped before it was ready." : failure);
  }
  return demo;
}

/// On the usual ports, or on any free ones where those are taken.
Result<RunningDemo> start_anywhere(const DemoOptions& options, const std::string& folder, const std::string& admin_password) {
  ConfigurationSources sources = options.sources;
  if (options.is_split) {
    std::vector<std::string> assignments;
    if (auto placed = place_apart(assignments, options.apart); !placed) return fail(std::move(placed.error()));
    sources.assignments.insert(sources.assignments.begin(), assignments.begin(), assignments.end());
  }
  auto demo = start(demo_sources(sources, folder, 8080, 8081), options.is_split, admin_password);
  if (demo || demo.error().code != "http.cannot_listen") return demo;
  return start(demo_sources(sources, folder, 0, 0), options.is_split, admin_password);
}

void print_welcome(const ShopServer& server, const Seeded& seeded) {
  const std::string url = server.url();
  std::string text = "\nSeamline " + std::string(version()) + " runs a shop: " + std::to_string(seeded.user_ids.size()) +
                     " users, " + std::to_string(seeded.product_ids.size()) + " products, " +
                     std::to_string(seeded.order_ids.size()) + " orders.\n\n";
  text += "  API      " + url + "\n  Health   " + url + "/health\n  Metrics  " + server.admin_url() + "/metrics\n\n";
  text += "Three things to try, in another terminal:\n\n";
  text += "  TOKEN=$(curl -s " + url + "/oauth/token -d grant_type=password -d username=" + seeded_email(1) +
          " -d 'password=" + std::string(seeded_password) +
          "' \\\n          | sed 's/.*\"access_token\":\"\\([^\"]*\\)\".*/\\1/')\n";
  text += "  curl -s " + url +
          "/orders -H \"Authorization: Bearer $TOKEN\" -H 'Content-Type: application/json' -H 'Prefer: wait=5' \\\n"
          "       -d '{\"items\":[{\"product_id\":\"p1\",\"quantity\":2}]}'\n";
  text += "  curl -s " + url + "/products/p1\n\n";
  text += "Ctrl-C ends it and leaves nothing behind.\n";
  std::fputs(text.c_str(), stdout);
  std::fflush(stdout);
}

int demo(const DemoOptions& options) {
  const TemporaryFolder folder;
  if (!folder.exists()) {
    say("seamline: cannot make a temporary folder; set TMPDIR to one that can be written.");
    return exit_failed;
  }
  block_stop_signals();
  ShopAccess access;
  access.admin_password = std::to_string(Random::system().next_u64());
  const auto running = start_anywhere(options, folder.path(), access.admin_password);
  if (!running) {
    complain(running.error());
    return running.error().code.starts_with("config.") ? exit_usage : exit_failed;
  }
  ShopServer& server = *running->server;
  access.url = server.url();
  ApiClient shop(access);
  SeedPlan plan;
  plan.orders = 20;
  const auto logged_in = shop.log_in();
  const auto seeded = logged_in ? seed_shop(shop, plan) : Result<Seeded>(fail(logged_in.error()));
  if (!seeded) {
    complain(seeded.error());
    return exit_failed;
  }
  print_welcome(server, *seeded);
  if (!options.stops_at_once) wait_for_stop_signal();
  server.stop();
  return exit_ok;
}

}  // namespace

void add_demo(CLI::App& program, Action& chosen) {
  auto* command = program.add_subcommand("demo", "Run a shop with sample data on free ports, and say what to try.");
  auto options = std::make_shared<DemoOptions>();
  add_configuration_options(*command, options->sources);
  command->add_flag("--once", options->stops_at_once, "Stop as soon as everything is there: to see that it works.");
  auto* split = command->add_option("--split", options->apart,
                                    "Run these modules as services of their own, or all where none is named: --split payment");
  split->expected(0, -1);
  command->callback([&chosen, options, split] {
    options->is_split = split->count() > 0;
    std::erase(options->apart, std::string());  // what stands for "none was named"
    chosen = [options] { return demo(*options); };
  });
}

}  // namespace seamline::app
