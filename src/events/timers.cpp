#include "events/timers.hpp"

#include <algorithm>
#include <optional>

#include "base/fault.hpp"
#include "observe/log.hpp"

namespace seamline::events {

/// One due timer as a command. Counts itself off when it is over.
class Timers::Firing final : public store::Command {
 public:
  Firing(const std::string& module, const Due& due, const Handler& handler, observe::Tracer* tracer, Completion& all)
      : module_(module), due_(due), handler_(handler), tracer_(tracer), all_(all) {}

  std::size_t run(store::Transaction& transaction, std::size_t) override {
    // Looked up again: it may have been cancelled, or moved, since it was found due.
    if (!transaction.is_timer_due(due_.kind, due_.subject)) return 1;
    SEAMLINE_CRASH_POINT(module_, "before-timer");
    begin_span();
    transaction.cancel_timer(due_.kind, due_.subject);
    handler_(transaction, due_.subject);
    span_.end();
    SEAMLINE_CRASH_POINT(module_, "timer-fired");
    return 1;
  }
  void committed() override {
    span_ = {};
    all_.finish_one();
  }
  void rolled_back() override { span_.cancel(); }
  void failed(const Error& error) override {
    // Anything else than its own failure leaves the timer due.
    if (error.kind == Kind::internal) problem_ = error.detail;
    has_run_ = error.kind == Kind::internal;
    all_.finish_one();
  }

  const Due& due() const { return due_; }
  bool has_run() const { return has_run_; }
  const std::optional<std::string>& problem() const { return problem_; }

 private:
  void begin_span() {
    if (tracer_ == nullptr) return;
    const observe::TraceContext first = tracer_->root();
    trace = first.text();
    span_ = observe::ActiveSpan(*tracer_, observe::SpanKind::internal, first, {});
    span_.name(module_ + " timer " + due_.kind);
    span_.attribute("seamline.module", module_);
    span_.attribute("seamline.timer", due_.kind);
  }

  const std::string& module_;
  const Due& due_;
  const Handler& handler_;
  observe::Tracer* const tracer_;
  observe::ActiveSpan span_;
  Completion& all_;
  bool has_run_ = true;
  std::optional<std::string> problem_;
};

Timers::Timers(store::Store& store, const Clock& clock, Options options, observe::Tracer* tracer)
    : store_(store),
      clock_(clock),
      options_(options),
      tracer_(tracer),
      last_step_(clock.monotonic()),
      last_step_at_(clock.now()) {
  grace_ends_ = last_step_.plus_ms(options_.grace_ms);
}

bool Timers::is_in_grace() {
  const Instant now = clock_.monotonic();
  const Timestamp now_at = clock_.now();
  const std::int64_t pause_ms = std::max(last_step_.ms_until(now), now_at.ms - last_step_at_.ms);
  if (pause_ms > options_.stall_ms) grace_ends_ = now.plus_ms(options_.grace_ms);
  last_step_ = now;
  last_step_at_ = now_at;
  return now < grace_ends_;
}

bool Timers::step() {
  if (is_in_grace()) return false;
  const std::vector<Due> due = find_due();
  return !due.empty() && fire(due);
}

std::vector<Timers::Due> Timers::find_due() {
  return store_.read([&](store::View& view) {
    std::vector<Due> due;
    view.due_timers(clock_.now(), [&](std::string_view kind, std::string_view subject) {
      // Timers of a kind that nobody handles any more stay where they are, and take nobody's place.
      Due one{std::string(kind), std::string(subject)};
      if (handlers_.contains(one.kind)) due.push_back(std::move(one));
      return due.size() < options_.batch;
    });
    return due;
  });
}

bool Timers::fire(const std::vector<Due>& due) {
  Completion all(static_cast<std::uint32_t>(due.size()));
  std::deque<Firing> firings;
  for (const Due& one : due) firings.emplace_back(store_.module(), one, handlers_.at(one.kind), tracer_, all);
  for (Firing& firing : firings) store_.writer().post_event(firing);
  store_.writer().wait(all);
  bool has_run = false;
  for (const Firing& firing : firings) {
    has_run = has_run || firing.has_run();
    if (firing.problem()) put_off(firing.due(), *firing.problem());
  }
  return has_run;
}

void Timers::put_off(const Due& due, const std::string& problem) {
  observe::log_error("timers", "the timer " + due.kind + " of " + due.subject + " failed: " + problem);
  (void)store_.write(CallContext{}, [&](store::Transaction& transaction) -> Result<void> {
    // Only where it is still due: it may have been cancelled, or moved, in the meantime.
    transaction.put_off_timer(due.kind, due.subject, {transaction.now().ms + options_.retry_ms});
    return {};
  });
}

}  // namespace seamline::events
