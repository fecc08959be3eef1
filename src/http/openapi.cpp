#include "http/openapi.hpp"

#include <map>
#include <set>

#include "contract/json_schema.hpp"
#include "http/headers.hpp"
#include "http/message.hpp"
#include "http/possible_errors.hpp"

namespace seamline::http {
namespace {

constexpr std::string_view schema_prefix = "#/components/schemas/";

/// Problem details as `problem()` writes them.
constexpr std::string_view problem_schema =
    R"({"type":"object","description":"Problem details (RFC 9457).","properties":{)"
    R"("type":{"type":"string","format":"uri-reference","description":"/problems/ and the code."},)"
    R"("title":{"type":"string","description":"The status in words."},)"
    R"("status":{"type":"integer","format":"int32","description":"The status again."},)"
    R"("detail":{"type":"string","description":"What is wrong here, for people."},)"
    R"("code":{"type":"string","description":"What is wrong, for programs: it never changes."},)"
    R"("errors":{"type":"array","description":"The members of the request that are wrong.","items":{"type":"object","properties":{)"
    R"("pointer":{"type":"string","description":"The member, as a JSON pointer in a fragment (RFC 6901)."},)"
    R"("detail":{"type":"string","description":"What is wrong with it."}},"required":["pointer","detail"]}},)"
    R"("retryable":{"type":"boolean","description":"The same request may succeed later, and repeating it is safe."},)"
    R"("may_have_run":{"type":"boolean","description":"The operation may have taken effect."},)"
    R"("request_id":{"type":"string","description":"The X-Request-Id of the answer."},)"
    R"("error":{"type":"string","description":"At the token endpoint: what is wrong, in OAuth's words (RFC 6749)."},)"
    R"("error_description":{"type":"string","description":"At the token endpoint: the detail."}},)"
    R"("required":["type","title","status","detail","code","retryable"]})";

constexpr std::string_view bearer_scheme =
    R"({"type":"http","scheme":"bearer","bearerFormat":"JWT","description":"An access token, got from POST /oauth/token."})";

std::string_view who_may(Access access) {
  switch (access) {
    case Access::anyone: return "Anyone may call it.";
    case Access::user: return "Needs an access token.";
    case Access::owner: return "Needs an access token. What is another user's is not found, but for admins and services.";
    case Access::admin: return "Needs the role admin.";
    case Access::service: return "Needs the role service or admin.";
    case Access::internal: return "For other modules.";
  }
  return "";
}

std::string_view what_repeating_does(Repeat repeat) {
  switch (repeat) {
    case Repeat::safe: return "Repeating it is safe.";
    case Repeat::with_key:
      return "Repeating it with the same Idempotency-Key has no further effect and gives the first answer again.";
    case Repeat::never: return "Repeating it takes effect again.";
  }
  return "";
}

class Document {
 public:
  Document(std::string& out, const OpenApiOptions& options)
      : writer_(out), options_(options), schemas_(std::string(schema_prefix)) {}

  void write(std::string_view title, std::string_view version, const std::vector<OperationRoute>& routes) {
    writer_.begin_object();
    writer_.member("openapi", "3.1.0");
    writer_.member("jsonSchemaDialect", "https://spec.openapis.org/oas/3.1/dialect/base");
    write_info(title, version);
    writer_.key("servers");
    writer_.begin_array();
    writer_.begin_object();
    writer_.member("url", options_.server_url);
    writer_.end_object();
    writer_.end_array();
    write_paths(routes);
    write_components();
    write_tags();
    writer_.end_object();
  }

 private:
  void write_info(std::string_view title, std::string_view version) {
    writer_.key("info");
    writer_.begin_object();
    writer_.member("title", title);
    writer_.member("version", version);
    writer_.member(
        "description",
        "Money is in minor units (cents). Unknown members of a request are refused; an answer may get further members. "
        "Every error is a problem (RFC 9457) whose code never changes.");
    writer_.key("license");
    writer_.begin_object();
    writer_.member("name", "Apache License 2.0");
    writer_.member("identifier", "Apache-2.0");
    writer_.end_object();
    writer_.end_object();
  }

  void write_paths(const std::vector<OperationRoute>& routes) {
    std::map<std::string_view, std::map<Verb, const OperationRoute*>> paths;
    for (const OperationRoute& route : routes) {
      if (route.access == Access::internal && !options_.internal_operations) continue;
      paths[route.route.path][route.route.verb] = &route;
    }
    writer_.key("paths");
    writer_.begin_object();
    for (const auto& [path, operations] : paths) {
      writer_.escaped_key(path);
      writer_.begin_object();
      for (const auto& [verb, route] : operations) {
        writer_.key(member_of(verb));
        write_operation(*route);
      }
      writer_.end_object();
    }
    for (const DocumentPath& document : options_.documents) write_document(document);
    writer_.end_object();
  }

  static std::string_view member_of(Verb verb) {
    switch (verb) {
      case Verb::get: return "get";
      case Verb::post: return "post";
      case Verb::put: return "put";
      case Verb::patch: return "patch";
      case Verb::del: return "delete";
    }
    return "";
  }

