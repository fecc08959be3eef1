#pragma once

#include <cstdint>
#include <string>

#include "base/clock.hpp"

namespace seamline {

enum class Role : std::uint8_t { anonymous, user, admin, service };

/// Who calls. The subject is the user's id, or the service's name; empty for anonymous callers, and for the admin that
/// everybody is with `security.auth = "off"`.
struct Caller {
  Role role = Role::anonymous;
  std::string subject;

  /// Admins and services may act for any user.
  bool is_privileged() const { return role == Role::admin || role == Role::service; }
  /// Whether this caller may see what belongs to `owner`.
  bool may_see(const std::string& owner) const { return is_privileged() || (role == Role::user && subject == owner); }
};

/// What a callee says beside its reply. A remote proxy carries it back in headers.
struct CallNotes {
  /// `Prefer: wait` was honoured (RFC 7240, section 3).
  bool waited = false;
  /// The reply is the remembered one of an earlier call with the same idempotency key.
  bool replayed = false;
};

/// What travels with every call, in the process and over a wire alike.
struct CallContext {
  std::string request_id;
  /// W3C trace context, the traceparent header's value; empty where the caller is not traced.
  std::string traceparent;
  /// What other vendors' tracing left beside it, handed on from call to call. A log entry has no place for it: it ends at events.
  std::string tracestate;
  Caller caller;
  /// The access token that proves `caller`, where a user has sent one: what a host elsewhere checks again. Else empty.
  std::string caller_token;
  /// After this moment the caller has gone: work not begun is dropped.
  Instant deadline = Instant::never();
  /// The client's Idempotency-Key; empty for none.
  std::string idempotency_key;
  /// How long the caller is willing to wait for the outcome (`Prefer: wait`), in milliseconds.
  std::int64_t wait_ms = 0;
  /// Where the callee leaves its notes; null where the caller reads none. Outlives the call.
  CallNotes* notes = nullptr;
};

}  // namespace seamline
