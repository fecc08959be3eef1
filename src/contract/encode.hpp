#pragma once

#include "contract/fields.hpp"

namespace seamline {

template <Message T>
void encode_members(json::Writer& writer, const T& message);

/// Writes one value as JSON. An empty optional is `null`.
template <class T>
void encode_value(json::Writer& writer, const T& value) {
  if constexpr (is_optional<T>) {
    if (value.has_value()) {
      encode_value(writer, *value);
    } else {
      writer.null();
    }
  } else if constexpr (is_vector<T>) {
    writer.begin_array();
    for (const auto& item : value) encode_value(writer, item);
    writer.end_array();
  } else if constexpr (Message<T>) {
    writer.begin_object();
    encode_members(writer, value);
    writer.end_object();
  } else if constexpr (is_id<T> || std::is_same_v<T, Secret>) {
    writer.string(value.text);
  } else if constexpr (std::is_same_v<T, JsonObject>) {
    writer.raw(value.text.empty() ? std::string_view("{}") : std::string_view(value.text));
  } else if constexpr (std::is_same_v<T, Timestamp>) {
    writer.string(format_timestamp(value));
  } else if constexpr (NamedEnum<T>) {
    writer.string(name_of(value));
  } else if constexpr (std::is_same_v<T, bool>) {
    writer.boolean(value);
  } else if constexpr (std::is_same_v<T, std::string>) {
    writer.string(value);
  } else {
    static_assert(std::is_same_v<T, std::int64_t>,
                  "A field is text, an integer of 64 bits, bool, an Id, a Timestamp, a named enum, "
                  "a message, or an optional or vector of these.");
    writer.integer(value);
  }
}

/// Writes the members of a message into an object that is already open.
template <Message T>
void encode_members(json::Writer& writer, const T& message) {
  for_each_field<T>([&](const auto& field) {
    writer.key(field.name);
    encode_value(writer, message.*field.member);
  });
}

/// The message as compact JSON. Canonical: equal messages give equal bytes.
template <Message T>
std::string encode(const T& message) {
  std::string out;
  out.reserve(256);
  json::Writer writer(out);
  encode_value(writer, message);
  return out;
}

}  // namespace seamline
