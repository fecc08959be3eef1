#include "shop_server.hpp"

#include <algorithm>
#include <fstream>

#include "base/random.hpp"
#include "documents.hpp"
#include "host/metrics.hpp"
#include "observe/log.hpp"
#include "order/operations.hpp"

namespace seamline::app {
namespace {

/// The admin listener has few clients, and must answer while the public one is full.
constexpr int admin_connections = 16;

observe::Tracer* tracer_of(const std::unique_ptr<Telemetry>& telemetry) { return telemetry ? telemetry->tracer() : nullptr; }

host::HostOptions host_options(const Configuration& configuration, const std::unique_ptr<Telemetry>& telemetry) {
  host::HostOptions options;
  options.tracer = tracer_of(telemetry);
  options.data_dir = configuration.data_dir;
  options.store.readers = static_cast<std::size_t>(configuration.store.readers);
  options.store.checkpoint_pages = configuration.store.checkpoint_pages;
  options.store.server = server_limits(configuration);
  for_each_field<StorageSection>(
      [&](const auto& module) { options.storage[std::string(module.name)] = configuration.storage.*module.member; });
  options.store.writer.max_queued = static_cast<std::size_t>(configuration.store.max_queued);
  options.store.writer.batch_cap = static_cast<std::size_t>(configuration.store.batch_cap);
  options.idempotency_keep_ms = configuration.store.idempotency_keep_ms;
  options.consumer_queue_entries = static_cast<std::size_t>(configuration.events.queue_entries);
  options.puller.read_entries = configuration.events.read_entries;
  options.puller.poll_ms = configuration.events.poll_ms;
  options.follower.read_entries = configuration.events.read_entries;
  options.follower.wait_ms = configuration.events.wait_ms;
  options.follower.poll_ms = configuration.events.poll_ms;
  options.follower.receipt_ms = configuration.events.receipt_ms;
  options.broker_links.topic_prefix = configuration.events.topic_prefix;
  options.broker_links.relay.receipt_ms = configuration.events.receipt_ms;
  options.timers.grace_ms = configuration.events.timer_grace_ms;
  options.timer_poll_ms = configuration.events.timer_poll_ms;
  return options;
}

security::TokenPolicy token_policy(const Configuration& configuration) {
  security::TokenPolicy policy;
  policy.issuer = configuration.modules.user.token_issuer;
  policy.audience = configuration.modules.user.token_audience;
  return policy;
}

}  // namespace

Result<std::unique_ptr<ShopServer>> ShopServer::start(const Configuration& configuration, const std::vector<std::string>& only) {
  auto composition = compose(configuration, only);
  if (!composition) return fail(std::move(composition.error()));
  auto telemetry = Telemetry::make(configuration.telemetry,
                                   composition->is_main ? "gateway" : service_name(composition->hosted.front().spec.name));
  std::unique_ptr<ShopServer> server(new ShopServer(configuration, std::move(*composition), std::move(telemetry)));
  auto started = server->start_registry();
  if (started) started = server->start_host();
  if (started) started = server->listen_for_services();
  if (started && server->composition_.is_main) started = server->listen_for_customers();
  if (started) started = server->listen_for_admins();
  if (started) started = server->announce();
  if (!started) return fail(std::move(started.error()));
  // The routes of the listeners are edges of the host: from here on nothing is added to what is measured.
  if (server->telemetry_)
    server->telemetry_->start([made = server.get()](observe::MetricSink& out) { made->write_metrics(out); });
  return server;
}

ShopServer::ShopServer(Configuration configuration, Composition composition, std::unique_ptr<Telemetry> telemetry)
    : configuration_(std::move(configuration)),
      composition_(std::move(composition)),
      telemetry_(std::move(telemetry)),
      host_(host_options(configuration_, telemetry_), Clock::system(), Random::system()),
      ids_(Clock::system(), Random::system()),
      users_(host_.port<user::UserContract>(process_name())),
      identity_(configuration_.security.service_secret, service_names(), users_, configuration_.http.deadline_ms) {}

ShopServer::~ShopServer() { stop(); }

std::string ShopServer::process_name() const {
  return composition_.is_main ? std::string("gateway") : composition_.hosted.front().spec.name;
}

std::vector<std::string> ShopServer::service_names() const {
  std::vector<std::string> names{process_name()};
  for (const ModuleEntry& module : composition_.hosted) names.push_back(module.spec.name);
  return names;
}

Result<void> ShopServer::start_registry() {
  auto registry = registry::Registry::start(configuration_.registry, composition_.is_main, Clock::system(), Random::system());
  if (!registry) return fail(std::move(registry.error()));
  registry_ = std::move(*registry);
  remotes_ = std::make_unique<RemoteModules>(configuration_, composition_.remote, *registry_, process_name(),
                                             [this](const std::string& service) { return identity_.tokens_of(service); });
  return {};
}

Result<void> ShopServer::announce() {
  const auto announce_at = [this](const std::string& service, const std::string& at, std::map<std::string, std::string> meta) {
    meta["seamline_version"] = version();
    return registry_->announce({service + "-" + at.substr(std::string_view("http://").size()), service, at, std::move(meta)});
  };
  Result<void> announced;
  if (composition_.is_main) announced = announce_at("gateway", url(), {});
  if (!composition_.needs_service_listeners()) return announced;
  for (const ModuleEntry& module : composition_.hosted) {
    // Of two stores that both call themselves the module's, callers take the one of the later epoch.
    const store::LogPosition head = host_.store_of(module.spec.name).log().head();
    if (!announced) return announced;
    announced = announce_at(service_name(module.spec.name), parse_url("url", module.address.url).value().url(),
                            {{"seamline_epoch", std::to_string(head.epoch)}, {"seamline_log", head.log_id}});
  }
  return announced;
}

Result<void> ShopServer::start_host() {
  for (const ModuleEntry& module : composition_.hosted) {
    if (auto added = host_.add(module.spec); !added) return added;
  }
  remotes_->add_to(host_);
  for (const ModuleEntry& module : composition_.foreign) host_.add_foreign(module.spec);
  auto brokers = Brokers::open(configuration_, composition_);
  if (!brokers) return fail(std::move(brokers.error()));
  brokers_ = std::move(*brokers);
  brokers_.add_to(host_);
  authenticator_ = make_authenticator();
  if (composition_.needs_service_listeners()) {
    if (auto made = make_service_listeners(); !made) return made;
  }
  host_.start();
  remotes_->watch();
  return {};
}

Result<void> ShopServer::make_service_listeners() {
  const ServiceListener::Surroundings surroundings{.host = host_,
                                                   .clients = *authenticator_,
                                                   .ids = ids_,
                                                   .health = [this] { return check_health(); },
                                                   .described = describe_events(composition_, host_),
                                                   .dispatcher = dispatcher_options(),
                                                   .events = {.max_polls = configuration_.events.max_polls}};
  for (const ModuleEntry& module : composition_.hosted) {
    const http::HostAndPort address = listen_address(module.address);
    auto trust = make_trust(module, address);
    if (!trust) return fail(std::move(trust.error()));
    service_listeners_.push_back(std::make_unique<ServiceListener>(module, std::move(*trust), surroundings));
  }
  return {};
}

Result<void> ShopServer::listen_for_services() {
  for (std::size_t i = 0; i < service_listeners_.size(); ++i) {
    const http::HostAndPort address = listen_address(composition_.hosted[i].address);
    if (auto listening = service_listeners_[i]->listen(listener_options(address)); !listening) return listening;
  }
  return {};
}

Result<void> ShopServer::listen_for_customers() {
  auto routes = host_.routes("gateway");
  auto documents = gateway_documents(routes, describe_events(composition_, host_), [this] { return check_health(); });
  public_dispatcher_ = std::make_unique<http::Dispatcher>(std::move(routes), std::move(documents), *authenticator_,
                                                          Clock::system(), ids_, dispatcher_options());
  auto server = http::Server::start(listener_options(parse_address("listen", configuration_.listen).value()),
                                    [this](const http::Request& request) { return public_dispatcher_->handle(request); });
  if (!server) return fail(std::move(server.error()));
  public_server_ = std::move(*server);
  return {};
}

Result<void> ShopServer::listen_for_admins() {
  admin_dispatcher_ =
      std::make_unique<http::Dispatcher>(std::vector<OperationRoute>{},
                                         admin_documents(
                                             host_, [this](observe::MetricSink& out) { write_metrics(out); },
                                             [this] { return check_health(); }, [this] { return report_facts(); }),
                                         *authenticator_, Clock::system(), ids_, dispatcher_options());
  const std::string& admin = composition_.is_main ? configuration_.admin : composition_.hosted.front().address.admin;
  http::Server::Options options = listener_options(parse_address("admin", admin).value());
  options.max_connections = admin_connections;
  auto server = http::Server::start(options, [this](const http::Request& request) { return admin_dispatcher_->handle(request); });
  if (!server) return fail(std::move(server.error()));
  admin_server_ = std::move(*server);
  return composition_.is_main ? Result<void>() : write_admin_address();
}

Result<void> ShopServer::write_admin_address() const {
  for (const ModuleEntry& module : composition_.hosted) {
    const auto path = std::filesystem::path(configuration_.data_dir) / module.spec.name / "admin";
    std::ofstream file(path, std::ios::trunc);
    file << admin_url() << "\n";
    if (!file.flush()) {
      return fail(ErrorCode{"config.unreadable", Kind::invalid}, "Cannot write " + path.string() + ": make its folder writable.");
    }
  }
  return {};
}

std::unique_ptr<security::Authenticator> ShopServer::make_authenticator() {
  if (configuration_.security.auth == Authentication::off) return std::make_unique<security::OpenAuthenticator>();
  const auto fetch_keys = [this]() -> Result<std::string> {
    const auto keys = users_.call({}, user::GetKeys{});
    if (!keys) return fail(keys.error());
    return encode(*keys);
  };
  return std::make_unique<security::BearerAuthenticator>(token_policy(configuration_), fetch_keys, Clock::system(),
                                                         static_cast<std::size_t>(configuration_.security.max_cached_tokens));
}

Result<std::unique_ptr<security::ServiceTrust>> ShopServer::make_trust(const ModuleEntry& module,
                                                                       const http::HostAndPort& address) {
  auto* users = dynamic_cast<security::BearerAuthenticator*>(authenticator_.get());
  if (identity_.has_secret() && users != nullptr) {
    return std::make_unique<security::TokenTrust>(
        security::service_token_policy(configuration_.modules.user.token_issuer, module.spec.name), *users, Clock::system());
  }
  // Behind a url elsewhere stands something that lets others in, wherever the listener itself is.
  const http::HostAndPort reached_at = parse_url("url", module.address.url).value();
  if (address.is_loopback() && reached_at.is_loopback()) return std::make_unique<security::LoopbackTrust>();
  return fail(config::errors::invalid,
              "The listener of " + module.spec.name + " at " + address.url() + ", reached at " + module.address.url +
                  ", is not on loopback alone: services must prove there who they are. Set security.auth to \"on\", and "
                  "SEAMLINE_SERVICE_SECRET to the same long random text in every process of the shop.");
}

http::Server::Options ShopServer::listener_options(const http::HostAndPort& address) const {
  http::Server::Options options;
  options.host = address.host;
  options.port = address.port;
  options.max_connections = static_cast<int>(configuration_.http.max_connections);
  options.max_body_bytes = static_cast<std::size_t>(configuration_.http.max_body_bytes);
  options.max_target_bytes = static_cast<std::size_t>(configuration_.http.max_target_bytes);
  options.max_header_fields = static_cast<int>(configuration_.http.max_header_fields);
  options.keep_alive_ms = configuration_.http.keep_alive_ms;
  options.read_timeout_ms = configuration_.http.read_timeout_ms;
  options.body_timeout_ms = configuration_.http.body_timeout_ms;
  options.max_head_bytes = static_cast<std::size_t>(configuration_.http.max_head_bytes);
  return options;
}

std::vector<http::HealthCheck> ShopServer::check_health() const {
  using Status = http::HealthCheck::Status;
  std::vector<http::HealthCheck> checks = remotes_->check_health();
  if (is_draining_.load()) checks.push_back({"process", Status::fail, "stopping"});
  for (const host::ModuleStatus& module : host_.status()) {
    http::HealthCheck check{module.name, module.is_open ? Status::pass : Status::fail, module.is_open ? "" : "closed"};
    for (const std::string& publisher : module.diverged_from) {
      check.status = Status::fail;
      check.detail +=
          (check.detail.empty() ? "" : "; ") + ("the log of " + publisher + " is not the one that it followed (diverged)");
    }
    checks.push_back(std::move(check));
  }
  return checks;
}

host::ReportFacts ShopServer::report_facts() const {
  host::ReportFacts facts;
  facts.process = composition_.is_main ? "main" : process_name();
  facts.version = version();
  facts.uptime_ms = started_at_.ms_until(Clock::system().monotonic());
  if (composition_.is_main)
    facts.placing_operations = {std::string(order::PlaceOrder::name), std::string(order::PlaceDraft::name)};
  facts.remotes = remotes_->status();
  for (std::size_t i = 0; i < service_listeners_.size(); ++i) {
    facts.urls.emplace_back(composition_.hosted[i].spec.name, composition_.hosted[i].address.url);
  }
  return facts;
}

http::Dispatcher::Options ShopServer::dispatcher_options() const {
  return {.deadline_ms = configuration_.http.deadline_ms, .tracer = tracer_of(telemetry_)};
}

void ShopServer::write_metrics(observe::MetricSink& out) const {
  host::write_metrics(out, host_, version());
  remotes_->write_metrics(out);
  if (telemetry_) telemetry_->write_metrics(out);
}

bool ShopServer::is_ready() const {
  const auto checks = check_health();
  return std::none_of(checks.begin(), checks.end(),
                      [](const http::HealthCheck& check) { return check.status == http::HealthCheck::Status::fail; });
}

std::string ShopServer::url() const {
  if (composition_.is_main) {
    http::HostAndPort address = parse_address("listen", configuration_.listen).value();
    address.port = public_server_->port();
    return address.url();
  }
  http::HostAndPort address = listen_address(composition_.hosted.front().address);
  address.port = service_listeners_.front()->port();
  return address.url();
}

std::string ShopServer::admin_url() const {
  const std::string& admin = composition_.is_main ? configuration_.admin : composition_.hosted.front().address.admin;
  http::HostAndPort address = parse_address("admin", admin).value();
  address.port = admin_server_->port();
  return address.url();
}

void ShopServer::stop() {
  is_draining_.store(true);
  if (registry_) registry_->stop();
  if (public_server_) public_server_->stop();
  if (remotes_) remotes_->stop();
  // The listeners of services last: while the modules here drain, they may still need the others, and others them.
  host_.stop();
  for (const auto& listener : service_listeners_) listener->stop();
  if (admin_server_) admin_server_->stop();
  if (telemetry_) telemetry_->stop();
}

}  // namespace seamline::app
