#include <algorithm>
#include <chrono>
#include <cstdio>
#include <optional>
#include <thread>

#include "base/random.hpp"
#include "cli/commands.hpp"
#include "cli/persistent_clients.hpp"
#include "http/closed_loop.hpp"

namespace seamline::app {
namespace {

using SteadyClock = std::chrono::steady_clock;

struct LoadOptions {
  ShopAccess access;
  std::int64_t orders = 10'000;
  std::int64_t seconds = 0;
  std::int64_t in_flight = 64;
  std::string tokens;
  std::int64_t settle_timeout_s = 60;
  bool with_keys = true;
  bool as_json = false;
  std::string history_file;
  std::int64_t orders_per_s = 0;
  std::int64_t retry_s = 60;
  std::int64_t again_every = 0;
  std::int64_t answer_timeout_s = 10;
  std::uint64_t seed = Random::system().next_u64();

  std::int64_t duration_ms() const { return seconds == 0 ? INT64_MAX : seconds * 1'000; }
  bool keeps_history() const { return !history_file.empty(); }
};

struct OrderCounts {
  std::int64_t placed = 0;
  std::int64_t confirmed = 0;
  std::int64_t cancelled = 0;
};

/// What the clients saw, and what became of it.
struct LoadReport {
  ClientReport clients;
  double accept_seconds = 0;
  double settle_seconds = 0;
  std::int64_t confirmed = 0;
  std::int64_t cancelled = 0;
  std::int64_t unsettled = 0;

  double quantile_ms(double q) const {
    const auto& latencies_ms = clients.latencies_ms;
    if (latencies_ms.empty()) return 0;
    return latencies_ms[static_cast<std::size_t>(q * static_cast<double>(latencies_ms.size() - 1))];
  }
};

double seconds_since(SteadyClock::time_point start) { return std::chrono::duration<double>(SteadyClock::now() - start).count(); }

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
  Orders(const LoadOptions& options, const PaymentMix& tokens, const std::string& token, const Seeded& seeded)
      : options_(options),
        tokens_(tokens),
        token_(token),
        seeded_(seeded),
        random_(options.seed),
        left_(options.orders),
        closes_(Clock::system().monotonic().plus_ms(options.duration_ms())) {}

  std::optional<http::Request> next() {
    if (left_-- <= 0 || Clock::system().monotonic() >= closes_) return std::nullopt;
    http::Request request{"POST", "/orders", {}, {}, random_order(random_, seeded_, tokens_.draw(random_))};
    request.headers.add("Content-Type", "application/json");
    if (!token_.empty()) request.headers.add("Authorization", "Bearer " + token_);
    if (options_.with_keys) request.headers.add("Idempotency-Key", "load-" + std::to_string(random_.next_u64()));
    return request;
  }

