#include "documents.hpp"

#include "http/contract_document.hpp"
#include "http/openapi.hpp"
#include "observe/exposition.hpp"

namespace seamline::app {
namespace {

http::Response document(std::string type, std::string text) {
  http::Response response;
  response.headers.add("Content-Type", std::move(type));
  response.body = std::move(text);
  return response;
}

http::Dispatcher::Document json_document(std::string text) {
  return [text = std::move(text)] { return document("application/json", text); };
}

http::Dispatcher::Document asyncapi(const std::string& title, const EventsDescription& events) {
  return json_document(http::asyncapi_document(title, version(), events.modules, events.options));
}

}  // namespace

std::string_view version() { return SEAMLINE_VERSION; }

EventsDescription describe_events(const Composition& composition, const host::Host& host) {
  EventsDescription events{host.describe(), {}};
  if (!composition.needs_service_listeners()) return events;
  for (const auto* entries : {&composition.hosted, &composition.remote}) {
    for (const ModuleEntry& module : *entries) events.options.urls[module.spec.name] = module.address.url;
  }
  return events;
}

EventsDescription events_of(const EventsDescription& all, const std::string& module) {
  EventsDescription one{all.modules, all.options};
  std::erase_if(one.modules, [&](const ModuleDescriptor& other) { return other.contract.module != module; });
  return one;
}

http::Dispatcher::Documents gateway_documents(const std::vector<OperationRoute>& routes, const EventsDescription& events,
                                              const http::HealthSource& health) {
  http::Dispatcher::Documents documents;
  http::add_health(documents, std::string(version()), health);
  documents["/openapi.json"] = json_document(http::openapi_document("Seamline shop", version(), routes));
  documents["/asyncapi.json"] = asyncapi("Seamline shop", events);
  return documents;
}

http::Dispatcher::Documents service_documents(const ModuleEntry& module, const std::vector<OperationRoute>& routes,
                                              const EventsDescription& events, const http::HealthSource& health) {
  http::Dispatcher::Documents documents;
  http::add_health(documents, std::string(version()), health);
  const std::string title = "Seamline " + module.spec.name;
  documents["/openapi.json"] = json_document(http::openapi_document(title, version(), routes, {.internal_operations = true}));
  documents["/asyncapi.json"] = asyncapi(title, events_of(events, module.spec.name));
  documents[std::string(http::contract_path)] = json_document(http::contract_document(module.spec.contract, version()));
  return documents;
}

http::Dispatcher::Documents admin_documents(const host::Host& host, Measure measure, const http::HealthSource& health,
                                            ReportFactsSource facts) {
  http::Dispatcher::Documents documents;
  http::add_health(documents, std::string(version()), health);
  documents["/modules"] = [&host, facts = std::move(facts)] {
    return document("application/json", host::render_report(host, facts()));
  };
  documents["/metrics"] = [measure = std::move(measure)] {
    observe::Exposition out;
    measure(out);
    return document("text/plain; version=0.0.4; charset=utf-8", out.take());
  };
  return documents;
}

}  // namespace seamline::app
