#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <vector>

#include "base/clock.hpp"
#include "base/id.hpp"
#include "base/json.hpp"

/// How a message declares its members. One declaration, `static constexpr std::tuple fields{Field{…}, …}`, gives the JSON
/// encoding, the strict and the lenient decoding, and the JSON schema.
namespace seamline {

/// What a member's value may be: the range of an integer, the bytes of a text, the number of elements of a list.
struct Limits {
  std::int64_t least = INT64_MIN;
  std::int64_t most = INT64_MAX;
};

constexpr Limits range(std::int64_t least, std::int64_t most) { return {least, most}; }
constexpr Limits length(std::int64_t least, std::int64_t most) { return {least, most}; }
constexpr Limits count(std::int64_t least, std::int64_t most) { return {least, most}; }

/// Texts and lists that declare no limits of their own are held to these.
inline constexpr std::int64_t default_text_bytes = 4096;
inline constexpr std::int64_t default_list_items = 1000;

/// One member of a message: its JSON name, where it lives, one sentence about it, and its limits.
template <class Owner, class T>
struct Field {
  using type = T;
  std::string_view name;
  T Owner::* member;
  std::string_view doc;
  Limits limits{};
};
template <class Owner, class T>
Field(const char*, T Owner::*, const char*) -> Field<Owner, T>;
template <class Owner, class T>
Field(const char*, T Owner::*, const char*, Limits) -> Field<Owner, T>;

template <class T>
concept Message = std::default_initializable<T> && requires { std::tuple_size<std::remove_cvref_t<decltype(T::fields)>>::value; };

/// A text that must not be logged or echoed: a password, a client secret.
struct Secret {
  std::string text;
  bool operator==(const Secret&) const = default;
};

/// A JSON object whose members its owner does not declare, kept as compact text. Empty means `{}`.
struct JsonObject {
  std::string text;
  bool operator==(const JsonObject&) const = default;
};

/// An enumeration with wire names specialises this: `template <> inline constexpr std::array enum_names<Status>{…}`, in the
/// order of its enumerators, which start at 0.
template <class E>
inline constexpr std::nullptr_t enum_names = nullptr;

template <class E>
concept NamedEnum = std::is_enum_v<E> && !std::is_same_v<decltype(enum_names<E>), const std::nullptr_t>;

template <NamedEnum E>
constexpr std::string_view name_of(E value) {
  return enum_names<E>[static_cast<std::size_t>(value)];
}
template <NamedEnum E>
constexpr std::optional<E> enum_from_name(std::string_view name) {
  for (std::size_t i = 0; i < std::size(enum_names<E>); ++i) {
    if (enum_names<E>[i] == name) return static_cast<E>(i);
  }
  return std::nullopt;
}

namespace detail {
template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};
template <class T>
struct IsVector : std::false_type {};
template <class T>
struct IsVector<std::vector<T>> : std::true_type {};
template <class T>
struct IsId : std::false_type {};
template <Literal Name>
struct IsId<Id<Name>> : std::true_type {};
}  // namespace detail

template <class T>
inline constexpr bool is_optional = detail::IsOptional<T>::value;
template <class T>
inline constexpr bool is_vector = detail::IsVector<T>::value;
template <class T>
inline constexpr bool is_id = detail::IsId<T>::value;

/// Calls `visit(field)` for each declared member, in order.
template <Message T, class Visit>
constexpr void for_each_field(Visit&& visit) {
  std::apply([&](const auto&... field) { (visit(field), ...); }, T::fields);
}

}  // namespace seamline
