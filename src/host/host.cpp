#include "host/host.hpp"

#include <algorithm>
#include <chrono>

#include "base/assert.hpp"
#include "base/fault.hpp"
#include "host/host_parts.hpp"
#include "store/migrations.hpp"

namespace seamline::host {
namespace {

HostOptions with_tracer(HostOptions options) {
  options.broker_links.inbox.tracer = options.tracer;
  return options;
}

constexpr ErrorCode cannot_start{"module.cannot_start", Kind::unavailable};

}  // namespace

Host::Host(HostOptions options, const Clock& clock, Random& random)
    : options_(with_tracer(std::move(options))),
      clock_(clock),
      random_(random),
      ids_(clock, random),
      puller_(clock, options_.puller),
      broker_links_(clock, options_.broker_links) {}

Host::~Host() { stop(); }

Result<void> Host::add(const ModuleSpec& spec) {
  SEAMLINE_ASSERT(!is_started_ && find(spec.name) == nullptr);
  store::StoreOptions store_options = options_.store;
  store_options.directory = options_.data_dir / spec.name;
  store_options.module = spec.name;
  if (const auto named = options_.storage.find(spec.name); named != options_.storage.end()) store_options.storage = named->second;
  if (store_options.storage.kind == store::StorageKind::mongodb && !spec.can_keep_documents) {
    return fail(cannot_start, "The module " + spec.name +
                                  " needs rows, and cannot keep its data in MongoDB. Give it the kind "
                                  "sqlite or postgres.");
  }
  auto opened = store::Store::open(store_options, store::all_migrations(), clock_, ids_.next());
  if (!opened) return fail(std::move(opened.error()));

  auto placed = std::make_unique<Placed>();
  placed->name = spec.name;
  placed->spec = spec;
  placed->store = std::move(*opened);
  placed->environment =
      std::make_unique<Environment>(spec.name, *placed->store, clock_, random_, ids_, store_options.directory, options_.tracer);
  try {
    placed->module = spec.create(*placed->environment);
  } catch (const store::StorageError& problem) {
    return fail(cannot_start, "The module " + spec.name + " cannot start, its store cannot be read: " + problem.what());
  } catch (const CannotStart& problem) {
    return fail(cannot_start, "The module " + spec.name + " cannot start: " + problem.what());
  }
  SEAMLINE_CRASH_POINT(spec.name, "module-created");
  placed->timers = std::make_unique<events::Timers>(*placed->store, clock_, options_.timers, options_.tracer);
  for (auto& [kind, handler] : placed->environment->timers_) placed->timers->on(kind, handler);
  placed->housekeeping = std::make_unique<Housekeeping>(*placed->store, clock_, options_.idempotency_keep_ms);
  if (placed->timers->has_handlers()) placed->add_loop("t-" + spec.name, *placed->timers, options_.timer_poll_ms, {});
  placed->add_loop("h-" + spec.name, *placed->housekeeping, 10'000, {});
  for (auto& worker : placed->environment->workers_) placed->add_loop(worker.name, *worker.loop, worker.idle_ms, worker.waker);
  modules_.push_back(std::move(placed));
  return {};
}

Host::Placed* Host::find(std::string_view module) const {
  for (const auto& placed : modules_) {
    if (placed->name == module) return placed.get();
  }
  return nullptr;
}

void Host::add_remote(const ModuleSpec& spec, Transport& transport, LogOpener open_log) {
  SEAMLINE_ASSERT(!is_started_ && find(spec.name) == nullptr);
  remotes_.push_back({spec, spec.connect(transport), std::move(open_log)});
}

void Host::add_foreign(const ModuleSpec& spec) {
  SEAMLINE_ASSERT(!is_started_ && find(spec.name) == nullptr);
  foreign_.push_back(spec);
}

void Host::connect(Edge& edge) const {
  edge.trace_with(options_.tracer);
  if (const Placed* callee = find(edge.callee())) return edge.connect(callee->module->port());
  for (const Remote& remote : remotes_) {
    if (remote.spec.name == edge.callee()) edge.connect(remote.module->port());
  }
}

void Host::connect_edges() {
  for (const auto& edge : own_edges_) connect(*edge);
  for (const auto& placed : modules_) {
    placed->module->gate().trace_with(options_.tracer);
    for (const auto& edge : placed->environment->edges_) connect(*edge);
  }
}

void Host::connect_consumers() {
  for (const auto& [publisher, broker] : carriers_) {
    const Placed* placed = find(publisher);
    if (placed == nullptr) continue;
    broker_links_.send(*broker, std::string(placed->spec.contract.topic), *placed->store, placed->module->gate());
  }
  for (const auto& subscriber : modules_) {
    try {
      for (const auto& [publisher, handlers] : subscriber->environment->handlers_.by_publisher()) {
        connect_consumer(*subscriber, publisher, handlers);
      }
    } catch (const store::StorageError& problem) {
      stop_process(("the cursors in the store of module " + subscriber->name + " cannot be read: " + problem.what()).c_str(),
                   "Mend the cause (disk, ownership, open files), then start again.");
    }
  }
}

void Host::connect_consumer(Placed& subscriber, const std::string& publisher, const events::Handlers::ByType& handlers) {
  for (const Remote& remote : remotes_) {
    if (remote.spec.name == publisher) connect_broker(subscriber, remote.spec, handlers, &follow(subscriber, remote, handlers));
  }
  for (const ModuleSpec& foreign : foreign_) {
    if (foreign.name == publisher) connect_broker(subscriber, foreign, handlers, nullptr);
  }
  Placed* placed = find(publisher);
  if (placed == nullptr) return;
  sources_.push_back(std::make_unique<events::LocalLogSource>(*placed->store, placed->module->gate()));
  consumers_.push_back(std::make_unique<events::Consumer>(
      publisher, handlers, *subscriber.store, subscriber.module->gate(),
      events::Consumer::Options{options_.consumer_queue_entries, [waker = puller_waker_] { waker.wake(); }, options_.tracer}));
  puller_.add(*consumers_.back(), *sources_.back());
  placed->store->writer().listen([consumer = consumers_.back().get()](const std::shared_ptr<const store::EntryBatch>& entries) {
    consumer->offer(entries);
  });
  connect_broker(subscriber, placed->spec, handlers, nullptr);
}

Host::Following& Host::follow(Placed& subscriber, const Remote& publisher, const events::Handlers::ByType& handlers) {
  sources_.push_back(publisher.open_log(subscriber.name));
  auto following = std::make_unique<Following>();
  consumers_.push_back(std::make_unique<events::Consumer>(
      publisher.spec.name, handlers, *subscriber.store, subscriber.module->gate(),
      events::Consumer::Options{options_.consumer_queue_entries, [waker = following->waker] { waker.wake(); }, options_.tracer}));
  events::Follower::Options follower_options = options_.follower;
  if (!options_.threads) follower_options.wait_ms = 0;
  following->name = "f-" + subscriber.name;
  following->consumer = consumers_.back().get();
  following->loop = std::make_unique<events::Follower>(*consumers_.back(), *sources_.back(), clock_, follower_options);
  followings_.push_back(std::move(following));
  return *followings_.back();
}

void Host::connect_broker(Placed& subscriber, const ModuleSpec& publisher, const events::Handlers::ByType& handlers,
                          Following* following) {
  const auto carrier = carriers_.find(publisher.name);
  if (carrier == carriers_.end()) return;
  const events::Receiver& receiver =
      broker_links_.hear(*carrier->second, std::string(publisher.contract.topic), publisher.name, handlers, *subscriber.store,
                         subscriber.module->gate(), following != nullptr ? following->consumer : nullptr);
  if (following != nullptr) following->loop->carried_by([&receiver] { return receiver.is_carrying(); });
}

void Host::connect_gates() {
  for (const auto& placed : modules_) {
    placed->module->gate().on_open([this, module = placed.get()] {
      for (const auto& consumer : consumers_) {
        if (consumer->subscriber() == module->name) consumer->resume();
      }
      broker_links_.resume(module->name);
      for (const GatedThread& loop : module->loops) loop.waker.wake();
    });
  }
}

void Host::start_threads() {
  // The writers first: whatever runs next posts to them.
  for (const auto& placed : modules_) placed->store->writer().start_thread(*options_.runner);
  puller_thread_ = options_.runner->start("puller", puller_, options_.puller.poll_ms);
  puller_waker_.thread_->store(puller_thread_.get());
  for (const auto& following : followings_) {
    following->thread = options_.runner->start(following->name, *following->loop, Following::idle_ms);
    following->waker.thread_->store(following->thread.get());
  }
  broker_links_.start_threads(*options_.runner);
  for (const auto& placed : modules_) {
    for (GatedThread& loop : placed->loops) {
      loop.thread = options_.runner->start(loop.name, loop.loop, loop.idle_ms);
      loop.waker.thread_->store(loop.thread.get());
    }
  }
}

void Host::start() {
  SEAMLINE_ASSERT(!is_started_);
  is_started_ = true;
  connect_edges();
  connect_consumers();
  connect_gates();
  SEAMLINE_CRASH_POINT("", "host-connected");
  if (options_.threads) start_threads();
  SEAMLINE_CRASH_POINT("", "host-started");
}

void Host::stop() {
  if (is_stopped_) return;
  is_stopped_ = true;
  SEAMLINE_CRASH_POINT("", "before-drain");
  drain();
  SEAMLINE_CRASH_POINT("", "drained");
  if (puller_thread_) puller_thread_->stop();
  for (const auto& following : followings_) following->loop->stop();
  for (const auto& following : followings_) {
    if (following->thread) following->thread->stop();
  }
  broker_links_.stop();
  for (const auto& placed : modules_) {
    for (const GatedThread& loop : placed->loops) {
      if (loop.thread) loop.thread->stop();
    }
  }
  SEAMLINE_CRASH_POINT("", "loops-stopped");
  for (const auto& placed : modules_) placed->store->stop();
  SEAMLINE_CRASH_POINT("", "writers-stopped");
}

void Host::drain() {
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(options_.drain_ms);
  for (Placed* placed : callers_first()) {
    Error reason = std::move(fail(seam::draining, "The module " + placed->name + " is stopping.").value());
    reason.retryable = true;
    reason.retry_after_ms = 1000;
    seam::Gate& gate = placed->module->gate();
    gate.close(std::move(reason));
    // Without threads nobody else could end what is under way.
    if (!options_.threads || !is_started_) continue;
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    gate.wait_empty(std::max<std::int64_t>(left.count(), 0));
  }
}

std::vector<Host::Placed*> Host::callers_first() const {
  std::vector<Placed*> left;
  for (const auto& placed : modules_) left.push_back(placed.get());
  std::vector<Placed*> ordered;
  while (!left.empty()) {
    auto next = std::find_if(left.begin(), left.end(), [&](const Placed* callee) {
      return std::none_of(left.begin(), left.end(), [&](const Placed* caller) { return caller->calls(*callee); });
    });
    if (next == left.end()) next = left.begin();
    ordered.push_back(*next);
    left.erase(next);
  }
  return ordered;
}

std::vector<OperationRoute> Host::routes_to(std::string_view module, const std::string& caller) {
  const ModuleSpec* spec = nullptr;
  if (const Placed* placed = find(module)) spec = &placed->spec;
  for (const Remote& remote : remotes_) {
    if (remote.spec.name == module) spec = &remote.spec;
  }
  SEAMLINE_ASSERT(spec != nullptr);
  entrances_.push_back(spec->open_entrance(caller));
  connect(entrances_.back()->edge());
  entrances_.back()->edge().trace_with(nullptr);
  return entrances_.back()->routes();
}

std::vector<OperationRoute> Host::routes(const std::string& caller) {
  std::vector<OperationRoute> all;
  const auto add = [&](const std::string& module) {
    auto routes = routes_to(module, caller);
    entrances_.back()->edge().trace_with(options_.tracer);
    std::move(routes.begin(), routes.end(), std::back_inserter(all));
  };
  for (const auto& placed : modules_) add(placed->name);
  for (const Remote& remote : remotes_) add(remote.spec.name);
  return all;
}

std::vector<const Edge*> Host::edges() const {
  std::vector<const Edge*> all;
  for (const auto& edge : own_edges_) all.push_back(edge.get());
  for (const auto& entrance : entrances_) all.push_back(&entrance->edge());
  for (const auto& placed : modules_) {
    for (const auto& edge : placed->environment->edges_) all.push_back(edge.get());
  }
  return all;
}

std::vector<ModuleStatus> Host::status() const {
  std::vector<ModuleStatus> all;
  for (const auto& placed : modules_) {
    ModuleStatus status{placed->name, placed->module->gate().is_open(), {}};
    for (const auto& consumer : consumers_) {
      if (consumer->subscriber() == placed->name && consumer->is_diverged())
        status.diverged_from.push_back(consumer->publisher());
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

std::vector<ModuleDescriptor> Host::describe() const {
  std::vector<const ModuleSpec*> specs;
  for (const auto& placed : modules_) specs.push_back(&placed->spec);
  for (const Remote& remote : remotes_) specs.push_back(&remote.spec);
  std::vector<ModuleDescriptor> all;
  for (const ModuleSpec* spec : specs) {
    ModuleDescriptor module{spec->contract, spec->hears};
    for (EventDescriptor& event : module.hears) {
      // That of the publisher's contract, where this host knows it; else the publisher's name.
      event.topic = event.type.module;
      for (const ModuleSpec* publisher : specs) {
        if (publisher->name == event.type.module) event.topic = publisher->contract.topic;
      }
    }
    all.push_back(std::move(module));
  }
  return all;
}

store::Store& Host::store_of(std::string_view module) const {
  Placed* placed = find(module);
  SEAMLINE_ASSERT(placed != nullptr);
  return *placed->store;
}

seam::Gate& Host::gate_of(std::string_view module) const {
  Placed* placed = find(module);
  SEAMLINE_ASSERT(placed != nullptr);
  return placed->module->gate();
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
    for (GatedThread& loop : placed->loops) all.push_back(&loop.loop);
  }
  // Last, as what comes from elsewhere takes longer: a deadline that is due has its turn first, as it has in one process.
  for (const auto& following : followings_) all.push_back(following->loop.get());
  for (Loop* loop : broker_links_.loops()) all.push_back(loop);
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
