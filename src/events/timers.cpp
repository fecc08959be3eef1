#include "events/timers.hpp"

#include <atomic>

#include "observe/log.hpp"

namespace seamline::events {

/// One due timer as a command. Counts itself off when it is over.
class Timers::Firing final : public store::Command {
 public:
  struct Group {
    std::mutex mutex;
    std::condition_variable changed;
    std::size_t left = 0;
  };

  Firing(const Due& due, const Handler& handler, Group& group) : due_(due), handler_(handler), group_(group) {}

  std::size_t run(store::Transaction& transaction, std::size_t) override {
    // Looked up again: it may have been cancelled, or moved, since it was found due.
    {
      store::Rows row = transaction.rows().query("SELECT due_at_ms FROM timers WHERE kind = $1 AND subject = $2", due_.kind, due_.subject);
      if (!row.next() || row.timestamp(0) > transaction.now()) return 1;
    }
    transaction.cancel_timer(due_.kind, due_.subject);
    handler_(transaction, due_.subject);
    return 1;
  }
  void committed() override { finish(); }
  void failed(const Error& error) override {
    problem = error.kind == Kind::internal ? error.detail : std::string();
    finish();
  }

  const Due& due() const { return due_; }
  std::string problem;

 private:
  void finish() {
    const std::lock_guard lock(group_.mutex);
    if (--group_.left == 0) group_.changed.notify_one();
  }

  const Due& due_;
  const Handler& handler_;
  Group& group_;
};

Timers::Timers(store::Store& store, const Clock& clock, Options options)
    : store_(store), clock_(clock), options_(options), last_step_(clock.monotonic()) {
  grace_ends_ = last_step_.plus_ms(options_.grace_ms);
}

bool Timers::is_in_grace() {
  const Instant now = clock_.monotonic();
  if (last_step_.ms_until(now) > options_.stall_ms) grace_ends_ = now.plus_ms(options_.grace_ms);
  last_step_ = now;
  return now < grace_ends_;
}

bool Timers::step() {
  if (is_in_grace()) return false;
  const std::vector<Due> due = find_due();
  if (due.empty()) return false;
  fire(due);
  return static_cast<std::int64_t>(due.size()) == options_.batch;
}

std::vector<Timers::Due> Timers::find_due() {
  return store_.read([&](store::View& view) {
    std::vector<Due> due;
    store::Rows row = view.rows().query("SELECT kind, subject FROM timers WHERE due_at_ms <= $1 ORDER BY due_at_ms LIMIT $2",
                                        clock_.now(), options_.batch);
    while (row.next()) {
      Due one{std::string(row.text(0)), std::string(row.text(1))};
      if (handlers_.contains(one.kind)) due.push_back(std::move(one));
    }
    return due;
  });
}

void Timers::fire(const std::vector<Due>& due) {
  Firing::Group group;
  group.left = due.size();
  std::deque<Firing> firings;
  for (const Due& one : due) firings.emplace_back(one, handlers_.at(one.kind), group);
  for (Firing& firing : firings) store_.writer().post_event(firing);
  store_.writer().wait(group.mutex, group.changed, [&] { return group.left == 0; });
  for (const Firing& firing : firings) {
    if (firing.problem.empty()) continue;
    observe::log_error("timers", "the timer " + firing.due().kind + " of " + firing.due().subject + " failed: " + firing.problem);
    (void)store_.write(CallContext{}, [&](store::Transaction& transaction) -> Result<void> {
      transaction.set_timer(firing.due().kind, firing.due().subject, {transaction.now().ms + options_.retry_ms});
      return {};
    });
  }
}

}  // namespace seamline::events
