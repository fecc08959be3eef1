#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "contract/catalog.hpp"

namespace seamline::http {

struct AsyncApiOptions {
  /// Where each module's events are read, by its name: "http://127.0.0.1:8102". Give those of all modules that publish what is
  /// described, or none: in AsyncAPI, a channel without a server is on every server.
  std::map<std::string, std::string, std::less<>> urls;
};

/// The AsyncAPI 3.0 document of the events that these modules publish and hear, as compact JSON: a channel for each topic; for
/// each module, one operation that sends what it publishes, and one for each publisher that it hears. The same modules, in any
/// order, give the same bytes.
std::string asyncapi_document(std::string_view title, std::string_view version, const std::vector<ModuleDescriptor>& modules,
                              const AsyncApiOptions& options = {});

}  // namespace seamline::http
