#pragma once

#include <functional>
#include <map>
#include <string>

#include "base/loop.hpp"
#include "observe/trace.hpp"
#include "store/store.hpp"

namespace seamline::events {

/// Fires the timers of one store: each handler runs in the transaction that removes its timer, so once, however often the
/// process dies. At start, and after a stall, due timers wait for a grace in which the logs are read: what came in the
/// meantime may have made them moot.
class Timers final : public Loop {
 public:
  struct Options {
    std::int64_t grace_ms = 10'000;
    /// A pause between two steps, on either clock, that counts as a stall: a suspended machine stops only the one.
    std::int64_t stall_ms = 5'000;
    /// Timers that one step fires.
    std::size_t batch = 64;
    /// How long a timer waits whose handler threw.
    std::int64_t retry_ms = 10'000;
  };

  using Handler = std::function<void(store::Transaction&, const std::string& subject)>;

  /// Both exist and outlive the loop, as does the tracer, which may be null: each timer that fires begins a trace.
  Timers(store::Store& store, const Clock& clock, Options options, observe::Tracer* tracer = nullptr);

  /// What the timers of a kind do. Before the first step.
  void on(std::string kind, Handler handler) { handlers_[std::move(kind)] = std::move(handler); }
  bool has_handlers() const { return !handlers_.empty(); }

  bool step() override;

 private:
  struct Due {
    std::string kind;
    std::string subject;
  };
  class Firing;

  bool is_in_grace();
  std::vector<Due> find_due();
  /// Returns whether any has run.
  bool fire(const std::vector<Due>& due);
  void put_off(const Due& due, const std::string& problem);

  store::Store& store_;
  const Clock& clock_;
  const Options options_;
  observe::Tracer* const tracer_;
  std::map<std::string, Handler> handlers_;
  Instant last_step_;
  Timestamp last_step_at_;
  Instant grace_ends_;
};

}  // namespace seamline::events
