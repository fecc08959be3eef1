#include "registry/registry.hpp"

#include <atomic>

#include "http/client.hpp"
#include "http/server.hpp"
#include "support/catch.hpp"
#include "support/poll.hpp"

using namespace seamline;
using namespace seamline::test;
using registry::Announced;
using registry::Registry;
using registry::RegistryKind;
using registry::RegistrySettings;

namespace {

/// A service whose readiness the test decides.
class Service {
 public:
  Service() {
    server_ = http::Server::start({}, [this](const http::Request& request) {
                http::Response response;
                response.status = request.path == "/readyz" ? status.load() : 404;
                return response;
              }).value();
  }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(server_->port()); }

  std::atomic<int> status{200};

 private:
  std::unique_ptr<http::Server> server_;
};

RegistrySettings embedded_at(const std::string& listen) {
  RegistrySettings settings;
  settings.kind = RegistryKind::embedded;
  settings.listen = listen;
  settings.check_interval_ms = 1'000;
  settings.announce_interval_ms = 20;
  settings.wait_ms = 100;
  settings.hold_ms = 0;
  return settings;
}

std::unique_ptr<Registry> start(const RegistrySettings& settings, bool main_process) {
  auto started = Registry::start(settings, main_process, Clock::system(), Random::system());
  if (!started) FAIL(started.error().detail);
  return std::move(*started);
}

}  // namespace

TEST_CASE("an instance that is announced is checked and found, leaves while it is not ready, and is gone when it stops") {
  Service service;
  auto main = start(embedded_at("127.0.0.1:0"), true);
  RegistrySettings settings = embedded_at("127.0.0.1:0");
  settings.url = main->url();
  auto other = start(settings, false);
  REQUIRE(other->announce({"payment-1", "payment-service", service.url(), {{"seamline_epoch", "1"}}}));
  const auto endpoints = main->endpoints("payment-service", "http://configured:1");
  const auto goes_to = [&](const std::string& url) { return poll_until([&] { return endpoints->choose().value() == url; }); };
  CHECK(goes_to(service.url()));
  service.status = 503;
  CHECK(goes_to("http://configured:1"));
  service.status = 200;
  CHECK(goes_to(service.url()));
  other->stop();
  CHECK(goes_to("http://configured:1"));
  CHECK(main->endpoints("payment-service", "http://configured:1") == endpoints);
}

TEST_CASE("instances register again by themselves with a registry that was restarted") {
  Service service;
  auto main = start(embedded_at("127.0.0.1:0"), true);
  RegistrySettings settings = embedded_at("127.0.0.1:0");
  settings.url = main->url();
  auto other = start(settings, false);
  REQUIRE(other->announce({"payment-1", "payment-service", service.url(), {}}));
  const auto endpoints = other->endpoints("payment-service", "http://configured:1");
  CHECK(poll_until([&] { return endpoints->choose().value() == service.url(); }));
  const std::string listen = main->url().substr(std::string("http://").size());
  main.reset();
  main = start(embedded_at(listen), true);
  const auto found = main->endpoints("payment-service", "http://configured:1");
  CHECK(poll_until([&] { return found->choose().value() == service.url(); }));
  CHECK(poll_until([&] { return endpoints->choose().value() == service.url(); }));
}

TEST_CASE("with the static kind modules are where the configuration says, and nothing listens") {
  const auto registry = start(RegistrySettings(), true);
  CHECK(registry->announce({"a", "a", "no url", {}}));
  const auto endpoints = registry->endpoints("a", "http://configured:1");
  CHECK(endpoints->choose().value() == "http://configured:1");
}

TEST_CASE("the embedded registry listens off loopback only with a token") {
  const auto open = Registry::start(embedded_at("0.0.0.0:0"), true, Clock::system(), Random::system());
  REQUIRE(!open);
  CHECK(open.error().code == "registry.invalid");
  RegistrySettings settings = embedded_at("0.0.0.0:0");
  settings.token.text = "secret";
  Service service;
  const auto guarded = start(settings, true);
  http::Client stranger(guarded->url());
  CHECK(stranger.send({"GET", "/v1/catalog/services", {}, {}, {}}).value().status == 403);
  REQUIRE(guarded->announce({"a-1", "a", service.url(), {}}));
  const auto endpoints = guarded->endpoints("a", "");
  CHECK(poll_until([&] { return endpoints->choose().has_value(); }));
}

TEST_CASE("a registry whose port is taken says so, and an address that is none is refused") {
  const auto main = start(embedded_at("127.0.0.1:0"), true);
  const auto second = Registry::start(embedded_at(main->url().substr(7)), true, Clock::system(), Random::system());
  REQUIRE(!second);
  CHECK(second.error().code == "http.cannot_listen");
  CHECK(!Registry::start(embedded_at("nonsense"), true, Clock::system(), Random::system()));
  for (const char* url : {"", "ftp://h:1", "http://h", "http://h:0", "http://h:x", "http://:1", "http://h:99999"}) {
    CHECK(main->announce({"a", "a", url, {}}).error().code == "registry.invalid");
  }
}

