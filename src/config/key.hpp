#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "contract/fields.hpp"

namespace seamline::config {

/// One key of the configuration, as its declaration describes it: a section with keys of its own, or a value.
struct Key {
  std::string name;
  std::string doc;
  /// object for a section; else the type of the value.
  json::Type type = json::Type::object;
  std::vector<Key> children;

  /// The key at a dotted path under this one ("modules.payment.url"); null where there is none.
  const Key* find(std::string_view dotted_path) const;
  /// The child whose name is nearest to a mistyped one; empty where none is near.
  std::string nearest_child(std::string_view mistyped) const;
};

template <class T>
constexpr json::Type type_of() {
  if constexpr (is_optional<T>) {
    return type_of<typename T::value_type>();
  } else if constexpr (Message<T>) {
    return json::Type::object;
  } else if constexpr (std::is_same_v<T, bool>) {
    return json::Type::boolean;
  } else if constexpr (std::is_same_v<T, std::int64_t>) {
    return json::Type::integer;
  } else {
    return json::Type::string;
  }
}

/// The keys that a message declares.
template <Message T>
std::vector<Key> keys_of() {
  std::vector<Key> keys;
  for_each_field<T>([&](const auto& field) {
    using M = typename std::remove_cvref_t<decltype(field)>::type;
    Key key{std::string(field.name), std::string(field.doc), type_of<M>(), {}};
    if constexpr (Message<M>) key.children = keys_of<M>();
    keys.push_back(std::move(key));
  });
  return keys;
}

}  // namespace seamline::config
