#include "advice.hpp"

#include "support/catch.hpp"

using namespace seamline;
using app::Verdict;

namespace {

host::ModuleReport module(const std::string& name, std::int64_t writer_cpu_ms, std::int64_t calls_cpu_ms,
                          std::int64_t transactions) {
  host::ModuleReport report;
  report.module = name;
  report.placement = "local";
  report.writer_cpu_ms = writer_cpu_ms;
  report.calls_cpu_ms = calls_cpu_ms;
  report.transactions = transactions;
  return report;
}

host::EdgeReport edge(const std::string& caller, const std::string& callee, std::int64_t calls) {
  host::EdgeReport report;
  report.caller = caller;
  report.callee = callee;
  report.calls = calls;
  return report;
}

/// A shop of 1,000 orders in 10 s, each with three requests; payment is reached by events alone, and takes half of the CPU time.
host::Report measured() {
  host::Report report;
  report.uptime_ms = 10'000;
  report.cpu_ms = 4'000;
  report.orders = 1'000;
  report.order_p50_us = 4'000;
  report.modules = {module("user", 0, 200, 10), module("inventory", 200, 100, 2'000), module("payment", 1'000, 0, 2'000),
                    module("order", 300, 200, 3'000)};
  report.edges = {edge("gateway", "order", 3'000), edge("order", "user", 1'000), edge("order", "inventory", 1'000)};
  report.events = {{"order", "payment", 2'000, 2'000, 2'000, 0}, {"payment", "order", 1'000, 1'000, 1'000, 0}};
  return report;
}

const app::ModuleAdvice& of(const app::Advice& advice, std::string_view name) {
  for (const app::ModuleAdvice& module : advice.modules) {
    if (module.module == name) return module;
  }
  throw std::runtime_error("no module " + std::string(name));
}

const app::Reason& reason(const app::ModuleAdvice& module, std::string_view criterion) {
  for (const app::Reason& reason : module.reasons) {
    if (reason.criterion == criterion) return reason;
  }
  throw std::runtime_error("no reason " + std::string(criterion));
}

bool names(const app::Reason& reason, const std::string& figure, const std::string& threshold) {
  return reason.measured.find(figure) != std::string::npos && reason.threshold.find(threshold) != std::string::npos;
}

}  // namespace

TEST_CASE("without an order there is no advice") {
  host::Report report = measured();
  report.orders = 0;
  const app::Advice advice = app::advise(report, {});
  CHECK(advice.orders == 0);
  CHECK(advice.modules.empty());
  CHECK_FALSE(advice.next.has_value());
}

TEST_CASE("a small team with little traffic keeps everything, whatever one module takes") {
  const app::Advice advice = app::advise(measured(), {5, std::nullopt});
  CHECK(advice.orders_per_s == 100);
  CHECK(advice.requests_per_s == 300);
  for (const app::ModuleAdvice& module : advice.modules) {
    INFO(module.module);
    CHECK(module.verdict == Verdict::keep);
  }
  CHECK_FALSE(advice.next.has_value());
}

TEST_CASE("a large team with much traffic extracts what is cheap to extract, that first which costs no calls") {
  host::Report report = measured();
  report.modules[3].writer_cpu_ms = 100;
  const app::Advice advice = app::advise(report, {25, 5'000.0});
  CHECK(advice.requests_per_s == 15'000);
  CHECK(of(advice, "payment").verdict == Verdict::extract);
  CHECK(of(advice, "user").verdict == Verdict::extract);
  CHECK(of(advice, "order").verdict == Verdict::keep);
  CHECK(advice.next == "payment");
}

TEST_CASE("the size of a team speaks below 10, above 20, and not between") {
  for (const auto& [team, speaks_for] : {std::pair<std::int64_t, std::optional<Verdict>>{9, Verdict::keep},
                                         {10, std::nullopt},
                                         {20, std::nullopt},
                                         {21, Verdict::extract}}) {
    INFO(team);
    const app::Advice advice = app::advise(measured(), {team, std::nullopt});
    const app::Reason& size = reason(of(advice, "user"), "team size");
    CHECK(size.speaks_for == speaks_for);
    CHECK(names(size, std::to_string(team) + " developers", "fewer than 10"));
    CHECK(names(size, std::to_string(team) + " developers", "more than 20"));
  }
  CHECK(of(app::advise(measured(), {}), "user").reasons.front().criterion == "traffic");
}

TEST_CASE("traffic speaks below 1000 requests a second, above 10000, and not between") {
  for (const auto& [orders_per_s, speaks_for] : {std::pair<double, std::optional<Verdict>>{333, Verdict::keep},
                                                 {334, std::nullopt},
                                                 {3'333, std::nullopt},
                                                 {3'334, Verdict::extract}}) {
    INFO(orders_per_s);
    const app::Advice advice = app::advise(measured(), {std::nullopt, orders_per_s});
    CHECK(reason(of(advice, "user"), "traffic").speaks_for == speaks_for);
  }
  CHECK(names(reason(of(app::advise(measured(), {}), "user"), "traffic"), "300 requests/s at 100 orders/s", "1000 requests/s"));
}

TEST_CASE("a module that takes twice an even share of the CPU time has scaling needs of its own") {
  host::Report report = measured();
  const app::Advice advice = app::advise(report, {});
  CHECK(reason(of(advice, "payment"), "scaling").speaks_for == Verdict::extract);
  CHECK(names(reason(of(advice, "payment"), "scaling"), "50% of the modules' CPU time, 25% of all", "from 50% on"));
  CHECK(reason(of(advice, "order"), "scaling").speaks_for == Verdict::keep);
  report.modules[2].writer_cpu_ms = 999;
  CHECK(reason(of(app::advise(report, {}), "payment"), "scaling").speaks_for == Verdict::keep);
  for (host::ModuleReport& each : report.modules) each.writer_cpu_ms = each.calls_cpu_ms = 39;
  report.modules[0].writer_cpu_ms = 0;
  report.modules[1].writer_cpu_ms = 0;
  report.modules[3].writer_cpu_ms = 0;
  CHECK_FALSE(reason(of(app::advise(report, {}), "payment"), "scaling").speaks_for.has_value());
}

TEST_CASE("a writer that would take most of a core at the expected rate needs one of its own") {
  // One millisecond of payment's writer an order.
  CHECK_FALSE(reason(of(app::advise(measured(), {std::nullopt, 699}), "payment"), "write rate").speaks_for.has_value());
  const app::Advice advice = app::advise(measured(), {std::nullopt, 700});
  const app::Reason& writes = reason(of(advice, "payment"), "write rate");
  CHECK(writes.speaks_for == Verdict::extract);
  CHECK(names(writes, "1400 transactions/s (2 an order), which take its writer 70% of a core", "from 70% on"));
}

TEST_CASE("calls over a module's seams are what its extraction costs, and events cost nothing") {
  const app::Advice advice = app::advise(measured(), {});
  const app::ModuleAdvice& payment = of(advice, "payment");
  CHECK(payment.calls_per_order == 0);
  CHECK(payment.events_per_order == 3);
  CHECK(payment.added_ms_per_order == 0);
  CHECK_FALSE(reason(payment, "cost").speaks_for.has_value());
  CHECK(names(reason(payment, "cost"), "0 calls an order", "4 ms in which an order is answered"));
  const app::ModuleAdvice& order = of(advice, "order");
  CHECK(order.calls_per_order == 5);
  CHECK(names(reason(order, "cost"), "0.5 ms longer apart (0.1 ms a call)", "from 0.4 ms on"));
  CHECK(reason(order, "cost").speaks_for == Verdict::keep);
  host::Report report = measured();
  report.edges.push_back(edge("service", "payment", 9'000));
  CHECK(of(app::advise(report, {}), "payment").calls_per_order == 0);
  report.order_p50_us = 0;
  CHECK_FALSE(reason(of(app::advise(report, {}), "order"), "cost").speaks_for.has_value());
}

TEST_CASE("what runs apart already is not the next to extract") {
  host::Report report = measured();
  report.modules[2].placement = "remote";
  const app::Advice advice = app::advise(report, {25, 5'000.0});
  CHECK(of(advice, "payment").verdict == Verdict::extract);
  CHECK(advice.next == "user");
}

TEST_CASE("numbers are as short as they can be read") {
  CHECK(app::short_number(0) == "0");
  CHECK(app::short_number(0.254) == "0.25");
  CHECK(app::short_number(12.5) == "12.5");
  CHECK(app::short_number(10) == "10");
  CHECK(app::short_number(1250) == "1250");
}
