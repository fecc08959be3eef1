#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace seamline::observe {

using TraceId = std::array<std::uint8_t, 16>;
using SpanId = std::array<std::uint8_t, 8>;

/// Where a span stands: which trace, which span, and whether it is recorded (W3C Trace Context, section 3.2).
struct TraceContext {
  static constexpr std::uint8_t sampled_flag = 0x01;

  TraceId trace_id{};
  SpanId span_id{};
  std::uint8_t flags = 0;

  bool is_sampled() const { return (flags & sampled_flag) != 0; }

  /// Reads a traceparent. Of a version that is not known the part that every version begins with is read (section 4.3);
  /// flags that are not known are left out. Nothing where it is invalid: who gets none is not traced.
  static std::optional<TraceContext> parse(std::string_view traceparent);
  /// As a traceparent of version 00: 55 characters.
  std::string text() const;
};

/// Whether a traceparent that this program has written, or has read by parse(), says that its trace is recorded. Costs no more
/// than a look at it: every call asks.
inline bool is_sampled(std::string_view traceparent) {
  // The low bit of the last hexadecimal digit: that of its character, or of 'a' to 'f' the other one.
  return traceparent.size() == 55 && ((traceparent[54] <= '9' ? traceparent[54] : traceparent[54] - 'a') & 1) != 0;
}

/// The members of all tracestate header fields as one list (W3C Trace Context, section 3.3). It is only handed on: no member is
/// ours. Empty where a member is malformed, stands twice, or there are more than 32. A list of more than 512 bytes loses its
/// members of more than 128, and then those at its end.
std::string join_tracestate(const std::vector<std::string_view>& fields);

/// Lower-case hexadecimal, as OTLP writes ids in JSON.
std::string hex_of(const TraceId& id);
std::string hex_of(const SpanId& id);

}  // namespace seamline::observe
