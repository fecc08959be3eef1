#include "host/report.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <map>
#include <memory>

#include "contract/encode.hpp"
#include "host/host.hpp"

namespace seamline::host {
namespace {

constexpr std::int64_t ns_in_us = 1'000;
constexpr std::int64_t ns_in_ms = 1'000'000;

/// Fills in what OperationReport and EdgeReport have alike.
template <class T>
void fill(T& report, const observe::LatencyHistogram& latency, std::int64_t errors) {
  report.calls = latency.count();
  report.errors = errors;
  report.total_us = latency.sum_ns() / ns_in_us;
  report.p50_us = latency.quantile_ns(0.5) / ns_in_us;
  report.p99_us = latency.quantile_ns(0.99) / ns_in_us;
}

/// A caller may have several seams to one callee: what they measured is one edge, and one operation each.
struct Measured {
  std::map<std::string_view, seam::Meter> operations;
  seam::Meter all;

  void add(const EdgeOperation& operation) {
    for (seam::Meter* meter : {&operations[operation.operation], &all}) {
      meter->latency.add(operation.meter.latency);
      meter->errors.fetch_add(operation.meter.errors.load());
    }
  }
};

std::vector<EdgeReport> report_edges(const Host& host) {
  std::map<std::pair<std::string_view, std::string_view>, Measured> measured;
  for (const Edge* edge : host.edges()) {
    Measured& into = measured[{edge->caller(), edge->callee()}];
    for (const EdgeOperation& operation : edge->operations()) {
      if (operation.meter.latency.count() > 0) into.add(operation);
    }
  }
  std::vector<EdgeReport> reports;
  for (const auto& [ends, edge] : measured) {
    EdgeReport& report = reports.emplace_back();
    report.caller = ends.first;
    report.callee = ends.second;
    report.placement = host.has(ends.second) ? "local" : "remote";
    fill(report, edge.all.latency, edge.all.errors.load());
    for (const auto& [name, meter] : edge.operations) {
      OperationReport& operation = report.operations.emplace_back();
      operation.operation = name;
      fill(operation, meter.latency, meter.errors.load());
    }
  }
  return reports;
}

std::vector<EventReport> report_events(const Host& host) {
  std::vector<EventReport> reports;
  for (const events::Consumer* consumer : host.consumers()) {
    EventReport& report = reports.emplace_back();
    report.publisher = consumer->publisher();
    report.subscriber = consumer->subscriber();
    report.applied = consumer->counts().applied;
    report.position = consumer->applied().seq;
    if (!host.has(consumer->publisher())) continue;
    report.head = host.store_of(consumer->publisher()).log().head().seq;
    report.lag = std::max<std::int64_t>(0, *report.head - report.position);
  }
  return reports;
}

ModuleReport report_local(const Host& host, const ModuleStatus& status) {
  ModuleReport report;
  report.module = status.name;
  report.placement = "local";
  if (!status.is_open) report.detail = "closed";
  for (const std::string& publisher : status.diverged_from) {
    report.detail += (report.detail.empty() ? "" : "; ") + ("it does not know the log of " + publisher + " any more (diverged)");
  }
  if (!report.detail.empty()) report.health = "fail";
  store::Store& store = host.store_of(status.name);
  const store::Writer::Counts counts = store.writer().counts();
  report.log_head = store.log().head().seq;
  report.writer_cpu_ms = counts.cpu_ns / ns_in_ms;
  report.calls_cpu_ms = host.gate_of(status.name).cpu().estimated_ns() / ns_in_ms;
  report.commits = counts.commits;
  report.transactions = counts.commands;
  return report;
}

ModuleReport report_remote(const RemoteStatus& remote) {
  ModuleReport report;
  report.module = remote.module;
  report.placement = "remote";
  report.url = remote.url;
  report.health = remote.health;
  report.detail = remote.detail;
  report.breaker = remote.breaker;
  return report;
}

std::int64_t process_cpu_ms() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto ms = [](const timeval& time) { return std::int64_t{time.tv_sec} * 1'000 + time.tv_usec / 1'000; };
  return ms(used.ru_utime) + ms(used.ru_stime);
}

/// Counts the orders, and says how long the operation took that placed most of them.
void report_orders(Report& report, const std::vector<std::string>& placing) {
  std::int64_t most_calls = 0;
  for (const EdgeReport& edge : report.edges) {
    for (const OperationReport& operation : edge.operations) {
      if (std::find(placing.begin(), placing.end(), operation.operation) == placing.end()) continue;
      report.orders += operation.calls - operation.errors;
      if (operation.calls <= most_calls) continue;
      most_calls = operation.calls;
      report.order_p50_us = operation.p50_us;
    }
  }
}

}  // namespace

Report make_report(const Host& host, const ReportFacts& facts) {
  Report report;
  report.process = facts.process;
  report.version = facts.version;
  report.uptime_ms = facts.uptime_ms;
  report.cpu_ms = process_cpu_ms();
  for (const ModuleStatus& status : host.status()) report.modules.push_back(report_local(host, status));
  for (const RemoteStatus& remote : facts.remotes) report.modules.push_back(report_remote(remote));
  for (ModuleReport& module : report.modules) {
    for (const auto& [name, url] : facts.urls) {
      if (name == module.module) module.url = url;
    }
  }
  report.edges = report_edges(host);
  report.events = report_events(host);
  report_orders(report, facts.placing_operations);
  for (ModuleReport& module : report.modules) {
    for (const EdgeReport& edge : report.edges) {
      if (edge.callee == module.module) module.calls += edge.calls;
    }
  }
  return report;
}

std::string render_report(const Host& host, const ReportFacts& facts) { return encode(make_report(host, facts)); }

}  // namespace seamline::host