TEST_CASE("a registry that nobody can reach stops nobody from starting or stopping") {
  RegistrySettings settings = embedded_at("127.0.0.1:0");
  {
    const Service gone;
    settings.url = gone.url();
  }
  const auto registry = start(settings, false);
  REQUIRE(registry->announce({"a-1", "a", "http://127.0.0.1:1", {}}));
  const auto endpoints = registry->endpoints("a", "http://configured:1");
  CHECK(endpoints->choose().value() == "http://configured:1");
  registry->stop();
  registry->stop();
  CHECK(endpoints->choose().value() == "http://configured:1");
}

TEST_CASE("a stop does not wait for queries that wait, nor for a checked service that is silent") {
  // A service that accepts connections and never answers: nobody takes its requests.
  std::atomic<bool> is_open{true};
  std::atomic<int> asked{0};
  auto silent = http::Server::start({}, [&](const http::Request&) {
                  ++asked;
                  poll_until([&] { return !is_open.load(); });
                  return http::Response();
                }).value();
  RegistrySettings settings = embedded_at("127.0.0.1:0");
  settings.wait_ms = 600'000;
  settings.check_timeout_ms = 60'000;
  auto main = start(settings, true);
  settings.url = main->url();
  auto other = start(settings, false);
  REQUIRE(main->announce({"a-1", "a", "http://127.0.0.1:" + std::to_string(silent->port()), {}}));
  const auto endpoints = other->endpoints("b", "http://configured:1");
  REQUIRE(main->announce({"b-1", "b", Service().url(), {}}));
  CHECK(poll_until([&] { return asked.load() > 0; }));
  const Instant before = Clock::system().monotonic();
  other->stop();
  main->stop();
  CHECK(before.ms_until(Clock::system().monotonic()) < 8'000);
  is_open = false;
  silent->stop();
}

TEST_CASE("a stop takes two seconds at most with a registry that has fallen silent, however many instances are announced") {
  for (const bool is_silent_from_start : {false, true}) {
    INFO(is_silent_from_start);
    std::atomic<bool> is_silent{is_silent_from_start};
    std::atomic<bool> is_over{false};
    std::atomic<int> asked{0};
    const auto agent = http::Server::start({}, [&](const http::Request&) {
                         ++asked;
                         if (is_silent.load()) poll_until([&] { return is_over.load(); });
                         return http::Response();
                       }).value();
    RegistrySettings settings;
    settings.kind = RegistryKind::consul;
    settings.url = "http://127.0.0.1:" + std::to_string(agent->port());
    settings.announce_interval_ms = 20;
    const auto registry = start(settings, false);
    for (const char* id : {"a", "b", "c", "d"}) REQUIRE(registry->announce({id, id, "http://127.0.0.1:1", {}}));
    CHECK(poll_until([&] { return asked.load() >= (is_silent_from_start ? 4 : 20); }));
    is_silent = true;
    const Instant before = Clock::system().monotonic();
    registry->stop();
    CHECK(before.ms_until(Clock::system().monotonic()) < 2'500);
    is_over = true;
  }
}

TEST_CASE("each instance is withdrawn at the stop, also one whose registration was still under way") {
  std::atomic<bool> is_slow{true};
  std::atomic<int> added{0};
  std::atomic<int> removed{0};
  const auto agent = http::Server::start({}, [&](const http::Request& request) {
                       const bool is_add = request.path == "/v1/agent/service/register";
                       if (is_add) ++added;
                       if (is_add && is_slow.load()) poll_until([&] { return !is_slow.load(); });
                       if (request.path.starts_with("/v1/agent/service/deregister/")) {
                         ++removed;
                         is_slow = false;
                       }
                       return http::Response();
                     }).value();
  RegistrySettings settings;
  settings.kind = RegistryKind::consul;
  settings.url = "http://127.0.0.1:" + std::to_string(agent->port());
  const auto registry = start(settings, false);
  for (const char* id : {"a", "b", "c"}) REQUIRE(registry->announce({id, id, "http://127.0.0.1:1", {}}));
  CHECK(poll_until([&] { return added.load() == 3; }));
  registry->stop();
  CHECK(removed == 3);
}

TEST_CASE("an instance whose url ends with a slash is announced as the same without one") {
  const auto registration = registry::registration_of({"a-1", "a", "http://payment.test:8103/", {}}, RegistrySettings());
  REQUIRE(registration);
  CHECK(registration->address == "payment.test");
  CHECK(registration->port == 8103);
  CHECK(registration->checks.front().http == "http://payment.test:8103/readyz");
}
