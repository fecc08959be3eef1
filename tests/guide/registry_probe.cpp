#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "http/server.hpp"
#include "registry/registry.hpp"

/// Plays a service and its caller against the registry at CONSUL_HTTP_ADDR, a real agent or the embedded one. Standard input
/// says what to do, one word a line, and each is answered with a line: `where` (where the service is now), `sick`, `well`
/// (what its readiness answers from now on), `stop` (deregisters).
int main() {
  using namespace seamline;
  const char* address = std::getenv("CONSUL_HTTP_ADDR");
  std::atomic<int> status{200};
  const auto server = http::Server::start({}, [&status](const http::Request&) {
    http::Response response;
    response.status = status.load();
    return response;
  });
  if (!server || !address) return 2;
  registry::RegistrySettings settings;
  settings.kind = registry::RegistryKind::consul;
  settings.url = std::string(address).starts_with("http://") ? address : "http://" + std::string(address);
  settings.check_interval_ms = 1'000;
  settings.announce_interval_ms = 100;
  settings.hold_ms = 0;
  const auto registry = registry::Registry::start(settings, false, Clock::system(), Random::system());
  if (!registry) return 2;
  const std::string url = "http://127.0.0.1:" + std::to_string((*server)->port());
  if (!(*registry)->announce({"probe-1", "probe", url, {{"seamline_epoch", "1"}}})) return 2;
  const auto caller = registry::Registry::start(settings, false, Clock::system(), Random::system());
  const auto endpoints = (*caller)->endpoints("probe", "nowhere");

  char line[64];
  while (std::fgets(line, sizeof line, stdin)) {
    const std::string word(line);
    if (word == "sick\n") status = 503;
    if (word == "well\n") status = 200;
    if (word == "stop\n") (*registry)->stop();
    const std::string found = endpoints->choose().value_or("nowhere");
    std::printf("%s\n", found == url ? "here" : found.c_str());
    std::fflush(stdout);
  }
  return 0;
}
