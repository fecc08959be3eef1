#include <algorithm>
#include <chrono>
#include <cstdio>
#include <optional>
#include <thread>

#include "base/random.hpp"
#include "cli/commands.hpp"
#include "cli/seeding.hpp"
#include "http/closed_loop.hpp"

namespace seamline::app {
namespace {

using SteadyClock = std::chrono::steady_clock;

struct LoadOptions {
  ShopAccess access;
  std::int64_t orders = 10'000;
  std::int64_t in_flight = 64;
  std::int64_t settle_timeout_s = 60;
  bool with_keys = true;
  bool as_json = false;
};

/// What the clients saw, added up.
struct LoadReport {
  std::int64_t accepted = 0;
  std::int64_t refused = 0;
  std::string first_refusal;
  double accept_seconds = 0;
  double settle_seconds = 0;
  std::vector<double> latencies_ms;
  std::int64_t confirmed = 0;
  std::int64_t cancelled = 0;
  std::int64_t unsettled = 0;

  double quantile_ms(double q) const {
    if (latencies_ms.empty()) return 0;
    return latencies_ms[static_cast<std::size_t>(q * static_cast<double>(latencies_ms.size() - 1))];
  }
};

double seconds_since(SteadyClock::time_point start) { return std::chrono::duration<double>(SteadyClock::now() - start).count(); }

struct OrderCounts {
  std::int64_t placed = 0;
  std::int64_t confirmed = 0;
  std::int64_t cancelled = 0;
};

Result<OrderCounts> count_orders(ApiClient& shop) {
  const auto answer = shop.get("/orders/counts");
  if (!answer) return fail(answer.error());
  const auto placed = integer_member(*answer, "placed");
  const auto confirmed = integer_member(*answer, "confirmed");
  const auto cancelled = integer_member(*answer, "cancelled");
  for (const auto* member : {&placed, &confirmed, &cancelled}) {
    if (!*member) return fail(member->error());
  }
  return OrderCounts{*placed, *confirmed, *cancelled};
}

/// The requests, one after the other, until all orders are taken.
class Orders {
 public:
  Orders(const LoadOptions& options, const std::string& token, const Seeded& seeded)
      : options_(options), token_(token), seeded_(seeded), random_(Random::system().next_u64()), left_(options.orders) {}

  std::optional<http::Request> next() {
    if (left_-- <= 0) return std::nullopt;
    http::Request request{"POST", "/orders", {}, {}, random_order(random_, seeded_)};
    request.headers.add("Content-Type", "application/json");
    if (!token_.empty()) request.headers.add("Authorization", "Bearer " + token_);
    if (options_.with_keys) request.headers.add("Idempotency-Key", "load-" + std::to_string(random_.next_u64()));
    return request;
  }

