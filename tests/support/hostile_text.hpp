#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "support/catch.hpp"

namespace seamline::test {

/// Appends one character as UTF-8. `code` is no surrogate.
inline void append_character(std::string& text, std::uint32_t code) {
  const auto tail = [&](std::uint32_t bits) { text.push_back(static_cast<char>(0x80U | (bits & 0x3FU))); };
  if (code < 0x80) {
    text.push_back(static_cast<char>(code));
  } else if (code < 0x800) {
    text.push_back(static_cast<char>(0xC0U | (code >> 6U)));
    tail(code);
  } else if (code < 0x10000) {
    text.push_back(static_cast<char>(0xE0U | (code >> 12U)));
    tail(code >> 6U);
    tail(code);
  } else {
    text.push_back(static_cast<char>(0xF0U | (code >> 18U)));
    tail(code >> 12U);
    tail(code >> 6U);
    tail(code);
  }
}

/// Texts of any characters but NUL: control characters, what URLs, JSON and SQL give a meaning to, and all planes of Unicode.
inline rc::Gen<std::string> hostile_text() {
  const auto character = rc::gen::weightedOneOf<std::uint32_t>(
      {{6, rc::gen::inRange<std::uint32_t>(1, 0x80)},
       {4, rc::gen::element<std::uint32_t>('/', '?', '%', '&', '=', '+', '#', ';', '"', '\'', '\\', '~', '.')},
       {1, rc::gen::inRange<std::uint32_t>(0x80, 0x800)},
       {1, rc::gen::inRange<std::uint32_t>(0x800, 0xD800)},
       {1, rc::gen::inRange<std::uint32_t>(0x10000, 0x110000)}});
  return rc::gen::map(rc::gen::container<std::vector<std::uint32_t>>(character), [](const std::vector<std::uint32_t>& codes) {
    std::string text;
    for (const std::uint32_t code : codes) append_character(text, code);
    return text;
  });
}

}  // namespace seamline::test
