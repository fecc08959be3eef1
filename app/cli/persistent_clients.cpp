#include "cli/persistent_clients.hpp"

#include <algorithm>
#include <atomic>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>

#include "contract/wire.hpp"
#include "resilience/pause.hpp"
#include "resilience/retry.hpp"

namespace seamline::app {
namespace {

/// Short pauses: a shop that comes back is to be met by all its customers at once.
constexpr resilience::RetrySettings backoff{.first_backoff_ms = 20, .max_backoff_ms = 500};

std::int64_t milliseconds(Instant at) { return at.ns / 1'000'000; }

/// What all clients share.
struct Errand {
  const PersistentClients::Plan& plan;
  const Seeded& seeded;
  ClientHistory& history;
  const Clock& clock;
  const Instant opens;
  std::atomic<std::int64_t> orders{0};
  std::atomic<bool> is_over{false};
  std::mutex mutex{};
  std::optional<Error> failure{};

  /// Gives the next order to a client, who waits until it is due. False once there are no more.
  bool takes_another() {
    const std::int64_t number = orders.fetch_add(1);
    const std::int64_t due_ms = plan.orders_per_s == 0 ? 0 : number * 1'000 / plan.orders_per_s;
    const std::int64_t passed_ms = opens.ms_until(clock.monotonic());
    if (number >= plan.orders || std::max(due_ms, passed_ms) >= plan.duration_ms) return false;
    if (due_ms > passed_ms) resilience::Pause::system().pause(due_ms - passed_ms);
    return !is_over.load();
  }
  void end_with(Error error) {
    const std::lock_guard lock(mutex);
    if (!failure) failure = std::move(error);
    is_over.store(true);
  }
};

/// A definite refusal is one that a repeat would not change. What the client cannot read is no answer.
void judge(Attempt& attempt, const http::Response& response) {
  attempt.status = response.status;
  if (response.status >= 200 && response.status < 300) {
    const auto answer = json::parse(response.body);
    auto order_id = answer ? text_member(*answer, "order_id") : Result<std::string>(fail(answer.error()));
    if (!order_id || order_id->empty() || order_id->size() > ClientHistory::max_order_id_bytes) return;
    attempt.order_id = std::move(*order_id);
    attempt.outcome = AttemptOutcome::ok;
  } else if (response.status >= 400 && response.status < 500) {
    const bool may_change = response.status == 409 || response.status == 425 || response.status == 429;
    if (!may_change) attempt.outcome = AttemptOutcome::failed;
  }
}

class PersistentClient {
 public:
  PersistentClient(Errand& errand, std::uint64_t seed, const std::string& token)
      : errand_(errand),
        shop_(errand.plan.access, {.first_byte_ms = errand.plan.answer_timeout_ms, .total_ms = errand.plan.answer_timeout_ms}),
        random_(seed) {
    shop_.use_token(token);
  }

  void run() {
    while (errand_.takes_another()) place_order();
  }
  ClientReport& report() { return report_; }

 private:
  /// A request with its key, which all its repeats have.
  struct Order {
    std::string key;
    http::Request request;
  };

  Order draw_order() {
    Order order{"load-" + std::to_string(random_.next_u64()),
                {"POST", "/orders", {}, {}, random_order(random_, errand_.seeded, errand_.plan.tokens.draw(random_))}};
    order.request.headers.add("Content-Type", "application/json");
    order.request.headers.add("Idempotency-Key", order.key);
    return order;
  }

  void place_order() {
    Order order = draw_order();
    const Attempt last = insist(order);
    count(last);
    const std::int64_t every = errand_.plan.again_every;
    if (every == 0 || last.outcome != AttemptOutcome::ok || report_.accepted % every != 0) return;
    if (long_ago_) (void)insist(*long_ago_);
    long_ago_ = std::move(order);
  }

  /// Asks until there is a definite answer, or for as long as one is asked for. Returns the last attempt.
  Attempt insist(const Order& order) {
    const Instant give_up = errand_.clock.monotonic().plus_ms(errand_.plan.retry_ms);
    for (std::int64_t number = 1;; ++number) {
      Attempt attempt = try_once(order);
      const bool is_enough = attempt.outcome != AttemptOutcome::unknown || errand_.clock.monotonic() >= give_up;
      if (is_enough || errand_.is_over.load()) return attempt;
      resilience::Pause::system().pause(resilience::backoff_ms(backoff, number, 0, random_));
    }
  }

  /// One attempt, with its line.
  Attempt try_once(const Order& order) {
    Attempt attempt;
    attempt.key = order.key;
    attempt.start_ms = milliseconds(errand_.clock.monotonic());
    if (auto begun = errand_.history.begin(attempt); !begun) return errand_.end_with(std::move(begun.error())), attempt;
    ++report_.attempts;
    const Instant sent_at = errand_.clock.monotonic();
    const auto response = shop_.exchange(order.request);
    const Instant answered_at = errand_.clock.monotonic();
    attempt.end_ms = milliseconds(answered_at);
    if (response) judge(attempt, *response);
    if (auto ended = errand_.history.end(attempt); !ended) errand_.end_with(std::move(ended.error()));
    if (attempt.outcome == AttemptOutcome::unknown) return attempt;
    report_.latencies_ms.push_back(static_cast<double>(answered_at.ns - sent_at.ns) / 1e6);
    if (attempt.outcome == AttemptOutcome::failed && report_.first_refusal.empty()) report_.first_refusal = response->body;
    return attempt;
  }

  void count(const Attempt& last) {
    switch (last.outcome) {
      case AttemptOutcome::ok: ++report_.accepted; break;
      case AttemptOutcome::failed: ++report_.refused; break;
      case AttemptOutcome::unknown: ++report_.unknown; break;
    }
    // The token has run out: the next order has another.
    if (last.status == 401) (void)shop_.log_in();
  }

  Errand& errand_;
  ApiClient shop_;
  SeededRandom random_;
  ClientReport report_;
  /// Acknowledged some orders before.
  std::optional<Order> long_ago_;
};

}  // namespace

void ClientReport::add(ClientReport&& other) {
  attempts += other.attempts;
  accepted += other.accepted;
  refused += other.refused;
  unknown += other.unknown;
  if (first_refusal.empty()) first_refusal = std::move(other.first_refusal);
  latencies_ms.insert(latencies_ms.end(), other.latencies_ms.begin(), other.latencies_ms.end());
}

Result<ClientReport> PersistentClients::run(const std::string& token) {
  Errand errand{plan_, seeded_, history_, clock_, clock_.monotonic()};
  // Seeds that are drawn, not counted up: the sequences of neighbouring ones may be one, shifted.
  SeededRandom seeds(plan_.seed);
  std::deque<PersistentClient> clients;
  std::vector<std::thread> threads;
  for (std::int64_t number = 0; number < plan_.clients; ++number) {
    PersistentClient& client = clients.emplace_back(errand, seeds.next_u64(), token);
    threads.emplace_back([&client] { client.run(); });
  }
  for (std::thread& thread : threads) thread.join();
  auto finished = history_.finish();
  if (errand.failure) return fail(std::move(*errand.failure));
  if (!finished) return fail(std::move(finished.error()));
  ClientReport report;
  for (PersistentClient& client : clients) report.add(std::move(client.report()));
  return report;
}

}  // namespace seamline::app
