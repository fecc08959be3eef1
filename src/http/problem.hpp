#pragma once

#include <optional>

#include "base/result.hpp"
#include "http/message.hpp"

namespace seamline::http {

/// The status of each kind of error: the one place that decides it.
int status_of(Kind kind);

/// An error as problem details (RFC 9457): `type` is /problems/<code>; `code`, `request_id`, `retryable` and, member by member,
/// `errors` are extensions. Retry-After, in seconds, and `retry_after_ms` where the error says when.
Response problem(const Error& error, std::string_view request_id);
/// The same for the token endpoint, where OAuth's form is what clients read (RFC 6749, section 5.2): the members `error` and
/// `error_description` beside those of a problem, as application/json, and 400 for whatever is wrong with the request.
Response oauth_problem(const Error& error, std::string_view request_id);
/// Problem details for what only HTTP knows (405, 411, 415, …).
Response problem(int status, std::string_view code, std::string detail, std::string_view request_id);

/// The error that problem() wrote; empty where the body is none of ours.
std::optional<Error> find_problem(const Response& response);
/// The same; where the body is none of ours, the kind of the status and the code call.bad_reply.
Error read_problem(const Response& response);

}  // namespace seamline::http
