#include "observe/trace_context.hpp"

#include <algorithm>
#include <span>

#include "base/hash.hpp"

namespace seamline::observe {
namespace {

/// What this program knows of the flags: sampled, and since level 2 whether the id is random.
constexpr std::uint8_t known_flags = 0x03;
constexpr std::size_t traceparent_bytes = 55;
constexpr std::size_t max_members = 32;
constexpr std::size_t max_tracestate_bytes = 512;
constexpr std::size_t max_long_member_bytes = 128;

int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/// Fills `out` from the digits; false where they are not all lower-case hexadecimal.
bool read_hex(std::string_view digits, std::span<std::uint8_t> out) {
  for (std::size_t i = 0; i < out.size(); ++i) {
    const int high = digit_of(digits[2 * i]);
    const int low = digit_of(digits[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    out[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  return true;
}

bool is_zero(std::span<const std::uint8_t> id) {
  return std::all_of(id.begin(), id.end(), [](std::uint8_t byte) { return byte == 0; });
}

std::string hex(std::span<const std::uint8_t> bytes) {
  return to_hex(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
}

bool is_key_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '*' || c == '/' || c == '@';
}

std::string_view trimmed(std::string_view text) {
  const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

/// Section 3.3.1.3: `key=value`, both of at most 256 characters.
bool is_member(std::string_view member) {
  const auto equals = member.find('=');
  if (equals == std::string_view::npos || equals == 0 || equals > 256) return false;
  const std::string_view key = member.substr(0, equals);
  const std::string_view value = member.substr(equals + 1);
  const bool begins_well = (key[0] >= 'a' && key[0] <= 'z') || (key[0] >= '0' && key[0] <= '9');
  const auto is_value_character = [](char c) { return c >= 0x20 && c <= 0x7E && c != ',' && c != '='; };
  return begins_well && std::all_of(key.begin(), key.end(), is_key_character) && !value.empty() && value.size() <= 256 &&
         std::all_of(value.begin(), value.end(), is_value_character);
}

/// The members of all fields; nothing where they are no valid list.
std::optional<std::vector<std::string_view>> read_members(const std::vector<std::string_view>& fields) {
  std::vector<std::string_view> members;
  for (std::string_view field : fields) {
    while (!field.empty()) {
      const auto comma = std::min(field.find(','), field.size());
      const std::string_view member = trimmed(field.substr(0, comma));
      field.remove_prefix(std::min(comma + 1, field.size()));
      if (member.empty()) continue;
      const std::string_view key = member.substr(0, member.find('='));
      const auto has_key = [key](std::string_view other) { return other.substr(0, other.find('=')) == key; };
      if (!is_member(member) || members.size() == max_members || std::any_of(members.begin(), members.end(), has_key)) {
        return std::nullopt;
      }
      members.push_back(member);
    }
  }
  return members;
}

std::size_t bytes_of(const std::vector<std::string_view>& members) {
  std::size_t bytes = members.empty() ? 0 : members.size() - 1;
  for (const std::string_view member : members) bytes += member.size();
  return bytes;
}

}  // namespace

std::optional<TraceContext> TraceContext::parse(std::string_view traceparent) {
  if (traceparent.size() < traceparent_bytes) return std::nullopt;
  std::uint8_t version = 0;
  TraceContext context;
  const bool has_form =
      traceparent[2] == '-' && traceparent[35] == '-' && traceparent[52] == '-' &&
      read_hex(traceparent.substr(0, 2), {&version, 1}) && read_hex(traceparent.substr(3, 32), context.trace_id) &&
      read_hex(traceparent.substr(36, 16), context.span_id) && read_hex(traceparent.substr(53, 2), {&context.flags, 1});
  if (!has_form || version == 0xFF || is_zero(context.trace_id) || is_zero(context.span_id)) return std::nullopt;
  const bool ends_there = traceparent.size() == traceparent_bytes;
  if (!ends_there && (version == 0 || traceparent[traceparent_bytes] != '-')) return std::nullopt;
  context.flags &= known_flags;
  return context;
}

std::string TraceContext::text() const {
  const std::uint8_t flag_byte[1] = {flags};
  std::string text;
  text.reserve(traceparent_bytes);
  text.append("00-").append(hex(trace_id)).append("-").append(hex(span_id)).append("-").append(hex(flag_byte));
  return text;
}

std::string join_tracestate(const std::vector<std::string_view>& fields) {
  auto members = read_members(fields);
  if (!members) return {};
  if (bytes_of(*members) > max_tracestate_bytes) {
    std::erase_if(*members, [](std::string_view member) { return member.size() > max_long_member_bytes; });
  }
  while (bytes_of(*members) > max_tracestate_bytes) members->pop_back();
  std::string joined;
  for (const std::string_view member : *members) joined.append(joined.empty() ? "" : ",").append(member);
  return joined;
}

std::string hex_of(const TraceId& id) { return hex(id); }
std::string hex_of(const SpanId& id) { return hex(id); }

}  // namespace seamline::observe