 private:
  const LoadOptions& options_;
  const std::string token_;
  const Seeded& seeded_;
  SeededRandom random_;
  std::int64_t left_;
};

void count(LoadReport& report, const http::ClosedLoop::Outcome& outcome) {
  report.latencies_ms.push_back(static_cast<double>(outcome.latency_ns) / 1e6);
  if (outcome.status == 201) {
    ++report.accepted;
    return;
  }
  ++report.refused;
  if (report.first_refusal.empty()) report.first_refusal = outcome.status == 0 ? "no whole answer" : outcome.body;
}

/// Waits until no order is under way any more.
Result<OrderCounts> wait_until_settled(ApiClient& shop, std::int64_t timeout_s) {
  const auto start = SteadyClock::now();
  for (;;) {
    auto counts = count_orders(shop);
    if (!counts || counts->placed == 0 || seconds_since(start) > static_cast<double>(timeout_s)) return counts;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

Result<LoadReport> run_load(const LoadOptions& options) {
  ApiClient shop(options.access);
  if (auto logged_in = shop.log_in(); !logged_in) return fail(std::move(logged_in.error()));
  SeedPlan plan;
  plan.users = 4;
  plan.products = 100;
  plan.stock = 1'000'000'000;
  const auto seeded = seed_shop(shop, plan);
  if (!seeded) return fail(seeded.error());
  const auto before = count_orders(shop);
  if (!before) return fail(before.error());

  LoadReport report;
  Orders orders(options, shop.token(), *seeded);
  http::ClosedLoop::Options clients;
  clients.clients = static_cast<std::size_t>(options.in_flight);
  const auto start = SteadyClock::now();
  const auto run =
      http::ClosedLoop(options.access.url, clients, Clock::system())
          .run([&] { return orders.next(); }, [&](const http::ClosedLoop::Outcome& outcome) { count(report, outcome); });
  if (!run) return fail(run.error());
  report.accept_seconds = seconds_since(start);
  const auto after = wait_until_settled(shop, options.settle_timeout_s);
  if (!after) return fail(after.error());
  report.settle_seconds = seconds_since(start);
  report.confirmed = after->confirmed - before->confirmed;
  report.cancelled = after->cancelled - before->cancelled;
  report.unsettled = after->placed;
  std::sort(report.latencies_ms.begin(), report.latencies_ms.end());
  return report;
}

void print(const LoadReport& report, bool as_json) {
  const double accepted = static_cast<double>(report.accepted);
  const double ended = static_cast<double>(report.confirmed + report.cancelled);
  const char* format = as_json
                           ? "{\"accepted\":%lld,\"refused\":%lld,\"confirmed\":%lld,\"cancelled\":%lld,\"unsettled\":%lld,"
                             "\"accepted_per_s\":%.0f,\"completed_per_s\":%.0f,\"p50_ms\":%.2f,\"p99_ms\":%.2f,\"max_ms\":%.2f}\n"
                           : "accepted %lld, refused %lld; confirmed %lld, cancelled %lld, unsettled %lld\n"
                             "%.0f accepted/s, %.0f completed/s; p50 %.2f ms, p99 %.2f ms, max %.2f ms\n";
  std::printf(format, static_cast<long long>(report.accepted), static_cast<long long>(report.refused),
              static_cast<long long>(report.confirmed), static_cast<long long>(report.cancelled),
              static_cast<long long>(report.unsettled), accepted / report.accept_seconds, ended / report.settle_seconds,
              report.quantile_ms(0.5), report.quantile_ms(0.99), report.quantile_ms(1));
}

int load(const LoadOptions& options) {
  const auto report = run_load(options);
  if (!report) {
    complain(report.error());
    return report.error().code == "call.unavailable" ? exit_unreachable : exit_failed;
  }
  print(*report, options.as_json);
  if (!report->first_refusal.empty()) say("the first refusal: " + report->first_refusal);
  return report->refused == 0 && report->unsettled == 0 ? exit_ok : exit_problems_found;
}

}  // namespace

void add_load(CLI::App& program, Action& chosen) {
  auto* command =
      program.add_subcommand("load", "Place orders on a running shop, a fixed number at a time, until every one has ended.");
  auto options = std::make_shared<LoadOptions>();
  add_access_options(*command, options->access);
  command->add_option("--orders", options->orders, "How many orders in all.")
      ->check(CLI::Range(1, 100'000'000))
      ->capture_default_str();
  command->add_option("--in-flight", options->in_flight, "How many at a time.")
      ->check(CLI::Range(1, 1'000))
      ->capture_default_str();
  command->add_option("--settle-timeout", options->settle_timeout_s, "How long to wait for the last ones to end, in seconds.")
      ->check(CLI::Range(1, 3'600))
      ->capture_default_str();
  command->add_flag("!--no-keys", options->with_keys, "Send no Idempotency-Key.");
  command->add_flag("--json", options->as_json, "Print the report as JSON.");
  command->callback([&chosen, options] { chosen = [options] { return load(*options); }; });
}

}  // namespace seamline::app
