#include "service_listener.hpp"

namespace seamline::app {

ServiceListener::ServiceListener(const ModuleEntry& module, std::unique_ptr<security::ServiceTrust> trust,
                                 const Surroundings& surroundings)
    : trust_(std::move(trust)),
      events_(surroundings.host.store_of(module.spec.name), surroundings.host.gate_of(module.spec.name), surroundings.events) {
  auto routes = surroundings.host.routes_to(module.spec.name, "service");
  http::Dispatcher::Options options = surroundings.dispatcher;
  options.trust = trust_.get();
  options.services_name_loopback = dynamic_cast<security::LoopbackTrust*>(trust_.get()) != nullptr;
  auto documents = service_documents(module, routes, surroundings.described, surroundings.health);
  dispatcher_ = std::make_unique<http::Dispatcher>(
      std::move(routes), std::move(documents), surroundings.clients, Clock::system(), surroundings.ids, options,
      std::vector<http::Dispatcher::Resource>{
          {"/events/" + module.spec.name,
           [this](const http::Request& request, const std::string& peer) { return events_.handle(request, peer); }}});
}

ServiceListener::~ServiceListener() { stop(); }

Result<void> ServiceListener::listen(const http::Server::Options& options) {
  auto server = http::Server::start(options, [this](const http::Request& request) { return dispatcher_->handle(request); });
  if (!server) return fail(std::move(server.error()));
  server_ = std::move(*server);
  return {};
}

void ServiceListener::stop() {
  events_.stop();
  if (server_) server_->stop();
}

}  // namespace seamline::app
