#include "report_merge.hpp"

#include <algorithm>
#include <iterator>

namespace seamline::app {
namespace {

constexpr std::string_view gateway = "gateway";

host::ModuleReport* find(host::Report& report, std::string_view module) {
  const auto found = std::find_if(report.modules.begin(), report.modules.end(),
                                  [&](const host::ModuleReport& entry) { return entry.module == module; });
  return found == report.modules.end() ? nullptr : &*found;
}

}  // namespace

void add_service(host::Report& report, const host::Report& service) {
  report.cpu_ms += service.cpu_ms;
  for (const host::ModuleReport& own : service.modules) {
    host::ModuleReport* const seen = find(report, own.module);
    if (own.placement != "local" || seen == nullptr || seen->placement != "remote") continue;
    seen->log_head = own.log_head;
    seen->writer_cpu_ms = own.writer_cpu_ms;
    seen->calls_cpu_ms = own.calls_cpu_ms;
    seen->commits = own.commits;
    seen->transactions = own.transactions;
    if (own.health != "pass" && seen->health == "pass") {
      seen->health = own.health;
      seen->detail = own.detail;
    }
  }
  // What reaches a service from outside has been counted by its caller.
  std::copy_if(service.edges.begin(), service.edges.end(), std::back_inserter(report.edges),
               [](const host::EdgeReport& edge) { return edge.caller != gateway; });
  report.events.insert(report.events.end(), service.events.begin(), service.events.end());
}

void complete_lags(host::Report& report) {
  for (host::EventReport& heard : report.events) {
    const host::ModuleReport* const publisher = find(report, heard.publisher);
    if (heard.head || publisher == nullptr || !publisher->log_head) continue;
    heard.head = publisher->log_head;
    heard.lag = std::max<std::int64_t>(0, *heard.head - heard.position);
  }
}

}  // namespace seamline::app
