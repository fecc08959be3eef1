#pragma once

#include <string>
#include <vector>

#include "contract/routes.hpp"

namespace seamline::http {

/// A path that is answered by no operation: health, the documents themselves.
struct DocumentPath {
  std::string path;
  std::string summary;
  std::string media_type = "application/json";
  /// The JSON schema of what it answers.
  std::string schema = R"({"type":"object"})";
  /// It answers 503 as well as 200, in the same form.
  bool may_be_unavailable = false;
};

/// What every host answers beside its operations: /health, /livez, /readyz, /openapi.json, /asyncapi.json.
std::vector<DocumentPath> host_documents();

struct OpenApiOptions {
  /// Where the API is, seen from who reads the document; "/" is where the document came from.
  std::string server_url = "/";
  std::vector<DocumentPath> documents = host_documents();
  /// Describe internal operations too: on service listeners only.
  bool internal_operations = false;
};

/// The OpenAPI 3.1 document of these routes, as compact JSON. The same routes give the same bytes.
std::string openapi_document(std::string_view title, std::string_view version, const std::vector<OperationRoute>& routes,
                             const OpenApiOptions& options = {});

}  // namespace seamline::http
