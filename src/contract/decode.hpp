#pragma once

#include <charconv>
#include <utility>

#include "contract/fields.hpp"

namespace seamline {

/// How a message is read. A request is read strictly; a reply or an event leniently, because its sender may be newer.
enum class Reading : std::uint8_t {
  /// Unknown members are refused.
  strict,
  /// Unknown members are ignored, and an id may be an integer (read as its decimal text).
  lenient,
  /// Unknown members are refused, and a missing one keeps what the message has already: configuration over its defaults.
  overlay,
};

/// Collects what is wrong with a message, member by member. At most `max_violations` are kept.
class Decoding {
 public:
  static constexpr std::size_t max_violations = 20;

  explicit Decoding(Reading reading) : reading_(reading) {}

  bool refuses_unknown() const { return reading_ != Reading::lenient; }
  bool keeps_missing() const { return reading_ == Reading::overlay; }
  /// The value has the wrong form: wrong type, missing, unknown. Makes the message malformed.
  void wrong_form(std::string detail);
  /// The value has the right form but is out of its limits. Makes the message invalid.
  void out_of_limits(std::string detail);
  bool ok() const { return violations_.empty(); }
  /// The error that the violations amount to: request.malformed or request.invalid.
  Error error() const;

  /// While it lives, what is reported lies under this member or element (JSON pointer, RFC 6901).
  class Within {
   public:
    Within(Decoding& decoding, std::string_view member);
    Within(Decoding& decoding, std::size_t index);
    ~Within();
    Within(const Within&) = delete;
    Within& operator=(const Within&) = delete;

   private:
    Decoding& decoding_;
    std::size_t length_before_;
  };

 private:
  void add(std::string detail);

