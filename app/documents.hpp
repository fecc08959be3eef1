#pragma once

#include "composition.hpp"
#include "host/host.hpp"
#include "host/report.hpp"
#include "http/asyncapi.hpp"
#include "http/dispatcher.hpp"
#include "http/health.hpp"
#include "remote_modules.hpp"

namespace seamline::app {

/// The version of this program.
std::string_view version();

/// What a description of events tells: whose they are, and where each module's are read, where other processes read any.
struct EventsDescription {
  std::vector<ModuleDescriptor> modules;
  http::AsyncApiOptions options;
};
/// Of all modules, here and elsewhere.
EventsDescription describe_events(const Composition& composition, const host::Host& host);
/// The same of one module alone.
EventsDescription events_of(const EventsDescription& all, const std::string& module);

/// What the gateway answers beside the operations of `routes`: health, OpenAPI and AsyncAPI of the whole shop.
http::Dispatcher::Documents gateway_documents(const std::vector<OperationRoute>& routes, const EventsDescription& events,
                                              const http::HealthSource& health);
/// What a module's own listener answers: the same of that module alone, and the contract that it speaks.
http::Dispatcher::Documents service_documents(const ModuleEntry& module, const std::vector<OperationRoute>& routes,
                                              const EventsDescription& events, const http::HealthSource& health);
/// What a report says beside what the host knows, at the moment of the request.
using ReportFactsSource = std::function<host::ReportFacts()>;
/// Writes all that this process has measured.
using Measure = std::function<void(observe::MetricSink&)>;
/// What the admin listener answers: health, metrics, and the report of modules and edges. `host` exists and outlives them.
http::Dispatcher::Documents admin_documents(const host::Host& host, Measure measure, const http::HealthSource& health,
                                            ReportFactsSource facts);

}  // namespace seamline::app
