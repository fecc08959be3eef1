#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/loop.hpp"
#include "base/random.hpp"
#include "events/handlers.hpp"
#include "events/timers.hpp"
#include "host/edge.hpp"
#include "store/store.hpp"

namespace seamline::host {

/// Wakes a loop's thread; nothing before there is one. Thread-safe, and callable for as long as the host exists.
class WorkerWaker {
 public:
  void wake() const {
    if (RunningLoop* const thread = thread_->load()) thread->wake();
  }

 private:
  friend class Host;
  using Thread = std::atomic<RunningLoop*>;
  std::shared_ptr<Thread> thread_ = std::make_shared<Thread>(nullptr);
};

/// A piece of work that a module does of its own accord, while it lives.
struct Work {
  observe::ActiveSpan span;
  /// For what is called and written in its course.
  CallContext context;
};

/// What a module is given when it is made: its own store, and the kernel's services. In its constructor it asks for the ports
/// of the modules that it calls, and registers the events that it hears, its timers and its workers. Outlives the module.
class Environment {
 public:
  /// All exist and outlive the environment; `tracer` may be null. `directory` is where the module may keep files beside its
  /// store.
  Environment(std::string module, store::Store& store, const Clock& clock, Random& random, IdSource& ids,
              std::filesystem::path directory, observe::Tracer* tracer)
      : module_(std::move(module)),
        store_(store),
        clock_(clock),
        random_(random),
        ids_(ids),
        directory_(std::move(directory)),
        tracer_(tracer) {}

  const std::string& module() const { return module_; }
  store::Store& store() const { return store_; }
  const Clock& clock() const { return clock_; }
  Random& random() const { return random_; }
  IdSource& ids() const { return ids_; }
  const std::filesystem::path& directory() const { return directory_; }

  /// The port of another module: a seam, connected before the first call. Lives as long as the host.
  template <AContract C>
  Port<C>& port() {
    auto edge = std::make_unique<TypedEdge<C>>(module_);
    Port<C>& port = edge->port();
    edges_.push_back(std::move(edge));
    return port;
  }

  /// Applies event E in the transaction that moves the cursor: `handle(Transaction&, const E&)`.
  template <Event E, class Handle>
  void hear(Handle handle) {
    handlers_.hear<E>(std::move(handle));
  }

  /// The same for each event of the list, by one handler for all.
  template <Event... Events, class Handle>
  void hear_each(Hears<Events...>, Handle handle) {
    (hear<Events>(handle), ...);
  }

  /// What happens when a timer of this kind is due: in the transaction that removes it.
  void on_timer(std::string kind, events::Timers::Handler handler) { timers_.emplace_back(std::move(kind), std::move(handler)); }

  /// A loop of the module's own, which calls the outside world: a thread steps it when woken, and every `idle_ms`, as long as
  /// the module's gate is open.
  /// `loop` lives as long as the module.
  WorkerWaker add_worker(std::string name, Loop& loop, std::int64_t idle_ms) {
    workers_.push_back({std::move(name), &loop, idle_ms, WorkerWaker{}});
    return workers_.back().waker;
  }

  /// Begins a piece of a worker's work, which nobody has called for: the first span of a trace of its own. Thread-safe.
  Work begin_work(std::string_view name) const {
    Work work;
    if (tracer_ == nullptr) return work;
    const observe::TraceContext first = tracer_->root();
    work.context.traceparent = first.text();
    work.span = observe::ActiveSpan(*tracer_, observe::SpanKind::internal, first, {});
    work.span.name(module_ + " worker " + std::string(name));
    work.span.attribute("seamline.module", module_);
    return work;
  }

 private:
  friend class Host;
  struct Worker {
    std::string name;
    Loop* loop;
    std::int64_t idle_ms;
    WorkerWaker waker;
  };

  const std::string module_;
  store::Store& store_;
  const Clock& clock_;
  Random& random_;
  IdSource& ids_;
  const std::filesystem::path directory_;
  observe::Tracer* const tracer_;
  std::vector<std::unique_ptr<Edge>> edges_;
  events::Handlers handlers_;
  std::vector<std::pair<std::string, events::Timers::Handler>> timers_;
  std::vector<Worker> workers_;
};

}  // namespace seamline::host
