#include "cli/shop_report.hpp"

#include <fstream>
#include <set>

#include "cli/command_line.hpp"
#include "contract/decode.hpp"
#include "http/client.hpp"
#include "http/problem.hpp"
#include "report_merge.hpp"

namespace seamline::app {
namespace {

constexpr ErrorCode unreachable{"shop.unreachable", Kind::unavailable};
constexpr ErrorCode unreadable{"report.unreadable", Kind::unavailable};

Result<std::string> admin_url(const Configuration& configuration, const std::string& chosen) {
  if (!chosen.empty()) return chosen.starts_with("http://") ? chosen : "http://" + chosen;
  const auto address = parse_address("admin", configuration.admin);
  if (!address) return fail(address.error());
  if (address->port == 0) {
    return fail(config::errors::invalid,
                "admin takes a free port. Name the one that it took with --admin: `seamline serve` says it at its start.");
  }
  return address->url();
}

Result<host::Report> fetch(const std::string& url) {
  http::Client client(url, {.time = {.connect_ms = 1'000, .first_byte_ms = 5'000, .total_ms = 10'000}});
  const auto response = client.send({"GET", "/modules", {}, {}, {}});
  if (!response) return fail(unreachable, response.error().detail);
  if (response->status != 200) return fail(http::read_problem(*response));
  auto report = decode<host::Report>(response->body, Reading::lenient);
  if (!report) {
    return fail(unreadable, "What answers at " + url +
                                " is no admin listener of a shop, or one of another version: " + report.error().detail);
  }
  return report;
}

/// Where a service's own admin listener is: as it wrote it down, or as it is configured where its data_dir is not ours; empty
/// where it takes a free port there.
std::string admin_of_service(const Configuration& configuration, const std::string& module) {
  std::ifstream file(std::filesystem::path(configuration.data_dir) / module / "admin");
  std::string address;
  if (file >> address) return address.starts_with("http://") ? address : "http://" + address;
  for_each_field<ModulesSection>([&](const auto& section) {
    if (section.name != module) return;
    const auto configured = parse_address("admin", (configuration.modules.*section.member).admin);
    if (configured && configured->port != 0) address = configured->url();
  });
  return address;
}

void add_services(ShopReport& shop, const Configuration& configuration) {
  std::set<std::string> asked;
  const std::vector<host::ModuleReport> modules = shop.report.modules;
  for (const host::ModuleReport& module : modules) {
    if (module.placement != "remote") continue;
    const std::string url = admin_of_service(configuration, module.module);
    if (url.empty()) {
      shop.missing.push_back("The service " + module.module + " has written no " + configuration.data_dir + "/" + module.module +
                             "/admin, and modules." + module.module + ".admin names no port: its own figures are missing.");
    } else if (asked.insert(url).second) {
      const auto service = fetch(url);
      if (service) {
        add_service(shop.report, *service);
      } else {
        shop.missing.push_back("The service " + module.module + " does not answer at " + url + ": its own figures are missing.");
      }
    }
  }
}

}  // namespace

Result<ShopReport> read_shop_report(const AdminAccess& access) {
  const auto configuration = load_configuration(access.sources);
  if (!configuration) return fail(configuration.error());
  const auto url = admin_url(*configuration, access.admin);
  if (!url) return fail(url.error());
  auto main = fetch(*url);
  if (!main && main.error().code == unreachable.code) {
    return fail(unreachable, "No shop answers at " + *url +
                                 ", its admin listener. Start it with `seamline serve`, or name another with --admin URL.");
  }
  if (!main) return fail(std::move(main.error()));
  ShopReport shop{std::move(*main), {}};
  add_services(shop, *configuration);
  complete_lags(shop.report);
  return shop;
}

int exit_code_of(const Error& error) {
  if (error.code == unreachable.code) return exit_unreachable;
  return error.code.starts_with("config.") ? exit_usage : exit_failed;
}

}  // namespace seamline::app
