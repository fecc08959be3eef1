#pragma once

#include <rapidcheck.h>

#include "contract/contract.hpp"

/// Messages of any type with any members, derived from their `fields`: each value within the limits that its field declares.
namespace seamline::test {

/// Well-formed UTF-8 of at least `least` and at most `most` bytes, with quotes, escapes, controls and characters of every
/// length. Without NUL, which no operation accepts.
inline std::string arbitrary_text(std::int64_t least, std::int64_t most) {
  static const std::vector<std::string> pieces{"a",
                                               "Z",
                                               "7",
                                               " ",
                                               "\"",
                                               "\\",
                                               "/",
                                               "%",
                                               "+",
                                               "&",
                                               "=",
                                               "?",
                                               "#",
                                               "{",
                                               "}",
                                               ".",
                                               "~",
                                               "\n",
                                               "\t",
                                               "\x01",
                                               "\x7F",
                                               "\xC3\xA9",
                                               "\xE2\x82\xAC",
                                               "\xF0\x9F\x98\x80",
                                               "\xEF\xBF\xBF",
                                               "\xF4\x8F\xBF\xBF"};
  const auto wanted = static_cast<std::size_t>(*rc::gen::inRange<std::int64_t>(least, std::min(most, least + 24) + 1));
  std::string text;
  while (text.size() < wanted) {
    const std::string& piece = *rc::gen::elementOf(pieces);
    text += text.size() + piece.size() <= wanted ? piece : "x";
  }
  return text;
}

template <class T>
T arbitrary_value(const Limits& limits) {
  if constexpr (is_optional<T>) {
    if (*rc::gen::inRange(0, 3) == 0) return std::nullopt;
    return arbitrary_value<typename T::value_type>(limits);
  } else if constexpr (is_vector<T>) {
    const std::int64_t least = std::max<std::int64_t>(0, limits.least);
    T values(static_cast<std::size_t>(*rc::gen::inRange<std::int64_t>(least, std::min(limits.most, least + 4) + 1)));
    for (auto& value : values) value = arbitrary_value<typename T::value_type>(Limits{});
    return values;
  } else if constexpr (Message<T>) {
    T message{};
    for_each_field<T>([&](const auto& field) {
      message.*field.member = arbitrary_value<typename std::remove_cvref_t<decltype(field)>::type>(field.limits);
    });
    return message;
  } else if constexpr (is_id<T>) {
    return T{arbitrary_text(1, static_cast<std::int64_t>(T::max_bytes))};
  } else if constexpr (std::is_same_v<T, std::string>) {
    return arbitrary_text(std::max<std::int64_t>(0, limits.least), std::min(limits.most, default_text_bytes));
  } else if constexpr (std::is_same_v<T, Secret>) {
    return Secret{arbitrary_text(std::max<std::int64_t>(0, limits.least), std::min(limits.most, default_text_bytes))};
  } else if constexpr (std::is_same_v<T, JsonObject>) {
    return JsonObject{*rc::gen::element<std::string>("{}", R"({"a":1})", R"({"b":[null,true,"x\"y"],"c":{"d":-5}})")};
  } else if constexpr (std::is_same_v<T, Timestamp>) {
    return Timestamp{*rc::gen::inRange<std::int64_t>(0, 253'402'300'799'999)};
  } else if constexpr (NamedEnum<T>) {
    return static_cast<T>(*rc::gen::inRange<std::size_t>(0, enum_names<T>.size()));
  } else if constexpr (std::is_same_v<T, bool>) {
    return *rc::gen::arbitrary<bool>();
  } else {
    const auto any = *rc::gen::oneOf(rc::gen::arbitrary<std::int64_t>(), rc::gen::element<std::int64_t>(INT64_MIN, INT64_MAX, 0));
    return std::clamp(any, limits.least, limits.most);
  }
}

/// Within a property: a message of this type.
template <Message T>
T arbitrary_message() {
  return arbitrary_value<T>(Limits{});
}

/// Whether two values are the same, member by member.
template <class T>
bool same(const T& a, const T& b) {
  if constexpr (is_optional<T>) {
    return a.has_value() == b.has_value() && (!a || same(*a, *b));
  } else if constexpr (is_vector<T>) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) { return same(x, y); });
  } else if constexpr (Message<T>) {
    bool all = true;
    for_each_field<T>([&](const auto& field) { all = all && same(a.*field.member, b.*field.member); });
    return all;
  } else {
    return a == b;
  }
}

}  // namespace seamline::test
