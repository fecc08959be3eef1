#pragma once

#include <string>
#include <vector>

#include "base/clock.hpp"
#include "cli/client_history.hpp"
#include "cli/payment_mix.hpp"
#include "cli/seeding.hpp"

namespace seamline::app {

/// What the clients of a load were told, added up.
struct ClientReport {
  /// Requests that were sent; with repeats.
  std::int64_t attempts = 0;
  /// Orders: acknowledged, refused for good, and those of which their client never learned what became of them.
  std::int64_t accepted = 0;
  std::int64_t refused = 0;
  std::int64_t unknown = 0;
  std::string first_refusal;
  /// Of each attempt that was acknowledged or refused.
  std::vector<double> latencies_ms;

  void add(ClientReport&& other);
};

/// Clients who place one order after the other and repeat each, under its key, until they have a definite answer: no server that
/// is away, dies, or loses its answers makes them stop. Every attempt is on record before it leaves.
class PersistentClients {
 public:
  struct Plan {
    ShopAccess access;
    std::int64_t clients = 64;
    /// New orders end with their number, or when the time is over.
    std::int64_t orders = 10'000;
    std::int64_t duration_ms = INT64_MAX;
    /// New orders a second at most, all clients together; 0 for as many as there are answers.
    std::int64_t orders_per_s = 0;
    /// How long one order is repeated; then its client gives it up, its outcome stays unknown, and the next one follows.
    std::int64_t retry_ms = 60'000;
    /// Of so many acknowledged orders each client asks for one again, under its key, when it has placed as many others; 0 for
    /// none.
    std::int64_t again_every = 0;
    std::int64_t answer_timeout_ms = 10'000;
    PaymentMix tokens;
    std::uint64_t seed = 0;
  };

  /// All outlive it.
  PersistentClients(const Plan& plan, const Seeded& seeded, ClientHistory& history, const Clock& clock)
      : plan_(plan), seeded_(seeded), history_(history), clock_(clock) {}

  /// Runs until every order has its end; a thread a client. `token` is the access token to begin with; empty for none.
  /// Errors: history.unwritable; then nothing more is asked, for it could not be accounted for.
  Result<ClientReport> run(const std::string& token);

 private:
  const Plan& plan_;
  const Seeded& seeded_;
  ClientHistory& history_;
  const Clock& clock_;
};

}  // namespace seamline::app
