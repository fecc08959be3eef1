#include "http/possible_errors.hpp"

#include "http/problem.hpp"

namespace seamline::http {

CodesByStatus possible_errors(const OperationRoute& route) {
  CodesByStatus codes;
  for (const ErrorCode& error : route.errors) codes[status_of(error.kind)].push_back(error.code);
  const auto add = [&](Kind kind, std::string_view code) { codes[status_of(kind)].push_back(code); };
  add(Kind::malformed, "request.malformed");
  // A form is the token endpoint's: it asks for no token, and OAuth knows 400 alone for a request that is wrong.
  const bool is_form = route.route.body == BodyFormat::form;
  if (!is_form) {
    add(Kind::unauthenticated, "request.unauthenticated");
    add(Kind::unauthenticated, "request.invalid_token");
    add(Kind::unavailable, "request.keys_unavailable");
  }
  if (!route.request->members.empty()) add(is_form ? Kind::malformed : Kind::invalid, "request.invalid");
  if (route.access == Access::admin || route.access == Access::service) add(Kind::forbidden, "request.forbidden");
  if (has_body(route)) {
    if (route.route.body == BodyFormat::json) add(Kind::malformed, "request.malformed_json");
    add(Kind::too_large, "request.too_large");
    codes[415].push_back("request.wrong_content_type");
  }
  if (route.repeat == Repeat::with_key) {
    add(Kind::malformed, "idempotency.bad_key");
    add(Kind::conflict, "idempotency.in_progress");
    add(Kind::invalid, "idempotency.key_reused");
  }
  add(Kind::internal, "internal.unexpected");
  add(Kind::unavailable, "module.draining");
  if (route.route.verb != Verb::get) add(Kind::unavailable, "store.overloaded");
  add(Kind::deadline_exceeded, "call.deadline_exceeded");
  // Where the module, or one that it calls, runs elsewhere.
  for (const std::string_view code : {"call.unavailable", "call.circuit_open", "call.bulkhead_full", "call.overloaded",
                                      "call.bad_reply", "call.refused", "call.no_instance", "request.no_service_token"}) {
    add(Kind::unavailable, code);
  }
  return codes;
}

}  // namespace seamline::http
