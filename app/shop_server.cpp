#include "shop_server.hpp"

#include "base/random.hpp"
#include "composition.hpp"
#include "host/metrics.hpp"
#include "http/openapi.hpp"
#include "observe/log.hpp"
#include "security/bearer_authenticator.hpp"

namespace seamline::app {
namespace {

/// The admin listener has few clients, and must answer while the public one is full.
constexpr int admin_connections = 16;

host::HostOptions host_options(const Configuration& configuration) {
  host::HostOptions options;
  options.data_dir = configuration.data_dir;
  options.store.readers = static_cast<std::size_t>(configuration.store.readers);
  options.store.checkpoint_pages = configuration.store.checkpoint_pages;
  options.store.writer.max_queued = static_cast<std::size_t>(configuration.store.max_queued);
  options.store.writer.batch_cap = static_cast<std::size_t>(configuration.store.batch_cap);
  options.idempotency_keep_ms = configuration.store.idempotency_keep_ms;
  options.consumer_queue_entries = static_cast<std::size_t>(configuration.events.queue_entries);
  options.puller.read_entries = configuration.events.read_entries;
  options.puller.poll_ms = configuration.events.poll_ms;
  options.timers.grace_ms = configuration.events.timer_grace_ms;
  options.timer_poll_ms = configuration.events.timer_poll_ms;
  return options;
}

http::Response metrics_response(const host::Host& host) {
  http::Response response;
  response.headers.add("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
  response.body = host::render_metrics(host, version());
  return response;
}

http::Response json_response(const std::string& text) {
  http::Response response;
  response.headers.add("Content-Type", "application/json");
  response.body = text;
  return response;
}

}  // namespace

std::string_view version() { return SEAMLINE_VERSION; }

Result<std::unique_ptr<ShopServer>> ShopServer::start(const Configuration& configuration) {
  std::unique_ptr<ShopServer> server(new ShopServer(configuration));
  if (auto started = server->start_host(); !started) return fail(std::move(started.error()));
  if (auto listening = server->listen(); !listening) return fail(std::move(listening.error()));
  return server;
}

ShopServer::ShopServer(Configuration configuration)
    : configuration_(std::move(configuration)),
      host_(host_options(configuration_), Clock::system(), Random::system()),
      request_ids_(Clock::system(), Random::system()),
      users_(host_.port<user::UserContract>("gateway")) {}

ShopServer::~ShopServer() { stop(); }

Result<void> ShopServer::start_host() {
  for (const host::ModuleSpec& spec : local_modules(configuration_)) {
    if (auto added = host_.add(spec); !added) return added;
  }
  host_.start();
  return {};
}

Result<void> ShopServer::listen() {
  const auto health = [this] { return check_health(); };
  http::Dispatcher::Documents public_documents;
  http::add_health(public_documents, std::string(version()), health);
  http::Dispatcher::Documents admin_documents = public_documents;
  admin_documents["/metrics"] = [this] { return metrics_response(host_); };
  public_documents["/openapi.json"] = [text = http::openapi_document("Seamline shop", version(), host_.routes())] {
    return json_response(text);
  };

  authenticator_ = make_authenticator();
  const http::Dispatcher::Options options{.deadline_ms = configuration_.http.deadline_ms, .internal_operations = false};
  public_dispatcher_ = std::make_unique<http::Dispatcher>(host_.routes(), std::move(public_documents), *authenticator_,
                                                          Clock::system(), request_ids_, options);
  admin_dispatcher_ = std::make_unique<http::Dispatcher>(std::vector<OperationRoute>{}, std::move(admin_documents),
                                                         *authenticator_, Clock::system(), request_ids_, options);

  const auto listen = parse_address("listen", configuration_.listen);
  const auto admin = parse_address("admin", configuration_.admin);
  http::Server::Options admin_options = listener_options(admin.value());
  admin_options.max_connections = admin_connections;
  auto admin_server =
      http::Server::start(admin_options, [this](const http::Request& request) { return admin_dispatcher_->handle(request); });
  if (!admin_server) return fail(std::move(admin_server.error()));
  admin_server_ = std::move(*admin_server);
  auto public_server = http::Server::start(listener_options(listen.value()),
                                           [this](const http::Request& request) { return public_dispatcher_->handle(request); });
  if (!public_server) return fail(std::move(public_server.error()));
  public_server_ = std::move(*public_server);
  return {};
}

std::unique_ptr<security::Authenticator> ShopServer::make_authenticator() const {
  if (configuration_.security.auth == Authentication::off) return std::make_unique<security::OpenAuthenticator>();
  const auto fetch_keys = [this]() -> Result<std::string> {
    const auto keys = users_.call({}, user::GetKeys{});
    if (!keys) return fail(keys.error());
    return encode(*keys);
  };
  security::TokenPolicy policy;
  policy.issuer = configuration_.modules.user.token_issuer;
  policy.audience = configuration_.modules.user.token_audience;
  return std::make_unique<security::BearerAuthenticator>(std::move(policy), fetch_keys, Clock::system(),
                                                         static_cast<std::size_t>(configuration_.security.max_cached_tokens));
}

http::Server::Options ShopServer::listener_options(const Address& address) const {
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
  std::vector<http::HealthCheck> checks;
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

std::string ShopServer::url() const {
  Address address = parse_address("listen", configuration_.listen).value();
  address.port = public_server_->port();
  return address.url();
}

std::string ShopServer::admin_url() const {
  Address address = parse_address("admin", configuration_.admin).value();
  address.port = admin_server_->port();
  return address.url();
}

void ShopServer::stop() {
  is_draining_.store(true);
  if (public_server_) public_server_->stop();
  host_.stop();
  if (admin_server_) admin_server_->stop();
}

}  // namespace seamline::app
