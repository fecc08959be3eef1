#include "process.hpp"

#include "base/assert.hpp"
#include "base/hash.hpp"
#include "events/event_endpoint.hpp"
#include "events/http_log_source.hpp"
#include "events/log_headers.hpp"
#include "http/dispatcher.hpp"
#include "http/remote_transport.hpp"
#include "inventory/contract.hpp"
#include "order/contract.hpp"
#include "payment/contract.hpp"
#include "user/contract.hpp"

namespace seamline::simulation {
namespace {

/// Believes what a client says of itself: `user <id>`, or `admin`.
class SimulatedAuthenticator final : public security::Authenticator {
 public:
  Result<Caller> authenticate(std::string_view authorization) override {
    if (authorization == "admin") return Caller{Role::admin, {}};
    if (authorization.starts_with("user ")) return Caller{Role::user, std::string(authorization.substr(5))};
    return Caller{};
  }
};

/// What the event endpoint answers where there is nothing to send.
constexpr std::string_view empty_batch = "[]";

std::int64_t number_behind(std::string_view query, std::string_view name) {
  const auto at = query.find(name);
  return at == std::string_view::npos ? 0 : std::strtoll(query.data() + at + name.size(), nullptr, 10);
}

}  // namespace

std::vector<host::ModuleSpec> ShopSettings::modules() const {
  return {user::module(user), inventory::module(inventory), payment::module(payment), order::module(order)};
}

/// A process from its start to its end.
class Process::Life final : public Peer {
 public:
  Life(Process& process, std::uint64_t seed)
      : Peer(process.name_),
        process_(process),
        random_(seed),
        runner_(scheduler(), *this, random_),
        exchange_(process.surroundings_.network, *this),
        ids_(process.clock_, random_) {}

  /// Errors: those of Host::add.
  Result<void> start() {
    host::HostOptions options = process_.surroundings_.settings.host;
    options.runner = &runner_;
    host_ = std::make_unique<host::Host>(options, process_.clock_, random_);
    for (const host::ModuleSpec& spec : process_.surroundings_.modules) {
      if (!process_.hosted_.contains(spec.name)) continue;
      if (auto added = host_->add(spec); !added) return fail(std::move(added.error()));
    }
    for (const host::ModuleSpec& spec : process_.surroundings_.modules) {
      if (!process_.hosted_.contains(spec.name)) add_remote(spec);
    }
    for (const std::string& module : process_.hosted_) services_.push_back(std::make_unique<Service>(*this, module));
    if (process_.is_main_) gateway_ = make_dispatcher(host_->routes(), nullptr);
    host_->start();
    return {};
  }
  void stop() { host_->stop(); }

  http::Response handle(const http::Request& request) override {
    // Which module is asked stands in the Host header.
    const std::string_view module = request.headers.get("Host");
    for (const auto& service : services_) {
      if (service->module == module) return handle(*service, request);
    }
    return gateway_->handle(request);
  }
  host::Host& host() { return *host_; }

 protected:
  void slice_ended() override { runner_.wake_waiters(); }

 private:
  struct Remote {
    Remote(Life& life, const std::string& module)
        : endpoint(url_of(module)),
          exchange(life.exchange_, module),
          wire(endpoint, life.process_.clock_, {}, exchange),
          transport(module, wire, life.process_.surroundings_.settings.calls,
                    {life.process_.clock_, life.random_, life.runner_}) {}

    /// Names the module that is asked.
    class ToModule final : public http::Exchange {
     public:
      ToModule(http::Exchange& exchange, std::string module) : exchange_(exchange), module_(std::move(module)) {}
      Result<http::Response> send(const std::string& url, const http::Request& request, const http::TimeLimits& time) override {
        http::Request named = request;
        named.headers.add("Host", module_);
        const auto mark = named.path.find('?');
        if (mark != std::string::npos) {
          named.query = named.path.substr(mark + 1);
          named.path.resize(mark);
        }
        return exchange_.send(url, named, time);
      }

     private:
      http::Exchange& exchange_;
      const std::string module_;
    };

    http::FixedEndpoint endpoint;
    ToModule exchange;
    http::RemoteTransport wire;
    resilience::ResilientTransport transport;
  };

  /// A module's service listener.
  struct Service {
    Service(Life& life, const std::string& name)
        : module(name),
          events(life.host_->store_of(name), life.host_->gate_of(name)),
          dispatcher(life.make_dispatcher(life.host_->routes_to(name, "service"), &life.trust_)) {
      life.host_->store_of(name).writer().listen([this, &life](const auto&) {
        for (Task* task : waiting) life.scheduler().wake(*task, 0);
      });
    }
    std::string module;
    events::EventEndpoint events;
    std::unique_ptr<http::Dispatcher> dispatcher;
    /// Long polls.
    std::vector<Task*> waiting;
  };

  Scheduler& scheduler() { return process_.surroundings_.scheduler; }

  void add_remote(const host::ModuleSpec& spec) {
    remotes_.push_back(std::make_unique<Remote>(*this, spec.name));
    host_->add_remote(spec, remotes_.back()->transport, [remote = remotes_.back().get(), name = spec.name](const std::string&) {
      return std::make_unique<events::HttpLogSource>(name, remote->endpoint, events::HttpLogSource::Options{}, remote->exchange);
    });
  }