 private:
  const LoadOptions& options_;
  const PaymentMix& tokens_;
  const std::string token_;
  const Seeded& seeded_;
  SeededRandom random_;
  std::int64_t left_;
  const Instant closes_;
};

void count(ClientReport& report, const http::ClosedLoop::Outcome& outcome) {
  ++report.attempts;
  report.latencies_ms.push_back(static_cast<double>(outcome.latency_ns) / 1e6);
  if (outcome.status == 201) {
    ++report.accepted;
    return;
  }
  ++report.refused;
  if (report.first_refusal.empty()) report.first_refusal = outcome.status == 0 ? "no whole answer" : outcome.body;
}

/// Each request once, by one thread that costs little: a measurement.
Result<ClientReport> measure(const LoadOptions& options, const PaymentMix& tokens, const std::string& token,
                             const Seeded& seeded) {
  ClientReport report;
  Orders orders(options, tokens, token, seeded);
  http::ClosedLoop::Options clients;
  clients.clients = static_cast<std::size_t>(options.in_flight);
  const auto run =
      http::ClosedLoop(options.access.url, clients, Clock::system())
          .run([&] { return orders.next(); }, [&](const http::ClosedLoop::Outcome& outcome) { count(report, outcome); });
  if (!run) return fail(run.error());
  return report;
}

/// Each request until it has its answer, and all of them on record: a proof.
Result<ClientReport> insist(const LoadOptions& options, PaymentMix tokens, const std::string& token, const Seeded& seeded,
                            ClientHistory& history) {
  PersistentClients::Plan plan;
  plan.access = options.access;
  plan.clients = options.in_flight;
  plan.orders = options.orders;
  plan.duration_ms = options.duration_ms();
  plan.orders_per_s = options.orders_per_s;
  plan.retry_ms = options.retry_s * 1'000;
  plan.again_every = options.again_every;
  plan.answer_timeout_ms = options.answer_timeout_s * 1'000;
  plan.tokens = std::move(tokens);
  plan.seed = options.seed;
  return PersistentClients(plan, seeded, history, Clock::system()).run(token);
}

/// Does something of which a repeat does no harm; again and again, while the shop is away and there is a history to be kept.
template <class Action>
auto while_away(const LoadOptions& options, Action&& action) {
  const auto start = SteadyClock::now();
  for (;;) {
    auto result = action();
    const bool may_pass =
        !result && (result.error().kind == Kind::unavailable || result.error().kind == Kind::deadline_exceeded ||
                    result.error().code == "idempotency.in_progress");
    if (!may_pass || !options.keeps_history() || seconds_since(start) > static_cast<double>(options.retry_s)) return result;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

/// Waits until no order is under way any more.
Result<OrderCounts> wait_until_settled(const LoadOptions& options, ApiClient& shop) {
  const auto start = SteadyClock::now();
  for (;;) {
    auto counts = while_away(options, [&] { return count_orders(shop); });
    const bool is_late = seconds_since(start) > static_cast<double>(options.settle_timeout_s);
    if (!counts || counts->placed == 0 || is_late) return counts;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

Result<LoadReport> run_load(const LoadOptions& options, PaymentMix tokens, ClientHistory* history) {
  ApiClient shop(options.access);
  if (auto logged_in = while_away(options, [&] { return shop.log_in(); }); !logged_in) return fail(std::move(logged_in.error()));
  SeedPlan plan;
  plan.users = 4;
  plan.products = 100;
  plan.stock = 1'000'000'000;
  const auto seeded = while_away(options, [&] { return seed_shop(shop, plan); });
  if (!seeded) return fail(seeded.error());
  const auto before = while_away(options, [&] { return count_orders(shop); });
  if (!before) return fail(before.error());

  LoadReport report;
  const auto start = SteadyClock::now();
  auto clients = history == nullptr ? measure(options, tokens, shop.token(), *seeded)
                                    : insist(options, std::move(tokens), shop.token(), *seeded, *history);
  if (!clients) return fail(std::move(clients.error()));
  report.clients = std::move(*clients);
  report.accept_seconds = seconds_since(start);
  const auto after = wait_until_settled(options, shop);
  if (!after) return fail(after.error());
  report.settle_seconds = seconds_since(start);
  report.confirmed = after->confirmed - before->confirmed;
  report.cancelled = after->cancelled - before->cancelled;
  report.unsettled = after->placed;
  std::sort(report.clients.latencies_ms.begin(), report.clients.latencies_ms.end());
  return report;
}

void print(const LoadReport& report, const LoadOptions& options) {
  const ClientReport& clients = report.clients;
  const double accepted = static_cast<double>(clients.accepted);
  const double ended = static_cast<double>(report.confirmed + report.cancelled);
  const char* format = options.as_json
                           ? "{\"accepted\":%lld,\"refused\":%lld,\"confirmed\":%lld,\"cancelled\":%lld,\"unsettled\":%lld,"
                             "\"accepted_per_s\":%.0f,\"completed_per_s\":%.0f,\"p50_ms\":%.2f,\"p99_ms\":%.2f,\"max_ms\":%.2f"
                           : "accepted %lld, refused %lld; confirmed %lld, cancelled %lld, unsettled %lld\n"
                             "%.0f accepted/s, %.0f completed/s; p50 %.2f ms, p99 %.2f ms, max %.2f ms\n";
  const auto number = [](std::int64_t value) { return static_cast<long long>(value); };
  std::printf(format, number(clients.accepted), number(clients.refused), number(report.confirmed), number(report.cancelled),
              number(report.unsettled), accepted / report.accept_seconds, ended / report.settle_seconds, report.quantile_ms(0.5),
              report.quantile_ms(0.99), report.quantile_ms(1));
  if (options.keeps_history()) {
    std::printf(
        options.as_json ? ",\"attempts\":%lld,\"unknown\":%lld" : "%lld attempts; the outcome of %lld orders is unknown\n",
        number(clients.attempts), number(clients.unknown));
  }
  if (options.as_json) std::printf("}\n");
}

int load(const LoadOptions& options) {
  auto tokens = PaymentMix::read(options.tokens);
  if (!tokens) return complain(tokens.error()), exit_usage;
  std::unique_ptr<ClientHistory> history;
  if (options.keeps_history()) {
    auto created = ClientHistory::create(options.history_file);
    if (!created) return complain(created.error()), exit_usage;
    history = std::move(*created);
  }
  const auto report = run_load(options, std::move(*tokens), history.get());
  if (!report) {
    complain(report.error());
    return report.error().code == "call.unavailable" ? exit_unreachable : exit_failed;
  }
  print(*report, options);
  const ClientReport& clients = report->clients;
  if (!clients.first_refusal.empty()) say("the first refusal: " + clients.first_refusal);
  return clients.refused == 0 && clients.unknown == 0 && report->unsettled == 0 ? exit_ok : exit_problems_found;
}

}  // namespace

void add_load(CLI::App& program, Action& chosen) {
  auto* command =
      program.add_subcommand("load", "Place orders on a running shop, a fixed number at a time, until every one has ended.");
  auto options = std::make_shared<LoadOptions>();
  add_access_options(*command, options->access);
  auto* orders = command->add_option("--orders", options->orders, "How many orders in all.");
  orders->check(CLI::Range(1, 100'000'000))->capture_default_str();
  command
      ->add_option("--seconds", options->seconds, "For how long new orders are placed; without --orders, as many as there are.")
      ->check(CLI::Range(1, 1'000'000));
  command->add_option("--in-flight", options->in_flight, "How many at a time.")
      ->check(CLI::Range(1, 1'000))
      ->capture_default_str();
  command->add_option("--tokens", options->tokens,
                      "Payment tokens and how often each is drawn, as tok_ok=8,tok_declined=1; by default none is sent.");
  command->add_option("--settle-timeout", options->settle_timeout_s, "How long to wait for the last ones to end, in seconds.")
      ->check(CLI::Range(0, 3'600))
      ->capture_default_str();
  command->add_option("--seed", options->seed, "Draws the same orders and keys again.");
  command->add_flag("!--no-keys", options->with_keys, "Send no Idempotency-Key.");
  command->add_flag("--json", options->as_json, "Print the report as JSON.");
  auto* history = command->add_option("--history", options->history_file,
                                      "Keep what each request was told in this new file, for `audit`, and repeat a request "
                                      "under its key until its outcome is known.");
  command->add_option("--rate", options->orders_per_s, "New orders a second at most.")
      ->check(CLI::Range(1, 100'000))
      ->needs(history);
  command->add_option("--retry", options->retry_s, "How long one request is repeated, and an absent shop waited for, in seconds.")
      ->check(CLI::Range(0, 86'400))
      ->capture_default_str()
      ->needs(history);
  command
      ->add_option(
          "--again", options->again_every,
          "Of so many acknowledged orders each client asks for one again, under its key, when it has placed as many others.")
      ->check(CLI::Range(1, 1'000'000))
      ->needs(history);
  command->add_option("--answer-timeout", options->answer_timeout_s, "How long one answer may take, in seconds.")
      ->check(CLI::Range(1, 60))
      ->capture_default_str()
      ->needs(history);
  command->callback([&chosen, options, orders] {
    if (options->seconds > 0 && orders->count() == 0) options->orders = INT64_MAX;
    chosen = [options] { return load(*options); };
  });
}

}  // namespace seamline::app
