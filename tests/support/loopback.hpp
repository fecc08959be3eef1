#pragma once

#include "contract/proxy.hpp"
#include "contract/routes.hpp"
#include "http/headers.hpp"
#include "http/problem.hpp"

namespace seamline::test {

/// What the service of a module answers to another host of the shop, without the trust that it would ask for. Thread-safe.
inline http::Response answer_as_service(const RouteTable& routes, const http::Request& request, const Clock& clock) {
  const auto match = routes.find(verb_from_name(request.method), request.path);
  if (match.route == nullptr) return http::problem(404, "request.no_such_route", request.path, {});
  auto context = http::read_context(request.headers, http::Peer::service, clock);
  if (!context) return http::problem(context.error(), {});
  CallNotes notes;
  context->notes = &notes;
  const auto answer = match.route->run(*context, {{match.parameters.data(), match.parameter_count}, request.query, request.body});
  if (!answer) return http::problem(answer.error(), context->request_id);
  http::Response response;
  response.status = answer->status;
  response.body = answer->body;
  response.headers.add("Content-Type", "application/json");
  if (!answer->location.empty()) response.headers.add("Location", answer->location);
  if (!answer->etag.empty()) response.headers.add("ETag", answer->etag);
  http::write_notes(notes, response.headers);
  return response;
}

/// Carries every call through bytes, as a socket would: the operation and its context become a request, the routes of the
/// callee read it back, and what they say becomes a response, a problem included. Thread-safe.
class Loopback final : public Transport {
 public:
  /// `clock` and what answers the routes exist and outlive it.
  Loopback(std::vector<OperationRoute> routes, const Clock& clock) : routes_(std::move(routes)), clock_(clock) {}

  Result<Answer> send(const CallContext& context, const RemoteOperation& operation, const EncodedRequest& request) override {
    const auto mark = request.target.find('?');
    const http::Request written{std::string(name_of(operation.route.verb)), request.target.substr(0, mark),
                                mark == std::string::npos ? std::string() : request.target.substr(mark + 1),
                                http::write_context(context, clock_), request.body};
    const http::Response response = answer_as_service(routes_, written, clock_);
    if (response.status >= 400) return fail(http::read_problem(response));
    if (context.notes != nullptr) http::read_notes(response.headers, *context.notes);
    return Answer{response.status, response.body, std::string(response.headers.get("Location")),
                  std::string(response.headers.get("ETag"))};
  }

 private:
  const RouteTable routes_;
  const Clock& clock_;
};

}  // namespace seamline::test
