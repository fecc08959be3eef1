#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "contract/contract.hpp"
#include "contract/decode.hpp"
#include "contract/encode.hpp"

/// How an operation is written into a request and read back. HTTP itself (headers, sockets, statuses of errors) is src/http.
namespace seamline {

/// A request as it stands on the wire: the target of the request line, and the body.
struct EncodedRequest {
  std::string target;
  std::string body;
};

/// A successful reply as it stands on the wire.
struct Answer {
  int status = 200;
  std::string body;
  /// The Location header; empty for none.
  std::string location;
  /// The ETag header, with its quotes; empty for none.
  std::string etag;
};

/// The parts of a request that a route has been matched to. All views live as long as the request.
struct RequestParts {
  /// The path's parameters, still percent-encoded, in the order of the route's pattern.
  std::span<const std::pair<std::string_view, std::string_view>> path;
  /// Behind the question mark, still percent-encoded.
  std::string_view query;
  std::string_view body;
};

/// Percent-encodes all but the unreserved characters (RFC 3986, section 2.3).
std::string percent_encode(std::string_view text);
/// Undoes it. Errors: request.malformed for a broken escape or bytes that are no UTF-8. `plus_is_space` for forms.
Result<std::string> percent_decode(std::string_view text, bool plus_is_space);
/// Splits `a=1&b=2` and decodes both sides. Errors: request.malformed, also for a name that stands twice.
Result<std::vector<std::pair<std::string, std::string>>> parse_pairs(std::string_view text, bool plus_is_space);

/// The pattern with each `{name}` replaced by what `value_of(name)` gives, percent-encoded.
template <class ValueOf>
std::string fill_path(std::string_view pattern, ValueOf&& value_of) {
  std::string filled;
  while (!pattern.empty()) {
    const auto open = pattern.find('{');
    filled.append(pattern.substr(0, open));
    if (open == std::string_view::npos) break;
    const auto end = pattern.find('}', open);
    filled += percent_encode(value_of(pattern.substr(open + 1, end - open - 1)));
    pattern.remove_prefix(end + 1);
  }
  return filled;
}

constexpr bool is_path_member(std::string_view pattern, std::string_view member) {
  for (auto open = pattern.find('{'); open != std::string_view::npos; open = pattern.find('{', open + 1)) {
    const std::string_view behind = pattern.substr(open + 1);
    if (behind.starts_with(member) && behind.substr(member.size()).starts_with('}')) return true;
  }
  return false;
}

/// Whether values of a type can stand in a path, a query or a form.
template <class T>
inline constexpr bool has_text_form = !is_vector<T> && !Message<T> && !std::is_same_v<T, JsonObject>;
template <class T>
inline constexpr bool has_text_form<std::optional<T>> = has_text_form<T>;

/// A scalar as plain text: what stands in a path, a query or a form. Empty for an empty optional.
template <class T>
std::string to_text(const T& value) {
  if constexpr (is_optional<T>) {
    return value ? to_text(*value) : std::string();
  } else if constexpr (std::is_same_v<T, std::string>) {
    return value;
  } else if constexpr (is_id<T> || std::is_same_v<T, Secret>) {
    return value.text;
  } else if constexpr (std::is_same_v<T, bool>) {
    return value ? "true" : "false";
  } else if constexpr (std::is_same_v<T, std::int64_t>) {
    return std::to_string(value);
  } else if constexpr (std::is_same_v<T, Timestamp>) {
    return format_timestamp(value);
  } else {
    static_assert(NamedEnum<T>, "This type has no plain text form: it cannot stand in a path, a query or a form.");
    return std::string(name_of(value));
  }
}

/// The member of that name as text.
template <Message T>
std::string member_text(const T& message, std::string_view name) {
  std::string text;
  for_each_field<T>([&](const auto& field) {
    using M = typename std::remove_cvref_t<decltype(field)>::type;
    if constexpr (has_text_form<M>) {
      if (field.name == name) text = to_text(message.*field.member);
    }
  });
  return text;
}

/// Whether a member is written into the body of `Op`'s request, and not into its path or query.
template <Operation Op>
constexpr bool is_body_member(std::string_view name) {
  return Op::route.verb != Verb::get && !is_path_member(Op::route.path, name);
}

template <Operation Op>
EncodedRequest encode_request(const Op& operation) {
  EncodedRequest request;
  request.target = fill_path(Op::route.path, [&](std::string_view name) { return member_text(operation, name); });
  std::string pairs;
  json::Writer writer(request.body);
  constexpr bool as_json = Op::route.verb != Verb::get && Op::route.body == BodyFormat::json;
  if (as_json) writer.begin_object();
  for_each_field<Op>([&](const auto& field) {
    using M = typename std::remove_cvref_t<decltype(field)>::type;
    if (is_path_member(Op::route.path, field.name)) return;
    if constexpr (as_json) {
      writer.key(field.name);
      encode_value(writer, operation.*field.member);
    } else {
      if constexpr (is_optional<M>) {
        if (!(operation.*field.member).has_value()) return;
      }
      pairs += (pairs.empty() ? "" : "&") + std::string(field.name) + "=" + percent_encode(to_text(operation.*field.member));
    }
  });
  if (as_json) {
    writer.end_object();
  } else if (Op::route.verb == Verb::get) {
    if (!pairs.empty()) request.target += "?" + pairs;
  } else {
    request.body = std::move(pairs);
  }
  return request;
}

namespace detail {
/// Reads members that came as text. Unknown names are refused unless reading leniently, missing ones unless optional.
template <Operation Op>
void decode_pairs(Decoding& decoding, const std::vector<std::pair<std::string, std::string>>& pairs, Op& out) {
  std::size_t found = 0;
  for_each_field<Op>([&](const auto& field) {
    using M = typename std::remove_cvref_t<decltype(field)>::type;
    static_assert(has_text_form<M>, "A list or a message cannot stand in a query or a form.");
    if (is_path_member(Op::route.path, field.name)) return;
    const Decoding::Within within(decoding, field.name);
    for (const auto& [name, text] : pairs) {
      if (name != field.name) continue;
      ++found;
      decode_text(decoding, text, field.limits, out.*field.member);
      return;
    }
    if constexpr (!is_optional<M>) decoding.wrong_form("is missing");
  });
  if (!decoding.refuses_unknown() || found == pairs.size()) return;
  for (const auto& [name, text] : pairs) {
    bool known = false;
    for_each_field<Op>(
        [&](const auto& field) { known = known || (field.name == name && !is_path_member(Op::route.path, field.name)); });
    if (known) continue;
    const Decoding::Within within(decoding, name);
    decoding.wrong_form("is unknown here");
  }
}
}  // namespace detail

/// Reads an operation from the parts of its request, strictly; but of a form, unknown parameters are ignored, as OAuth's one form
/// demands (RFC 6749, section 3.2). A query is refused where no member can stand in it. An operation whose members are all in the
/// path, or optional, may come without a body. Errors: request.malformed_json, request.malformed, request.invalid,
/// request.too_large.
template <Operation Op>
Result<Op> decode_request(const RequestParts& parts) {
  Op operation{};
  Decoding decoding(Op::route.body == BodyFormat::form ? Reading::lenient : Reading::strict);
  for (const auto& [name, encoded] : parts.path) {
    auto text = percent_decode(encoded, false);
    if (!text) return fail(std::move(text.error()));
    for_each_field<Op>([&, &path_name = name](const auto& field) {
      using M = typename std::remove_cvref_t<decltype(field)>::type;
      if constexpr (has_text_form<M>) {
        if (field.name != path_name) return;
        const Decoding::Within within(decoding, field.name);
        decode_text(decoding, *text, field.limits, operation.*field.member);
      }
    });
  }
  if (Op::route.verb != Verb::get && !parts.query.empty()) decoding.wrong_form("has a query, and only a GET may have one");
  if constexpr (Op::route.verb == Verb::get || Op::route.body == BodyFormat::form) {
    auto pairs = parse_pairs(Op::route.verb == Verb::get ? parts.query : parts.body, true);
    if (!pairs) return fail(std::move(pairs.error()));
    detail::decode_pairs(decoding, *pairs, operation);
  } else if (!parts.body.empty()) {
    auto body = json::parse(parts.body);
    if (!body) return fail(std::move(body.error()));
    if (detail::expect(decoding, *body, json::Type::object)) decode_members(decoding, *body, operation, is_body_member<Op>);
  } else {
    decode_members(decoding, json::Value{}, operation, is_body_member<Op>);
  }
  if (!decoding.ok()) return fail(decoding.error());
  return operation;
}

/// A reply of which there are versions, told apart by its ETag.
template <class T>
concept Versioned = requires(const T& reply) { std::to_string(reply.version); };

/// Writes a reply: 200, or 201 with its Location; with an ETag where the reply has a version (RFC 9110, section 8.8.3).
template <Operation Op>
Answer encode_reply(const typename Op::Reply& reply) {
  Answer answer;
  answer.status = Op::route.success_status();
  answer.body = encode(reply);
  if constexpr (!Op::route.location.empty()) {
    answer.location = fill_path(Op::route.location, [&](std::string_view name) { return member_text(reply, name); });
  }
  if constexpr (Versioned<typename Op::Reply>) answer.etag = "\"v" + std::to_string(reply.version) + "\"";
  return answer;
}

}  // namespace seamline
