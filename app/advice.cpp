#include "advice.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

namespace seamline::app {
namespace {

constexpr std::string_view gateway = "gateway";

double ratio(double part, double whole) { return whole > 0 ? part / whole : 0; }

std::string percent(double share) { return short_number(share * 100) + "%"; }

std::int64_t cpu_ms_of(const host::ModuleReport& module) { return module.writer_cpu_ms + module.calls_cpu_ms; }

/// Whether the edge is one of the shop's own: a caller that is neither a module nor the gateway is a process whose own report
/// has the call already.
bool is_counted(const host::Report& report, const host::EdgeReport& edge) {
  return edge.caller == gateway || std::any_of(report.modules.begin(), report.modules.end(),
                                               [&](const host::ModuleReport& module) { return module.module == edge.caller; });
}

/// Which side of two thresholds a figure lies on.
std::optional<Verdict> between(double figure, double keep_below, double extract_above) {
  if (figure < keep_below) return Verdict::keep;
  if (figure > extract_above) return Verdict::extract;
  return std::nullopt;
}

/// What all modules are judged by.
struct Shop {
  const host::Report& report;
  const Expectation& expected;
  double orders = 0;
  double orders_per_s = 0;
  double requests_per_s = 0;
  std::int64_t modules_cpu_ms = 0;
  /// In which half of the orders were answered at most; 0 where nobody knows.
  double order_ms = 0;
};

Reason judge_team(std::int64_t team) {
  using namespace thresholds;
  return {"team size", between(static_cast<double>(team), static_cast<double>(small_team), static_cast<double>(large_team)),
          std::to_string(team) + (team == 1 ? " developer" : " developers"),
          "fewer than " + std::to_string(small_team) + " speak for one process, more than " + std::to_string(large_team) +
              " for services"};
}

Reason judge_traffic(const Shop& shop) {
  using namespace thresholds;
  return {"traffic", between(shop.requests_per_s, little_traffic_per_s, much_traffic_per_s),
          short_number(shop.requests_per_s) + " requests/s at " + short_number(shop.orders_per_s) + " orders/s",
          "fewer than " + short_number(little_traffic_per_s) + " requests/s speak for one process, more than " +
              short_number(much_traffic_per_s) + " for services"};
}

Reason judge_scaling(const Shop& shop, const host::ModuleReport& module, double share) {
  using namespace thresholds;
  const double limit = std::min(1.0, ratio(even_shares, static_cast<double>(shop.report.modules.size())));
  Reason reason{"scaling", std::nullopt, {}, "from " + percent(limit) + " on a module has scaling needs of its own"};
  if (shop.modules_cpu_ms < least_cpu_ms) {
    reason.measured = "all modules took " + std::to_string(shop.modules_cpu_ms) + " ms of CPU time, too little to tell";
    return reason;
  }
  reason.speaks_for = share >= limit ? Verdict::extract : Verdict::keep;
  reason.measured = percent(share) + " of the modules' CPU time, " +
                    percent(ratio(static_cast<double>(cpu_ms_of(module)), static_cast<double>(shop.report.cpu_ms))) + " of all";
  return reason;
}

Reason judge_writes(const Shop& shop, const host::ModuleReport& module, double transactions_per_order) {
  const double busy = static_cast<double>(module.writer_cpu_ms) / 1'000 / shop.orders * shop.orders_per_s;
  Reason reason{"write rate", std::nullopt,
                short_number(transactions_per_order * shop.orders_per_s) + " transactions/s (" +
                    short_number(transactions_per_order) + " an order), which take its writer " + percent(busy) + " of a core",
                "from " + percent(thresholds::busy_writer) + " on it needs a core of its own"};
  if (busy >= thresholds::busy_writer) reason.speaks_for = Verdict::extract;
  return reason;
}

Reason judge_cost(const Shop& shop, const ModuleAdvice& advice) {
  Reason reason{"cost",
                std::nullopt,
                short_number(advice.calls_per_order) + " calls an order over its seams would wait " +
                    short_number(advice.added_ms_per_order) + " ms longer apart (" + short_number(thresholds::remote_call_ms) +
                    " ms a call), " + short_number(advice.events_per_order) + " events an order nobody waits for",
                {}};
  if (shop.order_ms <= 0) {
    reason.threshold = "there is no time of an order to hold it against";
    return reason;
  }
  const double limit_ms = thresholds::dear_waiting * shop.order_ms;
  reason.threshold = "from " + short_number(limit_ms) + " ms on, " + percent(thresholds::dear_waiting) + " of the " +
                     short_number(shop.order_ms) + " ms in which an order is answered, it is dear";
  if (advice.added_ms_per_order >= limit_ms) reason.speaks_for = Verdict::keep;
  return reason;
}

ModuleAdvice judge(const Shop& shop, const host::ModuleReport& module) {
  ModuleAdvice advice;
  advice.module = module.module;
  advice.placement = module.placement;
  std::int64_t calls = 0;
  for (const host::EdgeReport& edge : shop.report.edges) {
    const bool is_over_its_seams = edge.caller == module.module || edge.callee == module.module;
    if (is_over_its_seams && is_counted(shop.report, edge)) calls += edge.calls;
  }
  std::int64_t events = 0;
  for (const host::EventReport& heard : shop.report.events) {
    if (heard.publisher == module.module || heard.subscriber == module.module) events += heard.applied;
  }
  advice.calls_per_order = ratio(static_cast<double>(calls), shop.orders);
  advice.events_per_order = ratio(static_cast<double>(events), shop.orders);
  advice.added_ms_per_order = advice.calls_per_order * thresholds::remote_call_ms;
  advice.cpu_share = ratio(static_cast<double>(cpu_ms_of(module)), static_cast<double>(shop.modules_cpu_ms));
  advice.transactions_per_order = ratio(static_cast<double>(module.transactions), shop.orders);

  if (shop.expected.team) advice.reasons.push_back(judge_team(*shop.expected.team));
  advice.reasons.push_back(judge_traffic(shop));
  advice.reasons.push_back(judge_scaling(shop, module, advice.cpu_share));
  advice.reasons.push_back(judge_writes(shop, module, advice.transactions_per_order));
  advice.reasons.push_back(judge_cost(shop, advice));
  const auto reasons_for = [&](Verdict verdict) {
    return std::count_if(advice.reasons.begin(), advice.reasons.end(),
                         [&](const Reason& reason) { return reason.speaks_for == verdict; });
  };
  if (reasons_for(Verdict::extract) > reasons_for(Verdict::keep)) advice.verdict = Verdict::extract;
  return advice;
}

/// The local module to extract first.
std::optional<std::string> cheapest(const std::vector<ModuleAdvice>& modules) {
  const ModuleAdvice* best = nullptr;
  for (const ModuleAdvice& module : modules) {
    if (module.verdict != Verdict::extract || module.placement != "local") continue;
    if (best == nullptr || module.added_ms_per_order < best->added_ms_per_order) best = &module;
  }
  return best == nullptr ? std::nullopt : std::optional(best->module);
}

}  // namespace

Advice advise(const host::Report& report, const Expectation& expected) {
  Advice advice;
  advice.orders = report.orders;
  if (report.orders == 0) return advice;
  Shop shop{report, expected};
  shop.orders = static_cast<double>(report.orders);
  advice.measured_orders_per_s = ratio(shop.orders * 1'000, static_cast<double>(report.uptime_ms));
  advice.orders_per_s = shop.orders_per_s = expected.orders_per_s.value_or(advice.measured_orders_per_s);
  double requests = 0;
  for (const host::EdgeReport& edge : report.edges) {
    if (edge.caller == gateway) requests += static_cast<double>(edge.calls);
  }
  advice.requests_per_order = requests / shop.orders;
  advice.requests_per_s = shop.requests_per_s = advice.requests_per_order * advice.orders_per_s;
  for (const host::ModuleReport& module : report.modules) shop.modules_cpu_ms += cpu_ms_of(module);
  shop.order_ms = static_cast<double>(report.order_p50_us) / 1'000;
  for (const host::ModuleReport& module : report.modules) advice.modules.push_back(judge(shop, module));
  advice.next = cheapest(advice.modules);
  return advice;
}

std::string short_number(double number) {
  std::array<char, 40> text{};
  const int digits = number >= 100 ? 0 : number >= 10 ? 1 : 2;
  std::snprintf(text.data(), text.size(), "%.*f", digits, number);
  std::string shortened(text.data());
  if (digits > 0) shortened.erase(shortened.find_last_not_of('0') + 1);
  if (shortened.ends_with('.')) shortened.pop_back();
  return shortened;
}

}  // namespace seamline::app