  void write_operation(const OperationRoute& route) {
    writer_.begin_object();
    writer_.member("operationId", route.operation);
    writer_.member("summary", route.summary);
    writer_.member("description", std::string(who_may(route.access)) + " " + std::string(what_repeating_does(route.repeat)));
    write_tag(route.module);
    writer_.key("security");
    writer_.raw(route.access == Access::anyone ? "[]" : R"([{"bearer":[]}])");
    writer_.key("parameters");
    writer_.begin_array();
    for (const MemberDescriptor& member : route.request->members) {
      if (!is_in_body(route, member.name)) write_parameter(member, !is_path_member(route.route.path, member.name));
    }
    write_common_parameters(route);
    writer_.end_array();
    if (has_body(route)) write_request_body(route);
    writer_.key("responses");
    writer_.begin_object();
    write_success(route);
    for (const auto& [status, codes] : possible_errors(route)) write_problem(route, status, codes);
    writer_.end_object();
    writer_.end_object();
  }

  void write_tag(std::string_view tag) {
    tags_.insert(std::string(tag));
    writer_.key("tags");
    writer_.begin_array();
    writer_.string(tag);
    writer_.end_array();
  }

  void write_parameter(const MemberDescriptor& member, bool is_query) {
    writer_.begin_object();
    writer_.member("name", member.name);
    writer_.member("in", is_query ? "query" : "path");
    writer_.member("required", !is_query || !member.value.is_optional);
    write_description(writer_, member);
    writer_.key("schema");
    writer_.begin_object();
    write_scalar_schema(writer_, member.value, member.limits, false);
    writer_.end_object();
    writer_.end_object();
  }

  void write_common_parameters(const OperationRoute& route) {
    if (route.repeat == Repeat::with_key) refer_to_parameter("IdempotencyKey");
    if (route.waits) refer_to_parameter("Prefer");
    if (route.is_versioned && route.route.verb == Verb::get) refer_to_parameter("IfNoneMatch");
    refer_to_parameter("RequestId");
  }

  void refer_to_parameter(const std::string& name) {
    parameters_.insert(name);
    writer_.begin_object();
    writer_.member("$ref", "#/components/parameters/" + name);
    writer_.end_object();
  }

  void write_request_body(const OperationRoute& route) {
    std::vector<MemberDescriptor> members;
    bool is_required = false;
    for (const MemberDescriptor& member : route.request->members) {
      if (!is_in_body(route, member.name)) continue;
      members.push_back(member);
      is_required = is_required || !member.value.is_optional;
    }
    writer_.key("requestBody");
    writer_.begin_object();
    writer_.member("required", is_required);
    const bool is_form = route.route.body == BodyFormat::form;
    write_content(is_form ? "application/x-www-form-urlencoded" : "application/json",
                  schemas_.reference({route.request->type_name, members}, is_form ? SchemaUse::form : SchemaUse::request));
    writer_.end_object();
  }

  void write_content(std::string_view media_type, const std::string& reference) {
    writer_.key("content");
    writer_.begin_object();
    writer_.key(media_type);
    writer_.begin_object();
    writer_.key("schema");
    writer_.begin_object();
    writer_.member("$ref", reference);
    writer_.end_object();
    writer_.end_object();
    writer_.end_object();
  }

  void write_success(const OperationRoute& route) {
    writer_.key(std::to_string(route.route.success_status()));
    writer_.begin_object();
    writer_.member("description", reason_phrase(route.route.success_status()));
    writer_.key("headers");
    writer_.begin_object();
    if (!route.route.location.empty()) write_header("Location", "Where the thing that was made can be read.");
    if (route.is_versioned) write_header("ETag", "The version of what was read or changed.");
    if (route.waits) write_header("Preference-Applied", "wait, where the answer waited for the outcome.");
    if (route.repeat == Repeat::with_key) write_header("Idempotent-Replayed", "true, where this is the first answer again.");
    write_header(request_id_header, "The request's id, in the logs too.");
    writer_.end_object();
    write_content("application/json", schemas_.reference(*route.reply, SchemaUse::reply));
    writer_.end_object();
    if (!route.is_versioned || route.route.verb != Verb::get) return;
    writer_.key("304");
    writer_.begin_object();
    writer_.member("description", "Not Modified: the version of If-None-Match is still the current one.");
    writer_.end_object();
  }

  void write_header(std::string_view name, std::string_view description) {
    writer_.key(name);
    writer_.begin_object();
    writer_.member("description", description);
    writer_.key("schema");
    writer_.raw(R"({"type":"string"})");
    writer_.end_object();
  }

  /// The codes stand in the description for people, and in `x-codes` for programs.
  void write_problem(const OperationRoute& route, int status, const std::vector<std::string_view>& codes) {
    std::string description(reason_phrase(status));
    for (const std::string_view code : codes) description += (code == codes.front() ? ": `" : ", `") + std::string(code) + "`";
    writer_.key(std::to_string(status));
    writer_.begin_object();
    writer_.member("description", description + ".");
    const bool is_oauth = route.route.body == BodyFormat::form && status != 415;
    write_content(is_oauth ? "application/json" : "application/problem+json", std::string(schema_prefix) + "Problem");
    writer_.key("x-codes");
    writer_.begin_array();
    for (const std::string_view code : codes) writer_.string(code);
    writer_.end_array();
    writer_.end_object();
  }

