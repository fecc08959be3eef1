#include "report_merge.hpp"

#include <algorithm>

namespace seamline::app {
namespace {

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
  for (const host::EdgeReport& edge : service.edges) {
    const bool is_own = std::any_of(service.modules.begin(), service.modules.end(), [&](const host::ModuleReport& module) {
      return module.module == edge.caller && module.placement == "local";
    });
    if (is_own) report.edges.push_back(edge);
  }
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
