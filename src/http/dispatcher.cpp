#include "http/dispatcher.hpp"

#include "base/fault.hpp"
#include "http/address.hpp"
#include "http/client_credentials.hpp"
#include "http/headers.hpp"
#include "http/problem.hpp"
#include "observe/log.hpp"

namespace seamline::http {
namespace {

constexpr ErrorCode services_only{"request.forbidden", Kind::forbidden};
constexpr ErrorCode deadline_exceeded{"call.deadline_exceeded", Kind::deadline_exceeded};

std::vector<OperationRoute> allowed_routes(std::vector<OperationRoute> routes, bool internal_operations) {
  if (!internal_operations) std::erase_if(routes, [](const OperationRoute& route) { return route.access == Access::internal; });
  return routes;
}

std::string_view wanted_type(BodyFormat format) {
  return format == BodyFormat::json ? "application/json" : "application/x-www-form-urlencoded";
}

/// Whether a Host header names this machine by an address that leads nowhere else (RFC 6761, section 6.3, for localhost).
bool names_loopback(std::string_view host) {
  const auto address = address_of("http://" + std::string(host));
  return address && address->is_loopback();
}

Response method_not_allowed(const std::vector<Verb>& verbs, std::string_view request_id) {
  std::string allow;
  for (const Verb verb : verbs) {
    allow += (allow.empty() ? "" : ", ") + std::string(name_of(verb));
    if (verb == Verb::get) allow += ", HEAD";
  }
  Response response = problem(405, "request.method_not_allowed", "This path answers " + allow + ".", request_id);
  response.headers.add("Allow", allow);
  return response;
}

Response not_found(std::string_view request_id) {
  return problem(404, "request.no_such_route", "No route has this path. GET /openapi.json lists all that there are.", request_id);
}

Response success(const Request& request, Answer answer, const CallNotes& notes, const OperationRoute& route) {
  Response response;
  response.status = answer.status;
  if (!answer.etag.empty()) {
    response.headers.add("ETag", answer.etag);
    // RFC 9110, section 13.1.2: the client has this version already.
    if (route.route.verb == Verb::get && matches_etag(request.headers, answer.etag)) {
      response.status = 304;
      return response;
    }
  }
  response.headers.add("Content-Type", "application/json");
  if (!answer.location.empty()) response.headers.add("Location", answer.location);
  write_notes(notes, response.headers);
  if (route.route.body == BodyFormat::form) response.headers.add("Cache-Control", "no-store");
  response.body = std::move(answer.body);
  return response;
}

}  // namespace

Dispatcher::Dispatcher(std::vector<OperationRoute> routes, Documents documents, security::Authenticator& authenticator,
                       const Clock& clock, IdSource& ids, Options options, std::vector<Resource> resources)
    : table_(allowed_routes(std::move(routes), options.trust != nullptr)),
      documents_(std::move(documents)),
      authenticator_(authenticator),
      clock_(clock),
      ids_(ids),
      options_(options),
      resources_(std::move(resources)) {}

Response Dispatcher::handle(const Request& request) const {
  std::string request_id = read_request_id(request.headers);
  if (request_id.empty()) request_id = ids_.next();
  Response response;
  try {
    response = answer(request, request_id);
  } catch (const std::exception& unexpected) {
    observe::log_error("http", request.method + " " + request.path + " failed: " + unexpected.what());
    response = problem(500, "internal.unexpected", "Something went wrong here; it is logged under the request id.", request_id);
  }
  response.headers.add(std::string(request_id_header), request_id);
  response.headers.add("X-Content-Type-Options", "nosniff");
  return response;
}

Response Dispatcher::answer(const Request& request, const std::string& request_id) const {
  const bool is_head = request.method == "HEAD";
  const auto verb = is_head ? Verb::get : verb_from_name(request.method);
  if (const auto document = documents_.find(request.path); document != documents_.end()) {
    return verb == Verb::get ? document->second() : method_not_allowed({Verb::get}, request_id);
  }
  if (const Resource* resource = options_.trust == nullptr ? nullptr : find_resource(request.path))
    return use(*resource, request, request_id);
  const auto match = table_.find(verb, request.path);
  if (match.route == nullptr && match.other_verbs.empty()) return not_found(request_id);
  if (match.route == nullptr) return method_not_allowed(match.other_verbs, request_id);
  if (options_.tracer == nullptr || is_of_service(request)) return call(request, match, request_id, {});
  return trace(request, match, request_id);
}

Response Dispatcher::trace(const Request& request, const RouteTable::Match& match, const std::string& request_id) const {
  observe::SpanId parent_id{};
  const observe::TraceContext place = options_.tracer->admit(read_traceparent(request.headers), parent_id);
  observe::ActiveSpan span(*options_.tracer, observe::SpanKind::server, place, parent_id);
  const std::string_view route = match.route->route.path;
  span.name(request.method + " " + std::string(route));
  span.attribute("http.request.method", request.method);
  span.attribute("http.route", route);
  // Not as it was sent: it names users and their orders.
  span.attribute("url.path", route);
  span.attribute("url.scheme", "http");
  Response response = call(request, match, request_id, place.text());
  span.attribute("http.response.status_code", std::int64_t{response.status});
  if (response.status >= 500) {
    const auto problem = find_problem(response);
    span.fail(problem ? problem->code : std::to_string(response.status));
  }
  return response;
}

Response Dispatcher::call(const Request& request, const RouteTable::Match& match, const std::string& request_id,
                          const std::string& traceparent) const {
  const OperationRoute& route = *match.route;
  const auto refuse = [&](const Error& error) {
    return route.route.body == BodyFormat::form ? oauth_problem(error, request_id) : problem(error, request_id);
  };
  auto context = read_context(request, route, request_id);
  if (!context) return refuse(context.error());
  if (!traceparent.empty()) context->traceparent = traceparent;
  SEAMLINE_CRASH_POINT(route.module, "after-auth");
  if (route.route.verb == Verb::get && !request.body.empty()) {
    return problem(400, "request.body_not_expected", "A GET has no body here.", request_id);
  }
  if (!request.body.empty() && !has_media_type(request.headers.get("Content-Type"), wanted_type(route.route.body))) {
    return problem(415, "request.wrong_content_type",
                   "The Content-Type must be " + std::string(wanted_type(route.route.body)) + ".", request_id);
  }
  CallNotes notes;
  context->notes = &notes;
  const std::string form = route.route.body == BodyFormat::form
                               ? with_client_credentials(request.body, request.headers.get("Authorization"))
                               : std::string();
  const std::string& body = route.route.body == BodyFormat::form ? form : request.body;
  SEAMLINE_CRASH_POINT(route.module, "before-forward");
  auto answer = route.run(*context, {{match.parameters.data(), match.parameter_count}, request.query, body});
  SEAMLINE_CRASH_POINT(route.module, "before-reply");
  if (!answer) return refuse(answer.error());
  return success(request, std::move(*answer), notes, route);
}

Response Dispatcher::use(const Resource& resource, const Request& request, const std::string& request_id) const {
  const auto context =
      http::read_context(request.headers, request.headers.has(caller_role_header) ? Peer::service : Peer::client, clock_, false);
  if (!context) return problem(context.error(), request_id);
  const auto peer = check_peer(request, *context, Access::internal);
  return peer ? resource.handle(request, *peer) : problem(peer.error(), request_id);
}

const Dispatcher::Resource* Dispatcher::find_resource(std::string_view path) const {
  for (const Resource& resource : resources_) {
    if (!path.starts_with(resource.path)) continue;
    if (path.size() == resource.path.size() || path[resource.path.size()] == '/') return &resource;
  }
  return nullptr;
}

Result<CallContext> Dispatcher::read_context(const Request& request, const OperationRoute& route,
                                             const std::string& request_id) const {
  const bool is_service = is_of_service(request);
  auto context =
      http::read_context(request.headers, is_service ? Peer::service : Peer::client, clock_, route.repeat == Repeat::with_key);
  if (!context) return context;
  context->request_id = request_id;
  auto identified = is_service ? check_service(request, route, *context) : identify_client(request, route, *context);
  if (!identified) return fail(std::move(identified.error()));
  // Before the body is read: a stranger learns nothing about what a body should look like.
  if (auto allowed = check_access(route.access, context->caller); !allowed) return fail(std::move(allowed.error()));
  context->deadline = std::min(context->deadline, clock_.monotonic().plus_ms(options_.deadline_ms + context->wait_ms));
  // Who called has given up: nothing is begun for nobody.
  if (context->deadline <= clock_.monotonic()) return fail(deadline_exceeded, "The time for this call was over when it came.");
  return context;
}

bool Dispatcher::is_of_service(const Request& request) const {
  return options_.trust != nullptr && request.headers.has(caller_role_header);
}

Result<std::string> Dispatcher::check_peer(const Request& request, const CallContext& claimed, Access access) const {
  if (options_.services_name_loopback && !names_loopback(request.headers.get("Host"))) {
    return fail(security::untrusted_service, "Services reach this listener by a loopback address, and no other name.");
  }
  return options_.trust->check(request.headers.get("Authorization"), claimed, access);
}

Result<void> Dispatcher::check_service(const Request& request, const OperationRoute& route, CallContext& context) const {
  const auto peer = check_peer(request, context, route.access);
  if (!peer) return fail(peer.error());
  if (context.caller.role == Role::service && context.caller.subject.empty()) context.caller.subject = *peer;
  return {};
}

Result<void> Dispatcher::identify_client(const Request& request, const OperationRoute& route, CallContext& context) const {
  if (route.access == Access::internal) return fail(services_only, "Only services of the shop may use this.");
  // The token endpoint knows its caller by the body: who refreshes a token may well send the expired one along, and OAuth clients
  // may send a client's credentials there (RFC 6749, section 2.3.1).
  if (route.route.body == BodyFormat::form) return {};
  const std::string_view authorization = request.headers.get("Authorization");
  auto caller = authenticator_.authenticate(authorization);
  if (!caller) return fail(std::move(caller.error()));
  context.caller = std::move(*caller);
  if (!context.caller.subject.empty()) {
    context.caller_token = authorization.substr(std::min(authorization.size(), authorization.find(' ') + 1));
  }
  return {};
}

}  // namespace seamline::http
