#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

namespace seamline {

/// The kinds of expected failure. How each becomes an HTTP status is decided in src/http alone.
enum class Kind : std::uint8_t {
  malformed,
  unauthenticated,
  forbidden,
  not_found,
  conflict,
  precondition,
  too_large,
  invalid,
  limited,
  unavailable,
  deadline_exceeded,
  internal,
};

/// One code that a contract declares, with its kind: `ErrorCode{"user.not_found", Kind::not_found}`.
struct ErrorCode {
  std::string_view code;
  Kind kind;
};

/// One member of a request that broke a rule, named by its JSON pointer (RFC 6901).
struct Violation {
  std::string pointer;
  std::string detail;
  bool operator==(const Violation&) const = default;
};

/// An expected failure. It has the same form whether the callee ran in the process or elsewhere.
struct Error {
  std::string code;
  Kind kind = Kind::internal;
  std::string detail;
  std::vector<Violation> violations;
  /// The operation may have taken effect although the caller got no answer.
  bool may_have_run = false;
  /// The same call may succeed later, and repeating it is safe.
  bool retryable = false;
  /// The callee got this error from a seam of its own, which has already retried it.
  bool from_seam = false;
  /// When to try again, in milliseconds from now; 0 says nothing.
  std::int64_t retry_after_ms = 0;

  bool operator==(const Error&) const = default;
};

template <class T>
using Result = tl::expected<T, Error>;

/// `return fail(not_found, "No user 7.");` makes a Result of any type that holds this error.
inline tl::unexpected<Error> fail(const ErrorCode& code, std::string detail) {
  return tl::unexpected<Error>(Error{std::string(code.code), code.kind, std::move(detail), {}, false, false, false, 0});
}

/// Hands an error on to a Result of another type.
inline tl::unexpected<Error> fail(Error error) { return tl::unexpected<Error>(std::move(error)); }

}  // namespace seamline
