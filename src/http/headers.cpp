#include "http/headers.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "observe/trace_context.hpp"

namespace seamline::http {
namespace {

constexpr ErrorCode bad_key{"idempotency.bad_key", Kind::malformed};
constexpr ErrorCode bad_context{"request.bad_context", Kind::malformed};

constexpr std::string_view applied_header = "Preference-Applied";
constexpr std::string_view replayed_header = "Idempotent-Replayed";

/// In the order of Role.
constexpr std::array<std::string_view, 4> role_names{"anonymous", "user", "admin", "service"};

bool is_id_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

/// Takes the next element off a list with commas (RFC 9110, section 5.6.1).
std::string_view take_element(std::string_view& list) {
  const auto comma = list.find(',');
  std::string_view element = list.substr(0, comma);
  list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
  while (element.starts_with(' ') || element.starts_with('\t')) element.remove_prefix(1);
  while (element.ends_with(' ') || element.ends_with('\t')) element.remove_suffix(1);
  return element;
}

}  // namespace

std::string read_request_id(const Headers& headers) {
  const std::string_view id = headers.get(request_id_header);
  if (id.empty() || id.size() > 128 || !std::all_of(id.begin(), id.end(), is_id_character)) return {};
  return std::string(id);
}

std::string read_traceparent(const Headers& headers) {
  if (headers.count(trace_header) != 1) return {};
  const auto context = observe::TraceContext::parse(headers.get(trace_header));
  return context ? context->text() : std::string();
}

std::string read_tracestate(const Headers& headers) {
  std::vector<std::string_view> fields;
  for (const auto& [name, value] : headers.fields()) {
    if (equal_ignoring_case(name, trace_state_header)) fields.emplace_back(value);
  }
  return observe::join_tracestate(fields);
}

Result<std::string> read_idempotency_key(const Headers& headers) {
  if (!headers.has(idempotency_header)) return std::string();
  std::string_view key = headers.get(idempotency_header);
  if (key.size() >= 2 && key.front() == '"' && key.back() == '"') key = key.substr(1, key.size() - 2);
  const bool is_visible =
      std::all_of(key.begin(), key.end(), [](char c) { return c > 0x20 && c < 0x7F && c != '"' && c != '\\'; });
  if (headers.count(idempotency_header) > 1 || key.empty() || key.size() > max_idempotency_key_bytes || !is_visible) {
    return fail(bad_key, "The header Idempotency-Key must stand once, with 1 to 128 visible ASCII characters.");
  }
  return std::string(key);
}

bool matches_etag(const Headers& headers, std::string_view etag) {
  for (std::string_view list = headers.get("If-None-Match"); !list.empty();) {
    std::string_view one = take_element(list);
    if (one.starts_with("W/")) one.remove_prefix(2);
    if (one == etag || one == "*") return true;
  }
  return false;
}

std::int64_t read_wait_ms(const Headers& headers) {
  for (std::string_view prefer = headers.get(prefer_header); !prefer.empty();) {
    const std::string_view one = take_element(prefer);
    if (one.size() < 6 || !equal_ignoring_case(one.substr(0, 5), "wait=")) continue;
    std::int64_t seconds = 0;
    const char* end = one.data() + one.size();
    const auto read = std::from_chars(one.data() + 5, end, seconds);
    if (read.ec != std::errc() || read.ptr != end || seconds < 0) return 0;
    return std::min(seconds, max_wait_ms / 1000) * 1000;
  }
  return 0;
}

namespace {

Result<void> read_service_headers(const Headers& headers, const Clock& clock, CallContext& context) {
  const auto role = std::find(role_names.begin(), role_names.end(), headers.get(caller_role_header));
  if (role == role_names.end()) return fail(bad_context, "The header " + std::string(caller_role_header) + " names no role.");
  context.caller = {static_cast<Role>(role - role_names.begin()), std::string(headers.get(caller_subject_header))};
  context.caller_token = headers.get(caller_token_header);
  if (!headers.has(time_left_header)) return {};
  const std::string_view left = headers.get(time_left_header);
  std::int64_t left_ms = 0;
  const auto read = std::from_chars(left.data(), left.data() + left.size(), left_ms);
  if (read.ec != std::errc() || read.ptr != left.data() + left.size() || left_ms < 0) {
    return fail(bad_context, "The header " + std::string(time_left_header) + " holds no number of milliseconds.");
  }
  context.deadline = clock.monotonic().plus_ms(left_ms);
  return {};
}

}  // namespace

Headers write_context(const CallContext& context, const Clock& clock) {
  Headers headers;
  const auto add = [&](std::string_view name, std::string value) {
    if (!value.empty()) headers.add(std::string(name), std::move(value));
  };
  add(request_id_header, context.request_id);
  add(trace_header, context.traceparent);
  if (!context.traceparent.empty()) add(trace_state_header, context.tracestate);
  add(idempotency_header, context.idempotency_key);
  if (context.wait_ms > 0) add(prefer_header, "wait=" + std::to_string((context.wait_ms + 999) / 1000));
  add(caller_role_header, std::string(role_names[static_cast<std::size_t>(context.caller.role)]));
  add(caller_subject_header, context.caller.subject);
  add(caller_token_header, context.caller_token);
  if (context.deadline != Instant::never()) {
    add(time_left_header, std::to_string(std::max<std::int64_t>(0, clock.monotonic().ms_until(context.deadline))));
  }
  return headers;
}

Result<CallContext> read_context(const Headers& headers, Peer peer, const Clock& clock, bool takes_key) {
  CallContext context;
  context.request_id = read_request_id(headers);
  context.traceparent = read_traceparent(headers);
  if (!context.traceparent.empty()) context.tracestate = read_tracestate(headers);
  context.wait_ms = read_wait_ms(headers);
  if (takes_key) {
    auto key = read_idempotency_key(headers);
    if (!key) return fail(std::move(key.error()));
    context.idempotency_key = std::move(*key);
  }
  if (peer == Peer::service) {
    if (auto read = read_service_headers(headers, clock, context); !read) return fail(std::move(read.error()));
  }
  return context;
}

void write_notes(const CallNotes& notes, Headers& headers) {
  if (notes.waited) headers.add(std::string(applied_header), "wait");
  if (notes.replayed) headers.add(std::string(replayed_header), "true");
}

void read_notes(const Headers& headers, CallNotes& notes) {
  notes.waited = notes.waited || headers.get(applied_header) == "wait";
  notes.replayed = notes.replayed || headers.get(replayed_header) == "true";
}

}  // namespace seamline::http
