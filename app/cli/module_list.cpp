#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <map>
#include <thread>

#include "cli/module.hpp"
#include "cli/shop_report.hpp"
#include "cli/table.hpp"
#include "contract/encode.hpp"

namespace seamline::app {
namespace {

struct ListOptions {
  AdminAccess access;
  std::int64_t sample_ms = 1'000;
  bool as_json = false;
};

/// Where calls of other processes come in. Every module has it, used or not.
constexpr std::string_view service_entrance = "service";

using Ends = std::pair<std::string, std::string>;

/// How often each edge was called a second: between two reports, or since the start where there is one.
std::map<Ends, double> rates_of(const host::Report* before, const host::Report& after) {
  const auto elapsed_ms = static_cast<double>(after.uptime_ms - (before == nullptr ? 0 : before->uptime_ms));
  std::map<Ends, double> rates;
  if (elapsed_ms <= 0) return rates;  // another process answers now
  std::map<Ends, std::int64_t> calls_before;
  if (before != nullptr) {
    for (const host::EdgeReport& edge : before->edges) calls_before[{edge.caller, edge.callee}] = edge.calls;
  }
  for (const host::EdgeReport& edge : after.edges) {
    const std::int64_t calls = edge.calls - calls_before[{edge.caller, edge.callee}];
    rates[{edge.caller, edge.callee}] = std::max(0.0, static_cast<double>(calls) * 1'000 / elapsed_ms);
  }
  return rates;
}

/// Entries of others' logs that a module has not applied yet; empty where nobody could be asked.
std::optional<std::int64_t> events_behind(const host::Report& report, const host::ModuleReport& module) {
  // Every module knows the end of its own log, and this one's process has not said it.
  if (!module.log_head) return std::nullopt;
  std::int64_t behind = 0;
  for (const host::EventReport& heard : report.events) {
    if (heard.subscriber != module.module) continue;
    if (!heard.lag) return std::nullopt;
    behind += *heard.lag;
  }
  return behind;
}

std::string fixed(double number, int digits) {
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%.*f", digits, number);
  return text.data();
}

std::string milliseconds(std::int64_t us) { return fixed(static_cast<double>(us) / 1'000, 2); }

void print_tables(const host::Report& report, const std::map<Ends, double>& rates) {
  Table modules({"MODULE", "PLACEMENT", "ADDRESS", "HEALTH", "BREAKER", ">EVENTS BEHIND"});
  for (const host::ModuleReport& module : report.modules) {
    const auto behind = events_behind(report, module);
    modules.add({module.module, module.placement, module.url.value_or("-"), module.health, module.breaker.value_or("-"),
                 behind ? std::to_string(*behind) : "?"});
  }
  Table edges({"CALLER -> CALLEE", "PLACEMENT", ">CALLS/S", ">P50 MS", ">P99 MS", ">ERRORS"});
  for (const host::EdgeReport& edge : report.edges) {
    if (edge.caller == service_entrance && edge.calls == 0) continue;
    const auto rate = rates.find({edge.caller, edge.callee});
    edges.add({edge.caller + " -> " + edge.callee, edge.placement, rate == rates.end() ? "?" : fixed(rate->second, 1),
               milliseconds(edge.p50_us), milliseconds(edge.p99_us), std::to_string(edge.errors)});
  }
  std::printf("%s\n%s", modules.render().c_str(), edges.render().c_str());
  for (const host::ModuleReport& module : report.modules) {
    if (!module.detail.empty()) say("The module " + module.module + " is not well: " + module.detail);
  }
}

std::string render_json(const host::Report& report, const std::map<Ends, double>& rates, std::int64_t sample_ms) {
  std::string text;
  json::Writer writer(text);
  writer.begin_object();
  writer.member("version", report.version);
  writer.member("uptime_ms", report.uptime_ms);
  writer.member("sample_ms", sample_ms);
  writer.key("modules");
  writer.begin_array();
  for (const host::ModuleReport& module : report.modules) {
    writer.begin_object();
    encode_members(writer, module);
    writer.key("events_behind");
    encode_value(writer, events_behind(report, module));
    writer.end_object();
  }
  writer.end_array();
  writer.key("edges");
  writer.begin_array();
  for (const host::EdgeReport& edge : report.edges) {
    const auto rate = rates.find({edge.caller, edge.callee});
    writer.begin_object();
    encode_members(writer, edge);
    writer.key("calls_per_s");
    writer.raw(rate == rates.end() ? "null" : fixed(rate->second, 3));
    writer.end_object();
  }
  writer.end_array();
  writer.key("events");
  encode_value(writer, report.events);
  writer.end_object();
  return text;
}

int list(const ListOptions& options) {
  std::optional<ShopReport> before;
  if (options.sample_ms > 0) {
    auto first = read_shop_report(options.access);
    if (!first) {
      complain(first.error());
      return exit_code_of(first.error());
    }
    before = std::move(*first);
    std::this_thread::sleep_for(std::chrono::milliseconds(options.sample_ms));
  }
  const auto shop = read_shop_report(options.access);
  if (!shop) {
    complain(shop.error());
    return exit_code_of(shop.error());
  }
  const auto rates = rates_of(before ? &before->report : nullptr, shop->report);
  if (options.as_json) {
    std::printf("%s\n", render_json(shop->report, rates, options.sample_ms).c_str());
  } else {
    print_tables(shop->report, rates);
  }
  for (const std::string& missing : shop->missing) say(missing);
  return exit_ok;
}

}  // namespace

void add_module_list(CLI::App& module, Action& chosen) {
  auto* command = module.add_subcommand("list", "Show where the modules of a running shop are, and what goes over each edge.");
  auto options = std::make_shared<ListOptions>();
  add_admin_options(*command, options->access);
  command
      ->add_option("--sample", options->sample_ms,
                   "How long to count calls for CALLS/S, in milliseconds; 0 counts from the shop's start. P50 and P99 are since "
                   "the start.")
      ->check(CLI::Range(0, 60'000))
      ->capture_default_str();
  command->add_flag("--json", options->as_json, "As one JSON object.");
  command->callback([&chosen, options] { chosen = [options] { return list(*options); }; });
}

}  // namespace seamline::app
