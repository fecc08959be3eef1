#pragma once

#include <memory>

#include "composition.hpp"
#include "documents.hpp"
#include "events/event_endpoint.hpp"
#include "host/host.hpp"
#include "http/dispatcher.hpp"
#include "http/health.hpp"
#include "http/server.hpp"

namespace seamline::app {

/// Where one module that runs here is reached by the shop's other processes: all its routes, internal operations included, its
/// event log, and the documents of every host. Customers may use the public routes here too, as at the gateway.
class ServiceListener {
 public:
  /// What all listeners of a process share. All exist and outlive the listener.
  struct Surroundings {
    host::Host& host;
    security::Authenticator& clients;
    IdSource& ids;
    http::HealthSource health;
    EventsDescription described;
    http::Dispatcher::Options dispatcher;
    events::EventEndpoint::Options events;
  };

  /// `trust` decides which peers are believed. Before the host starts: it is told of every commit from then on.
  ServiceListener(const ModuleEntry& module, std::unique_ptr<security::ServiceTrust> trust, const Surroundings& surroundings);
  ~ServiceListener();

  /// After the host has started. Errors: http.cannot_listen.
  Result<void> listen(const http::Server::Options& options);

  std::uint16_t port() const { return server_->port(); }
  /// Wakes who waits for events, and lets requests under way end. Idempotent.
  void stop();

 private:
  std::unique_ptr<security::ServiceTrust> trust_;
  events::EventEndpoint events_;
  std::unique_ptr<http::Dispatcher> dispatcher_;
  std::unique_ptr<http::Server> server_;
};

}  // namespace seamline::app
