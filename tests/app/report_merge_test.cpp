#include "report_merge.hpp"

#include "support/catch.hpp"

using namespace seamline;

namespace {

/// A main process with payment elsewhere, and what the service of payment says of itself.
struct Split {
  Split() {
    main.cpu_ms = 1'000;
    main.orders = 10;
    main.modules = {module("order", "local"), module("payment", "remote")};
    main.modules[0].log_head = 20;
    main.modules[1].breaker = "open";
    main.edges = {edge("gateway", "order", 10), edge("gateway", "payment", 3)};
    main.events = {{"payment", "order", 8, 8, std::nullopt, std::nullopt}};
    service.cpu_ms = 500;
    service.modules = {module("payment", "local")};
    service.modules[0].log_head = 10;
    service.modules[0].writer_cpu_ms = 300;
    service.modules[0].transactions = 40;
    service.edges = {edge("gateway", "payment", 3), edge("payment", "order", 7)};
    service.events = {{"order", "payment", 20, 20, std::nullopt, std::nullopt}};
  }
  static host::ModuleReport module(const std::string& name, const std::string& placement) {
    host::ModuleReport report;
    report.module = name;
    report.placement = placement;
    return report;
  }
  static host::EdgeReport edge(const std::string& caller, const std::string& callee, std::int64_t calls) {
    host::EdgeReport report;
    report.caller = caller;
    report.callee = callee;
    report.calls = calls;
    return report;
  }
  host::Report main;
  host::Report service;
};

}  // namespace

TEST_CASE("a service adds what only it knows of its module, and what the main process sees of it stays") {
  Split shop;
  app::add_service(shop.main, shop.service);
  const host::ModuleReport& payment = shop.main.modules.at(1);
  CHECK(payment.placement == "remote");
  CHECK(payment.breaker == "open");
  CHECK(payment.log_head == 10);
  CHECK(payment.writer_cpu_ms == 300);
  CHECK(payment.transactions == 40);
  CHECK(shop.main.cpu_ms == 1'500);
  CHECK(shop.main.orders == 10);
}

TEST_CASE("a service that is not well is not well in the whole, whatever its caller sees") {
  Split shop;
  shop.service.modules[0].health = "fail";
  shop.service.modules[0].detail = "closed";
  app::add_service(shop.main, shop.service);
  CHECK(shop.main.modules.at(1).health == "fail");
  CHECK(shop.main.modules.at(1).detail == "closed");
}

TEST_CASE("a call between processes is counted once, by its caller") {
  Split shop;
  app::add_service(shop.main, shop.service);
  REQUIRE(shop.main.edges.size() == 3);
  CHECK(shop.main.edges[2].caller == "payment");
  CHECK(shop.main.edges[2].calls == 7);
}

TEST_CASE("the lag behind a publisher in another process is known when both have been asked") {
  Split shop;
  app::complete_lags(shop.main);
  CHECK_FALSE(shop.main.events[0].lag.has_value());
  app::add_service(shop.main, shop.service);
  app::complete_lags(shop.main);
  REQUIRE(shop.main.events.size() == 2);
  CHECK(shop.main.events[0].lag == 2);
  CHECK(shop.main.events[1].lag == 0);
}
