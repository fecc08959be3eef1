#pragma once

#include "base/call_context.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"
#include "http/message.hpp"

/// The wire form of a CallContext: which header carries which of its members.
namespace seamline::http {

inline constexpr std::string_view request_id_header = "X-Request-Id";
inline constexpr std::string_view trace_header = "traceparent";
inline constexpr std::string_view trace_state_header = "tracestate";
inline constexpr std::string_view idempotency_header = "Idempotency-Key";
inline constexpr std::string_view prefer_header = "Prefer";
/// Between hosts of the shop only: who calls, and how many milliseconds are left to them.
inline constexpr std::string_view caller_role_header = "Seamline-Caller-Role";
inline constexpr std::string_view caller_subject_header = "Seamline-Caller";
/// The user's own access token, which proves what the two above say of a user. Who calls as a service proves that by its own
/// token in Authorization.
inline constexpr std::string_view caller_token_header = "Seamline-Caller-Token";
inline constexpr std::string_view time_left_header = "Seamline-Time-Left-Ms";

inline constexpr std::size_t max_idempotency_key_bytes = 128;
inline constexpr std::int64_t max_wait_ms = 30'000;

/// The client's request id where it sent a usable one (1 to 128 of [A-Za-z0-9._-]); else empty.
std::string read_request_id(const Headers& headers);
/// A valid traceparent as version 00 (W3C Trace Context, section 3.2), or empty.
std::string read_traceparent(const Headers& headers);
/// The tracestate of a valid traceparent, from all its fields (section 3.3), or empty.
std::string read_tracestate(const Headers& headers);
/// The key, sent bare or as a quoted string (RFC 8941, section 3.3.3); empty for none.
/// Errors: idempotency.bad_key for more than one, or anything but 1 to 128 visible ASCII characters.
Result<std::string> read_idempotency_key(const Headers& headers);
/// `Prefer: wait=N` (RFC 7240, section 4.3) in milliseconds, at most 30 s; 0 without it.
std::int64_t read_wait_ms(const Headers& headers);
/// Whether If-None-Match lists this ETag, or `*`; weak and strong tags are the same here (RFC 9110, section 13.1.2).
bool matches_etag(const Headers& headers, std::string_view etag);

/// Who is at the other end. A client says nothing of its own identity here, which its token proves, nor of its deadline.
enum class Peer : std::uint8_t { client, service };

/// The context of a call to another host of the shop. A deadline goes as the time that is left, because the hosts' clocks are
/// not the same; a wait goes in whole seconds, rounded up. `notes` come back with the answer, and are not part of it.
Headers write_context(const CallContext& context, const Clock& clock);
/// Reads it back. Of a client's headers, those about caller and time left are ignored: the caller is then anonymous, and the
/// deadline never. A key is only looked at where the operation takes one. Errors: idempotency.bad_key; request.bad_context for a
/// service whose headers make no sense.
Result<CallContext> read_context(const Headers& headers, Peer peer, const Clock& clock, bool takes_key = true);

/// What the callee noted, as headers of its answer.
void write_notes(const CallNotes& notes, Headers& headers);
/// Adds what the headers say to `notes`.
void read_notes(const Headers& headers, CallNotes& notes);

}  // namespace seamline::http
