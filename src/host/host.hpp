#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/id.hpp"
#include "events/consumer.hpp"
#include "events/follower.hpp"
#include "events/puller.hpp"
#include "events/timers.hpp"
#include "host/broker_links.hpp"
#include "host/module_spec.hpp"
#include "store/store.hpp"

namespace seamline::host {

/// Limits and folders of a host. Each has its key in the configuration.
struct HostOptions {
  std::filesystem::path data_dir;
  /// Its directory, module and storage are set for each module.
  store::StoreOptions store;
  /// Where a module's rows are, by its name; in a file in its folder where nothing is said.
  std::map<std::string, store::Storage, std::less<>> storage;
  std::size_t consumer_queue_entries = 4096;
  events::Puller::Options puller;
  /// Of the logs of publishers elsewhere. Without threads nothing waits, whatever it says.
  events::Follower::Options follower;
  BrokerLinkOptions broker_links;
  events::Timers::Options timers;
  std::int64_t timer_poll_ms = 100;
  /// How long remembered answers are kept.
  std::int64_t idempotency_keep_ms = 24LL * 3600 * 1000;
  /// How long stop() waits for calls that are under way.
  std::int64_t drain_ms = 25'000;
  /// Without threads whoever holds the host steps its loops: tests and simulations.
  bool threads = true;
  /// Calls, events, timers and work of recorded traces become spans of it; null for none. Outlives the host.
  observe::Tracer* tracer = nullptr;
  /// What steps the loops in the threads' place: a simulation's own. Outlives the host.
  LoopRunner* runner = &LoopRunner::threads();
};

/// Opens a module's log for one subscriber.
using LogOpener = std::function<std::unique_ptr<events::LogSource>(const std::string& subscriber)>;

/// How one module of a host is doing.
struct ModuleStatus {
  std::string name;
  bool is_open = false;
  /// What has stopped it from hearing a publisher; empty while all is well.
  std::vector<std::string> diverged_from;
};

/// A process's modules with their stores, seams, consumers and threads. Add the modules, start, stop; once.
class Host {
 public:
  /// `clock` and `random` exist and outlive the host.
  Host(HostOptions options, const Clock& clock, Random& random);
  ~Host();
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  /// Opens the module's store and makes the module. Errors: those of Store::open; module.cannot_start.
  Result<void> add(const ModuleSpec& spec);

  /// A port of the host's own, `caller` being its name on the edge. Before start().
  template <AContract C>
  Port<C>& port(std::string caller) {
    auto edge = std::make_unique<TypedEdge<C>>(std::move(caller));
    Port<C>& port = edge->port();
    own_edges_.push_back(std::move(edge));
    return port;
  }

  /// A module that runs elsewhere: calls go over `transport`, which exists and outlives the host; `open_log` gives each
  /// subscriber here its own reader of the module's log. Before start().
  void add_remote(const ModuleSpec& spec, Transport& transport, LogOpener open_log);

  /// A module that somebody else stands in for, over a broker: its calls find nobody, and it has no log. Before start().
  void add_foreign(const ModuleSpec& spec);
  /// Has a broker, which exists and outlives the host, carry what `publisher` publishes. A module that runs here is still heard
  /// directly by others that do, and sends its log to the broker for all else; events that others send in its place are heard
  /// from there. Before start().
  void carry(const std::string& publisher, events::Broker& broker) { carriers_[publisher] = &broker; }

  /// Connects seams and consumers, and starts the threads. Nothing is heard before it.
  void start();
  /// Closes the gates, lets what is under way end, stops the threads and the stores. Idempotent.
  void stop();

  /// Routes to all modules, here and elsewhere, over edges of their own: `caller` is their name. After the modules are added,
  /// before others use the host; each call opens further edges.
  std::vector<OperationRoute> routes(const std::string& caller = "gateway");
  /// The same to one module, for who carries calls here: the caller's seam, in another process, has the span of the call.
  std::vector<OperationRoute> routes_to(std::string_view module, const std::string& caller);
  /// All edges, for metrics.
  std::vector<const Edge*> edges() const;
  std::vector<ModuleStatus> status() const;
  std::vector<const events::Consumer*> consumers() const;
  const BrokerLinks& broker_links() const { return broker_links_; }
  /// What each module, here and elsewhere, offers and hears, for the documents. After the modules are added.
  std::vector<ModuleDescriptor> describe() const;
  /// Whether the module runs here.
  bool has(std::string_view module) const { return find(module) != nullptr; }
  store::Store& store_of(std::string_view module) const;
  seam::Gate& gate_of(std::string_view module) const;
  events::Consumer& consumer_of(std::string_view subscriber, std::string_view publisher) const;

  /// Without threads: steps every loop until none finds work, or `most_rounds` rounds have passed. Returns whether all is quiet.
  bool run_until_quiet(int most_rounds = 10'000);

 private:
  struct Placed;
  struct GatedThread;
  struct Following;
  class Housekeeping;
  struct Remote {
    ModuleSpec spec;
    std::unique_ptr<RemoteModule> module;
    LogOpener open_log;
  };

  void connect(Edge& edge) const;
  void connect_edges();
  void connect_consumers();
  void connect_gates();
  void connect_consumer(Placed& subscriber, const std::string& publisher, const events::Handlers::ByType& handlers);
  Following& follow(Placed& subscriber, const Remote& publisher, const events::Handlers::ByType& handlers);
  void connect_broker(Placed& subscriber, const ModuleSpec& publisher, const events::Handlers::ByType& handlers,
                      Following* following);
  void start_threads();
  /// Closes the gates one by one, callers before those whom they call, so that what is under way can end.
  void drain();
  std::vector<Placed*> callers_first() const;
  Placed* find(std::string_view module) const;
  std::vector<Loop*> loops();

  const HostOptions options_;
  const Clock& clock_;
  Random& random_;
  IdSource ids_;
  std::vector<std::unique_ptr<Placed>> modules_;
  std::vector<Remote> remotes_;
  std::vector<ModuleSpec> foreign_;
  std::map<std::string, events::Broker*> carriers_;  // by publisher
  std::vector<std::unique_ptr<Edge>> own_edges_;
  std::vector<std::unique_ptr<Entrance>> entrances_;
  std::vector<std::unique_ptr<events::LogSource>> sources_;
  std::vector<std::unique_ptr<events::Consumer>> consumers_;
  std::vector<std::unique_ptr<Following>> followings_;
  events::Puller puller_;
  std::unique_ptr<RunningLoop> puller_thread_;
  WorkerWaker puller_waker_;
  BrokerLinks broker_links_;
  bool is_started_ = false;
  bool is_stopped_ = false;
};

}  // namespace seamline::host
