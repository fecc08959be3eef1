#include "host/host.hpp"

#include "base/assert.hpp"
#include "store/migrations.hpp"

namespace seamline::host {

/// Forgets remembered answers that have aged out, a few at a time.
class Host::Housekeeping final : public Loop {
 public:
  Housekeeping(store::Store& store, const Clock& clock, std::int64_t keep_ms) : store_(store), clock_(clock), keep_ms_(keep_ms) {}

  bool step() override {
    const Instant now = clock_.monotonic();
    if (now < next_) return false;
    const bool more = store_.forget_answers({clock_.now().ms - keep_ms_}, batch) == batch;
    if (!more) next_ = now.plus_ms(period_ms);
    return more;
  }

 private:
  static constexpr std::int64_t batch = 500;
  static constexpr std::int64_t period_ms = 60'000;

  store::Store& store_;
  const Clock& clock_;
  const std::int64_t keep_ms_;
  Instant next_;
};

/// A module in its place: what belongs to it alone, in the order in which it is made.
struct Host::Placed {
  std::string name;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<Environment> environment;
  std::unique_ptr<HostedModule> module;
  std::unique_ptr<events::Timers> timers;
  std::unique_ptr<Housekeeping> housekeeping;
  std::vector<std::unique_ptr<LoopThread>> threads;
};

Host::Host(HostOptions options, const Clock& clock, Random& random)
    : options_(std::move(options)), clock_(clock), random_(random), ids_(clock, random), puller_(clock, options_.puller) {}

Host::~Host() { stop(); }

Result<void> Host::add(const ModuleSpec& spec) {
  SEAMLINE_ASSERT(!is_started_ && find(spec.name) == nullptr);
  store::StoreOptions store_options = options_.store;
  store_options.directory = options_.data_dir / spec.name;
  store_options.module = spec.name;
  auto opened = store::Store::open(store_options, store::all_migrations(), clock_, ids_.next());
  if (!opened) return fail(std::move(opened.error()));

  auto placed = std::make_unique<Placed>();
  placed->name = spec.name;
  placed->store = std::move(*opened);
  placed->environment = std::make_unique<Environment>(spec.name, *placed->store, clock_, random_, ids_, store_options.directory);
  try {
    placed->module = spec.create(*placed->environment);
  } catch (const CannotStart& problem) {
    return fail(ErrorCode{"module.cannot_start", Kind::unavailable}, "The module " + spec.name + " cannot start: " + problem.what());
  }
  placed->timers = std::make_unique<events::Timers>(*placed->store, clock_, options_.timers);
  for (auto& [kind, handler] : placed->environment->timers_) placed->timers->on(kind, handler);
  placed->housekeeping = std::make_unique<Housekeeping>(*placed->store, clock_, options_.idempotency_keep_ms);
  modules_.push_back(std::move(placed));
  return {};
}

Host::Placed* Host::find(std::string_view module) const {
  for (const auto& placed : modules_) {
    if (placed->name == module) return placed.get();
  }
  return nullptr;
}

void Host::connect_edges() {
  const auto connect = [this](Edge& edge) {
    if (Placed* callee = find(edge.callee())) edge.connect(callee->module->port());
  };
  for (const auto& edge : own_edges_) connect(*edge);
  for (const auto& placed : modules_) {
    for (const auto& edge : placed->environment->edges_) connect(*edge);
  }
}

void Host::connect_consumers() {
  std::map<std::string, std::vector<events::Consumer*>, std::less<>> by_publisher;
  for (const auto& subscriber : modules_) {
    for (const auto& [name, handlers] : subscriber->environment->handlers_.by_publisher()) {
      Placed* publisher = find(name);
      if (publisher == nullptr) continue;
      const auto wake_puller = [this] {
        if (puller_thread_) puller_thread_->wake();
      };
      consumers_.push_back(std::make_unique<events::Consumer>(
          name, handlers, *subscriber->store, events::Consumer::Options{options_.consumer_queue_entries, wake_puller}));
      sources_.push_back(std::make_unique<events::LocalLogSource>(*publisher->store));
      puller_.add(*consumers_.back(), *sources_.back());
      by_publisher[name].push_back(consumers_.back().get());
    }
  }
  for (auto& [name, subscribers] : by_publisher) {
    find(name)->store->writer().listen([subscribers = subscribers](const std::shared_ptr<const store::EntryBatch>& entries) {
      for (events::Consumer* subscriber : subscribers) subscriber->offer(entries);
    });
  }
}

void Host::start_threads() {
  puller_thread_ = std::make_unique<LoopThread>("puller", puller_, options_.puller.poll_ms);
  for (const auto& placed : modules_) {
    placed->store->writer().start_thread();
    auto& threads = placed->threads;
    threads.push_back(std::make_unique<LoopThread>("t-" + placed->name, *placed->timers, options_.timer_poll_ms));
    threads.push_back(std::make_unique<LoopThread>("h-" + placed->name, *placed->housekeeping, 10'000));
    for (auto& worker : placed->environment->workers_) {
      threads.push_back(std::make_unique<LoopThread>(worker.name, *worker.loop, worker.idle_ms));
      *worker.waker.thread_ = threads.back().get();
    }
  }
}

void Host::start() {
  SEAMLINE_ASSERT(!is_started_);
  is_started_ = true;
  connect_edges();
  connect_consumers();
  if (options_.threads) start_threads();
}

void Host::stop() {
  if (is_stopped_) return;
  is_stopped_ = true;
  for (const auto& placed : modules_) {
    placed->module->gate().close(fail(seam::draining, "The module " + placed->name + " is stopping.").value());
  }
  for (const auto& placed : modules_) placed->module->gate().wait_empty(options_.drain_ms);
  if (puller_thread_) puller_thread_->stop();
  for (const auto& placed : modules_) {
    for (const auto& thread : placed->threads) thread->stop();
  }
  for (const auto& placed : modules_) placed->store->stop();
}

std::vector<OperationRoute> Host::routes() const {
  std::vector<OperationRoute> all;
  for (const auto& placed : modules_) {
    auto routes = placed->module->routes();
    std::move(routes.begin(), routes.end(), std::back_inserter(all));
  }
  return all;
}

std::vector<const Edge*> Host::edges() const {
  std::vector<const Edge*> all;
  for (const auto& edge : own_edges_) all.push_back(edge.get());
  for (const auto& placed : modules_) {
    all.push_back(&placed->module->gateway_edge());
    for (const auto& edge : placed->environment->edges_) all.push_back(edge.get());
  }
  return all;
}

std::vector<ModuleStatus> Host::status() const {
  std::vector<ModuleStatus> all;
  for (const auto& placed : modules_) {
    ModuleStatus status{placed->name, placed->module->gate().is_open(), {}};
    for (const auto& consumer : consumers_) {
      if (consumer->subscriber() == placed->name && consumer->is_diverged()) status.diverged_from.push_back(consumer->publisher());
    }
    all.push_back(std::move(status));
  }
  return all;
}

std::vector<const events::Consumer*> Host::consumers() const {
  std::vector<const events::Consumer*> all;
  for (const auto& consumer : consumers_) all.push_back(consumer.get());
  return all;
}

store::Store& Host::store_of(std::string_view module) const {
  Placed* placed = find(module);
  SEAMLINE_ASSERT(placed != nullptr);
  return *placed->store;
}

events::Consumer& Host::consumer_of(std::string_view subscriber, std::string_view publisher) const {
  for (const auto& consumer : consumers_) {
    if (consumer->subscriber() == subscriber && consumer->publisher() == publisher) return *consumer;
  }
  SEAMLINE_ASSERT(!"a consumer that exists");
  std::abort();
}

std::vector<Loop*> Host::loops() {
  std::vector<Loop*> all{&puller_};
  for (const auto& placed : modules_) {
    all.push_back(&placed->store->writer());
    all.push_back(placed->timers.get());
    for (auto& worker : placed->environment->workers_) all.push_back(worker.loop);
  }
  return all;
}

bool Host::run_until_quiet(int most_rounds) {
  SEAMLINE_ASSERT(!options_.threads);
  const std::vector<Loop*> all = loops();
  for (int round = 0; round < most_rounds; ++round) {
    bool has_worked = false;
    for (Loop* loop : all) has_worked = loop->step() || has_worked;
    if (!has_worked) return true;
  }
  return false;
}

}  // namespace seamline::host