  void write_document(const DocumentPath& document) {
    writer_.escaped_key(document.path);
    writer_.begin_object();
    writer_.key("get");
    writer_.begin_object();
    writer_.member("operationId", "host." + operation_of(document.path));
    writer_.member("summary", document.summary);
    write_tag("host");
    writer_.key("security");
    writer_.raw("[]");
    writer_.key("responses");
    writer_.begin_object();
    write_document_response(200, document);
    if (document.may_be_unavailable) write_document_response(503, document);
    writer_.end_object();
    writer_.end_object();
    writer_.end_object();
  }

  /// "/openapi.json" as "openapi_json".
  static std::string operation_of(std::string_view path) {
    std::string name;
    for (const char c : path.substr(1)) name.push_back((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ? c : '_');
    return name;
  }

  void write_document_response(int status, const DocumentPath& document) {
    writer_.key(std::to_string(status));
    writer_.begin_object();
    writer_.member("description", reason_phrase(status));
    writer_.key("content");
    writer_.begin_object();
    writer_.escaped_key(document.media_type);
    writer_.begin_object();
    writer_.key("schema");
    writer_.raw(document.schema);
    writer_.end_object();
    writer_.end_object();
    writer_.end_object();
  }

  void write_components() {
    writer_.key("components");
    writer_.begin_object();
    writer_.key("securitySchemes");
    writer_.begin_object();
    writer_.key("bearer");
    writer_.raw(bearer_scheme);
    writer_.end_object();
    writer_.key("parameters");
    writer_.begin_object();
    write_header_parameter("IdempotencyKey", idempotency_header,
                           R"({"type":"string","minLength":1,"maxLength":128,"pattern":"^[!-~]+$"})",
                           "Makes repeating the request safe: the same key with the same request gives the first answer again.");
    write_header_parameter(
        "Prefer", prefer_header, R"({"type":"string","examples":["wait=5"]})",
        "wait=N waits up to N seconds, at most " + std::to_string(max_wait_ms / 1000) + ", for the outcome (RFC 7240).");
    write_header_parameter("IfNoneMatch", "If-None-Match", R"({"type":"string"})",
                           "The ETag that the client has: answers 304 while it holds.");
    write_header_parameter("RequestId", request_id_header, R"({"type":"string","maxLength":128,"pattern":"^[A-Za-z0-9._-]+$"})",
                           "The request's id, for logs and problems; else the server makes one.");
    writer_.end_object();
    writer_.key("schemas");
    writer_.begin_object();
    if (!parameters_.empty()) {
      writer_.key("Problem");
      writer_.raw(problem_schema);
    }
    for (const auto& [name, schema] : schemas_.definitions()) {
      writer_.key(name);
      writer_.raw(schema);
    }
    writer_.end_object();
    writer_.end_object();
  }

  /// A parameter that some operation refers to.
  void write_header_parameter(const std::string& name, std::string_view header, std::string_view schema,
                              std::string_view description) {
    if (!parameters_.contains(name)) return;
    writer_.key(name);
    writer_.begin_object();
    writer_.member("name", header);
    writer_.member("in", "header");
    writer_.member("required", false);
    writer_.member("description", description);
    writer_.key("schema");
    writer_.raw(schema);
    writer_.end_object();
  }

  void write_tags() {
    writer_.key("tags");
    writer_.begin_array();
    for (const std::string& tag : tags_) {
      writer_.begin_object();
      writer_.member("name", tag);
      writer_.member("description",
                     tag == "host" ? "How the process is, and what it offers." : "What the module " + tag + " offers.");
      writer_.end_object();
    }
    writer_.end_array();
  }

  json::Writer writer_;
  const OpenApiOptions& options_;
  SchemaComponents schemas_;
  std::set<std::string> tags_;
  std::set<std::string> parameters_;
};

}  // namespace

std::vector<DocumentPath> host_documents() {
  return {{"/health", "Say how the process and each of its modules are", "application/health+json",
           R"({"type":"object","properties":{"status":{"type":"string","enum":["pass","warn","fail"]}},"required":["status"]})",
           true},
          {"/asyncapi.json", "Describe all events in AsyncAPI 3.0", "application/json", R"({"type":"object"})", false},
          {"/livez", "Say whether the process runs", "text/plain", R"({"type":"string"})", false},
          {"/openapi.json", "Describe all paths in OpenAPI 3.1", "application/json", R"({"type":"object"})", false},
          {"/readyz", "Say whether the process can serve", "text/plain", R"({"type":"string"})", true}};
}

std::string openapi_document(std::string_view title, std::string_view version, const std::vector<OperationRoute>& routes,
                             const OpenApiOptions& options) {
  std::string text;
  text.reserve(std::size_t{1} << 16U);
  Document(text, options).write(title, version, routes);
  return text;
}

}  // namespace seamline::http
