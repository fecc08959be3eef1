#include <array>
#include <cstdio>

#include "advice.hpp"
#include "cli/commands.hpp"
#include "cli/shop_report.hpp"

namespace seamline::app {
namespace {

struct AdviseOptions {
  AdminAccess access;
  Expectation expected;
  bool as_json = false;
};

std::string_view word_of(Verdict verdict) { return verdict == Verdict::keep ? "keep" : "extract"; }

std::string exact(double number) {
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%.6g", number);
  return text.data();
}

void write_module(json::Writer& writer, const ModuleAdvice& module) {
  const auto number = [&](std::string_view name, double value) {
    writer.key(name);
    writer.raw(exact(value));
  };
  writer.begin_object();
  writer.member("module", module.module);
  writer.member("placement", module.placement);
  writer.member("verdict", word_of(module.verdict));
  number("calls_per_order", module.calls_per_order);
  number("events_per_order", module.events_per_order);
  number("added_ms_per_order", module.added_ms_per_order);
  number("cpu_share", module.cpu_share);
  number("transactions_per_order", module.transactions_per_order);
  writer.key("reasons");
  writer.begin_array();
  for (const Reason& reason : module.reasons) {
    writer.begin_object();
    writer.member("criterion", reason.criterion);
    writer.key("speaks_for");
    reason.speaks_for ? writer.string(word_of(*reason.speaks_for)) : writer.null();
    writer.member("measured", reason.measured);
    writer.member("threshold", reason.threshold);
    writer.end_object();
  }
  writer.end_array();
  writer.end_object();
}

std::string render_json(const Advice& advice, const Expectation& expected) {
  std::string text;
  json::Writer writer(text);
  writer.begin_object();
  writer.member("orders", advice.orders);
  writer.key("team");
  expected.team ? writer.integer(*expected.team) : writer.null();
  for (const auto& [name, value] : {std::pair<std::string_view, double>{"measured_orders_per_s", advice.measured_orders_per_s},
                                    {"orders_per_s", advice.orders_per_s},
                                    {"requests_per_order", advice.requests_per_order},
                                    {"requests_per_s", advice.requests_per_s}}) {
    writer.key(name);
    writer.raw(exact(value));
  }
  writer.key("next");
  advice.next ? writer.string(*advice.next) : writer.null();
  writer.key("modules");
  writer.begin_array();
  for (const ModuleAdvice& module : advice.modules) write_module(writer, module);
  writer.end_array();
  writer.end_object();
  return text;
}

void print(const Advice& advice, const Expectation& expected) {
  std::printf("Measured: %lld orders, %s a second since the start, %s requests an order.\n",
              static_cast<long long>(advice.orders), short_number(advice.measured_orders_per_s).c_str(),
              short_number(advice.requests_per_order).c_str());
  if (expected.orders_per_s) {
    std::printf("Reckoned with %s orders a second (--rate).\n", short_number(advice.orders_per_s).c_str());
  }
  for (const ModuleAdvice& module : advice.modules) {
    std::printf("\n%s: %s (now %s)\n", module.module.c_str(), std::string(word_of(module.verdict)).c_str(),
                module.placement.c_str());
    for (const Reason& reason : module.reasons) {
      std::printf("  %-8s %s: %s; %s.\n", reason.speaks_for ? std::string(word_of(*reason.speaks_for)).c_str() : "-",
                  reason.criterion.c_str(), reason.measured.c_str(), reason.threshold.c_str());
    }
  }
  std::printf("\n");
  if (advice.next) {
    std::printf("Extract one at a time, and validate before the next. First:  seamline module set %s remote --config FILE\n",
                advice.next->c_str());
  }
  if (!expected.team) std::printf("Say how many developers there are with --team N: the size of the team counts too.\n");
  std::printf(
      "What no measurement shows: clear requirements and rapid prototyping speak for one process; several languages and\n"
      "frequent deployments of one module speak for a service.\n");
}

int advise_on(const AdviseOptions& options) {
  const auto shop = read_shop_report(options.access);
  if (!shop) {
    complain(shop.error());
    return exit_code_of(shop.error());
  }
  for (const std::string& missing : shop->missing) say(missing);
  const Advice advice = advise(shop->report, options.expected);
  if (options.as_json) {
    std::printf("%s\n", render_json(advice, options.expected).c_str());
  } else if (advice.orders == 0) {
    std::printf(
        "No order has been placed since the shop started, so nothing is measured yet.\n"
        "Place some, for example with:  seamline load --orders 1000\n");
  } else {
    print(advice, options.expected);
  }
  return exit_ok;
}

}  // namespace

void add_advise(CLI::App& program, Action& chosen) {
  auto* command = program.add_subcommand("advise", "Say which modules to keep in the process and which to extract, and why.");
  auto options = std::make_shared<AdviseOptions>();
  add_admin_options(*command, options->access);
  command->add_option("--team", options->expected.team, "How many developers work on the shop.")->check(CLI::Range(1, 100'000));
  command
      ->add_option("--rate", options->expected.orders_per_s, "Orders a second that are expected; else the measured ones count.")
      ->check(CLI::Range(0.001, 1e9));
  command->add_flag("--json", options->as_json, "As one JSON object.");
  command->callback([&chosen, options] { chosen = [options] { return advise_on(*options); }; });
}

}  // namespace seamline::app
