#pragma once

#include <array>
#include <span>

#include "contract/fields.hpp"

/// A message's declaration as plain data, for those who describe messages and never hold one: JSON schemas, OpenAPI.
/// All of it is made at compile time and lives as long as the program.
namespace seamline {

enum class ValueType : std::uint8_t { text, secret, id, integer, boolean, timestamp, name, object, list, message };

struct MessageDescriptor;

/// What a value may be, as `decode_value` reads it and `encode_value` writes it.
struct ValueDescriptor {
  ValueType type = ValueType::text;
  bool is_optional = false;
  /// The wire names of an enumeration.
  std::span<const std::string_view> names{};
  /// What a list holds.
  const ValueDescriptor* element = nullptr;
  /// The members of a message.
  const MessageDescriptor* message = nullptr;
};

/// One Field, without its type.
struct MemberDescriptor {
  std::string_view name;
  std::string_view doc;
  Limits limits;
  ValueDescriptor value;
};

struct MessageDescriptor {
  /// As in C++, without the project's namespace: `order::Item`.
  std::string_view type_name;
  std::span<const MemberDescriptor> members;

  /// Null where the message has no such member.
  constexpr const MemberDescriptor* find(std::string_view name) const {
    for (const MemberDescriptor& member : members) {
      if (member.name == name) return &member;
    }
    return nullptr;
  }
};

namespace detail {

/// The name of a type, cut from what gcc ("… [with T = seamline::order::Item; …") and clang ("… [T = seamline::order::Item]")
/// say of this function.
template <class T>
constexpr std::string_view type_name() {
  std::string_view name = __PRETTY_FUNCTION__;
  name.remove_prefix(name.find("T = ") + 4);
  name = name.substr(0, name.find_first_of(";]"));
  constexpr std::string_view project = "seamline::";
  return name.starts_with(project) ? name.substr(project.size()) : name;
}

template <class T>
struct Described;

template <class T>
constexpr ValueDescriptor describe_value() {
  if constexpr (is_optional<T>) {
    ValueDescriptor value = describe_value<typename T::value_type>();
    value.is_optional = true;
    return value;
  } else if constexpr (is_vector<T>) {
    return {.type = ValueType::list, .element = &Described<typename T::value_type>::value};
  } else if constexpr (Message<T>) {
    return {.type = ValueType::message, .message = &Described<T>::message};
  } else if constexpr (NamedEnum<T>) {
    return {.type = ValueType::name, .names = enum_names<T>};
  } else if constexpr (is_id<T>) {
    return {.type = ValueType::id};
  } else if constexpr (std::is_same_v<T, Secret>) {
    return {.type = ValueType::secret};
  } else if constexpr (std::is_same_v<T, JsonObject>) {
    return {.type = ValueType::object};
  } else if constexpr (std::is_same_v<T, Timestamp>) {
    return {.type = ValueType::timestamp};
  } else if constexpr (std::is_same_v<T, bool>) {
    return {.type = ValueType::boolean};
  } else if constexpr (std::is_same_v<T, std::int64_t>) {
    return {.type = ValueType::integer};
  } else {
    static_assert(std::is_same_v<T, std::string>, "This type cannot be a field.");
    return {.type = ValueType::text};
  }
}

template <class T>
struct Described {
  static constexpr ValueDescriptor value = describe_value<T>();
};
template <Message T>
struct Described<T> {
  static constexpr auto members = std::apply(
      [](const auto&... field) {
        return std::array<MemberDescriptor, sizeof...(field)>{MemberDescriptor{
            field.name, field.doc, field.limits, describe_value<typename std::remove_cvref_t<decltype(field)>::type>()}...};
      },
      T::fields);
  static constexpr MessageDescriptor message{type_name<T>(), members};
  static constexpr ValueDescriptor value{.type = ValueType::message, .message = &message};
};

}  // namespace detail

template <Message T>
inline constexpr const MessageDescriptor& descriptor_of = detail::Described<T>::message;

}  // namespace seamline