  std::unique_ptr<http::Dispatcher> make_dispatcher(std::vector<OperationRoute> routes, security::ServiceTrust* trust) {
    http::Dispatcher::Options options;
    options.trust = trust;
    return std::make_unique<http::Dispatcher>(std::move(routes), http::Dispatcher::Documents{}, authenticator_, process_.clock_,
                                              ids_, options);
  }

  http::Response handle(Service& service, const http::Request& request) {
    if (!request.path.starts_with("/events/")) return service.dispatcher->handle(request);
    if (request.method != "GET") return service.events.handle(request, {});
    const std::int64_t wait_ms = number_behind(request.query, "&wait=");
    if (wait_ms == 0) return service.events.handle(request, {});
    // The endpoint's own wait would stop all that there is: here it waits as a task, where there is nothing behind the place.
    http::Request at_once = request;
    at_once.query.resize(request.query.find("&wait="));
    const store::EventLog& log = host_->store_of(service.module).log();
    const store::LogPosition head = log.head();
    const bool is_at_head = request.query.find("log=" + head.log_id) != std::string::npos &&
                            request.query.find("&hash=" + to_hex(head.hash)) != std::string::npos;
    http::Response response;
    if (!is_at_head) response = service.events.handle(at_once, {});
    if (!is_at_head && (response.status != 200 || response.body.size() > empty_batch.size())) return response;
    service.waiting.push_back(scheduler().current());
    (void)scheduler().wait([&] { return log.head().seq > head.seq; }, scheduler().now_ns() + wait_ms * ns_in_ms);
    std::erase(service.waiting, scheduler().current());
    return service.events.handle(at_once, {});
  }

  Process& process_;
  SeededRandom random_;
  SimulatedRunner runner_;
  SimulatedExchange exchange_;
  IdSource ids_;
  SimulatedAuthenticator authenticator_;
  security::LoopbackTrust trust_;
  std::vector<std::unique_ptr<Remote>> remotes_;
  std::unique_ptr<host::Host> host_;
  std::vector<std::unique_ptr<Service>> services_;
  std::unique_ptr<http::Dispatcher> gateway_;
};

Process::Process(Surroundings surroundings, std::string name, std::set<std::string> hosted, bool is_main, std::uint64_t seed)
    : surroundings_(surroundings),
      name_(std::move(name)),
      hosted_(std::move(hosted)),
      is_main_(is_main),
      seed_(seed),
      clock_(surroundings.scheduler, static_cast<std::int64_t>(seed % 401) - 200,
             static_cast<std::int64_t>(seed / 401 % 2'001) - 1'000) {}

Process::~Process() { SEAMLINE_ASSERT(life_ == nullptr); }

Peer& Process::peer() { return *life_; }
host::Host& Process::host() { return life_->host(); }

template <class Do>
void Process::each_folder(Do run) const {
  for (const std::string& module : hosted_) run((surroundings_.settings.host.data_dir / module).string());
}

void Process::listen(Peer* peer) {
  for (const std::string& module : hosted_) surroundings_.network.listen(url_of(module), peer);
  if (is_main_) surroundings_.network.listen(gateway_url, peer);
}

Result<void> Process::start() {
  SEAMLINE_ASSERT(life_ == nullptr);
  ++lives_;
  surroundings_.trace.line(surroundings_.scheduler.now_ns(), "start", name_, lives_);
  life_ = std::make_unique<Life>(*this, seed_ + static_cast<std::uint64_t>(lives_) * 0x9E3779B97F4A7C15ULL);
  auto started = life_->start();
  // It may have died at its start.
  if (started && !life_->is_dead()) listen(life_.get());
  return started;
}

void Process::die(Death death) {
  const bool is_power_lost = death == Death::power_loss;
  surroundings_.trace.line(surroundings_.scheduler.now_ns(), is_power_lost ? "power" : "kill", name_, lives_);
  crash_point_ = {};
  disk_operation_ = {};
  life_->die();
  each_folder([&](const std::string& folder) {
    constexpr auto runs_on = test::SimulatedDisk::Zombie::runs_on;
    is_power_lost ? surroundings_.disk.lose_power(folder, runs_on) : surroundings_.disk.kill(folder, runs_on);
  });
  listen(nullptr);
}

void Process::bury() {
  surroundings_.scheduler.finish(*life_);
  life_->stop();
  const bool has_died = life_->is_dead();
  life_.reset();
  if (has_died) each_folder([&](const std::string& folder) { surroundings_.disk.restart(folder); });
}

void Process::stop() {
  surroundings_.trace.line(surroundings_.scheduler.now_ns(), "stop", name_, lives_);
  listen(nullptr);
  life_->rush();
  // It may die on its way.
  bury();
}

bool Process::reach(Armed& armed) {
  if (armed.distance == 0 || life_ == nullptr || life_->is_dead() || --armed.distance > 0) return false;
  die(armed.death);
  return true;
}

}  // namespace seamline::simulation
