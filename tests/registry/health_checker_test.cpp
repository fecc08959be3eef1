#include "registry/health_checker.hpp"

#include <atomic>

#include "http/server.hpp"
#include "registrations.hpp"
#include "support/catch.hpp"
#include "support/manual_clock.hpp"
#include "support/poll.hpp"

using namespace seamline;
using namespace seamline::test;
using registry::Catalog;
using registry::CheckStatus;
using registry::HealthChecker;

namespace {

/// A service that answers what the test wants, and keeps what it was asked.
struct Checked {
  Checked() {
    server = http::Server::start({}, [this](const http::Request& request) {
               last = request;
               return answer;
             }).value();
    url = "http://127.0.0.1:" + std::to_string(server->port());
  }
  /// How the service stands after one more run of its check.
  CheckStatus run() {
    clock.advance_ms(1'000);
    REQUIRE(checker.step());
    return catalog.find("p1").value().status();
  }

  ManualClock clock;
  Catalog catalog{clock};
  HealthChecker checker{catalog};
  http::Response answer;
  http::Request last;
  std::unique_ptr<http::Server> server;
  std::string url;
};

}  // namespace

TEST_CASE("a check passes by 2xx, warns by 429 and fails by all else") {
  Checked checked;
  REQUIRE(checked.catalog.add(with_http(instance_of("payment", "p1"), checked.url + "/readyz", 1'000), false));
  for (const auto& [status, wanted] : std::vector<std::pair<int, CheckStatus>>{{200, CheckStatus::passing},
                                                                               {503, CheckStatus::critical},
                                                                               {204, CheckStatus::passing},
                                                                               {429, CheckStatus::warning},
                                                                               {302, CheckStatus::critical},
                                                                               {299, CheckStatus::passing},
                                                                               {404, CheckStatus::critical}}) {
    checked.answer.status = status;
    INFO(status);
    CHECK(checked.run() == wanted);
  }
  CHECK(!checked.checker.step());
}

TEST_CASE("a check asks as its definition says") {
  Checked checked;
  auto registration = with_http(instance_of("payment", "p1"), checked.url + "/ready/now?deep=1&all=2#top", 1'000);
  registration.checks.front().method = "HEAD";
  registration.checks.front().header = {{"X-Probe", "yes"}};
  REQUIRE(checked.catalog.add(registration, false));
  CHECK(checked.run() == CheckStatus::passing);
  CHECK(checked.last.method == "HEAD");
  CHECK(checked.last.path == "/ready/now");
  CHECK(checked.last.query == "deep=1&all=2");
  CHECK(checked.last.headers.get("X-Probe") == "yes");
  CHECK(checked.last.body.empty());
  CHECK(!checked.last.headers.has("Content-Length"));
  for (const char* target : {"", "?deep=1", "#top"}) {
    REQUIRE(checked.catalog.add(with_http(instance_of("payment", "p1"), checked.url + target, 1'000), true));
    CHECK(checked.run() == CheckStatus::passing);
    CHECK(checked.last.path == "/");
  }
}

TEST_CASE("what a checked service answers is kept for people, and one that is not there is critical and says why") {
  Checked checked;
  checked.answer.body = "all is well";
  REQUIRE(checked.catalog.add(with_http(instance_of("payment", "p1"), checked.url, 1'000), false));
  CHECK(checked.run() == CheckStatus::passing);
  CHECK(checked.catalog.find("p1")->checks.front().output.find("all is well") != std::string::npos);
  checked.server.reset();
  CHECK(checked.run() == CheckStatus::critical);
  CHECK(!checked.catalog.find("p1")->checks.front().output.empty());
}

TEST_CASE("an answer that does not come in time is a failure") {
  Checked checked;
  std::atomic<bool> is_over{false};
  const auto slow = http::Server::start({}, [&](const http::Request&) {
                      poll_until([&] { return is_over.load(); });
                      return http::Response();
                    }).value();
  auto registration = with_http(instance_of("payment", "p1"), "http://127.0.0.1:" + std::to_string(slow->port()), 1'000);
  registration.checks.front().timeout_ms = 50;
  registration.checks.front().status = CheckStatus::passing;
  REQUIRE(checked.catalog.add(registration, false));
  CHECK(checked.run() == CheckStatus::critical);
  is_over = true;
}

TEST_CASE("the checker lets overdue entries expire, and a finished one checks no more") {
  Checked checked;
  REQUIRE(checked.catalog.add(with_ttl(instance_of("order", "o1"), 500), false));
  REQUIRE(checked.catalog.update_check("service:o1", CheckStatus::passing, ""));
  checked.clock.advance_ms(500);
  CHECK(checked.checker.step());
  CHECK(checked.catalog.find("o1")->status() == CheckStatus::critical);
  REQUIRE(checked.catalog.add(with_http(instance_of("payment", "p1"), checked.url, 1'000), false));
  checked.checker.finish();
  CHECK(!checked.checker.step());
  CHECK(checked.catalog.find("p1")->status() == CheckStatus::critical);
}