  Reading reading_;
  std::string pointer_;
  std::vector<Violation> violations_;
  bool malformed_ = false;
};

namespace detail {
bool check_length(Decoding& decoding, std::size_t size, const Limits& limits, std::int64_t otherwise_most, const char* unit);
void check_range(Decoding& decoding, std::int64_t value, const Limits& limits);
bool expect(Decoding& decoding, const json::Value& value, json::Type type);
void report_unknown_name(Decoding& decoding, std::string_view got, const std::string_view* names, std::size_t count);
}  // namespace detail

constexpr bool every_member(std::string_view) { return true; }

template <Message T, class Wanted = bool (*)(std::string_view)>
void decode_members(Decoding& decoding, const json::Value& object, T& out, Wanted wanted = every_member);

/// Reads one value into `out`; reports what is wrong to `decoding`.
template <class T>
void decode_value(Decoding& decoding, const json::Value& value, const Limits& limits, T& out) {
  if constexpr (is_optional<T>) {
    if (value.is(json::Type::null)) {
      out.reset();
    } else {
      decode_value(decoding, value, limits, out.emplace());
    }
  } else if constexpr (is_vector<T>) {
    if (!detail::expect(decoding, value, json::Type::array)) return;
    if (!detail::check_length(decoding, value.items.size(), limits, default_list_items, "elements")) return;
    out.resize(value.items.size());
    for (std::size_t i = 0; i < value.items.size(); ++i) {
      const Decoding::Within within(decoding, i);
      decode_value(decoding, value.items[i], Limits{}, out[i]);
    }
  } else if constexpr (Message<T>) {
    if (detail::expect(decoding, value, json::Type::object)) decode_members(decoding, value, out);
  } else if constexpr (is_id<T>) {
    if (!decoding.refuses_unknown() && value.is(json::Type::integer)) {
      out.text = std::to_string(value.integer);
      return;
    }
    if (!detail::expect(decoding, value, json::Type::string)) return;
    detail::check_length(decoding, value.text.size(), length(1, static_cast<std::int64_t>(T::max_bytes)), 0, "bytes");
    out.text = value.text;
  } else if constexpr (std::is_same_v<T, std::string> || std::is_same_v<T, Secret>) {
    if (!detail::expect(decoding, value, json::Type::string)) return;
    detail::check_length(decoding, value.text.size(), limits, default_text_bytes, "bytes");
    if constexpr (std::is_same_v<T, Secret>) {
      out.text = value.text;
    } else {
      out = value.text;
    }
  } else if constexpr (std::is_same_v<T, JsonObject>) {
    if (!detail::expect(decoding, value, json::Type::object)) return;
    out.text.clear();
    json::append_value(out.text, value);
  } else if constexpr (std::is_same_v<T, Timestamp>) {
    if (!detail::expect(decoding, value, json::Type::string)) return;
    if (const auto at = parse_timestamp(value.text)) {
      out = *at;
    } else {
      decoding.wrong_form("is no RFC 3339 date and time");
    }
  } else if constexpr (NamedEnum<T>) {
    if (!detail::expect(decoding, value, json::Type::string)) return;
    if (const auto named = enum_from_name<T>(value.text)) {
      out = *named;
    } else {
      detail::report_unknown_name(decoding, value.text, enum_names<T>.data(), enum_names<T>.size());
    }
  } else if constexpr (std::is_same_v<T, bool>) {
    if (detail::expect(decoding, value, json::Type::boolean)) out = value.boolean;
  } else {
    if (!detail::expect(decoding, value, json::Type::integer)) return;
    detail::check_range(decoding, value.integer, limits);
    out = value.integer;
  }
}

/// Reads those declared members of an object that `wanted(name)` selects; the others count as unknown. A member that is
/// absent is wrong unless it is optional.
template <Message T, class Wanted>
void decode_members(Decoding& decoding, const json::Value& object, T& out, Wanted wanted) {
  std::size_t found = 0;
  for_each_field<T>([&](const auto& field) {
    if (!wanted(field.name)) return;
    const Decoding::Within within(decoding, field.name);
    if (const json::Value* value = object.find(field.name)) {
      ++found;
      decode_value(decoding, *value, field.limits, out.*field.member);
    } else if constexpr (!is_optional<typename std::remove_cvref_t<decltype(field)>::type>) {
      if (!decoding.keeps_missing()) decoding.wrong_form("is missing");
    }
  });
  if (!decoding.refuses_unknown() || found == object.items.size()) return;
  for (const json::Value& item : object.items) {
    bool known = false;
    for_each_field<T>([&](const auto& field) { known = known || (field.name == item.name && wanted(field.name)); });
    if (known) continue;
    const Decoding::Within within(decoding, item.name);
    decoding.wrong_form("is unknown here");
  }
}

/// Reads a message from JSON text. Errors: request.malformed_json, request.malformed, request.invalid, request.too_large.
template <Message T>
Result<T> decode(std::string_view text, Reading reading, const json::ParseLimits& limits = {}) {
  auto value = json::parse(text, limits);
  if (!value) return fail(std::move(value.error()));
  Decoding decoding(reading);
  T out{};
  decode_value(decoding, *value, Limits{}, out);
  if (!decoding.ok()) return fail(decoding.error());
  return out;
}

/// Reads a member that came as plain text (a path or query parameter, a form field).
template <class T>
void decode_text(Decoding& decoding, std::string_view text, const Limits& limits, T& out) {
  if constexpr (is_optional<T>) {
    decode_text(decoding, text, limits, out.emplace());
  } else {
    json::Value value;
    value.type = json::Type::string;
    if constexpr (std::is_same_v<T, std::int64_t>) {
      const auto end = text.data() + text.size();
      const auto read = std::from_chars(text.data(), end, value.integer);
      if (read.ec == std::errc() && read.ptr == end) {
        value.type = json::Type::integer;
      } else {
        decoding.wrong_form("must be an integer");
        return;
      }
    } else if constexpr (std::is_same_v<T, bool>) {
      value.type = json::Type::boolean;
      value.boolean = text == "true";
      if (text != "true" && text != "false") {
        decoding.wrong_form("must be true or false");
        return;
      }
    } else {
      value.text = text;
    }
    decode_value(decoding, value, limits, out);
  }
}

}  // namespace seamline
