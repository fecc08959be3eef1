#include "base/text.hpp"

#include <string>

#include "support/catch.hpp"

using namespace seamline;

TEST_CASE("text is UTF-8 of one to four bytes a character") {
  CHECK(is_text(""));
  CHECK(is_text("plain and longer than eight bytes"));
  CHECK(is_text("\u00e9"));
  CHECK(is_text("\u20ac"));
  CHECK(is_text("\U0001F600"));
  CHECK(is_text("\U0010FFFF"));
  CHECK(is_text("seven b\u00e9hind a word's edge \U0001F600"));
}

TEST_CASE("text is not: NUL, overlong forms, surrogates, what lies beyond Unicode, and characters cut short") {
  CHECK_FALSE(is_text(std::string_view("\0", 1)));
  CHECK_FALSE(is_text(std::string_view("eight by\0es and NUL", 19)));
  for (const char* bytes :
       {"\x80", "\xC0\xAF", "\xC1\xBF", "\xE0\x80\xAF", "\xF0\x80\x80\xAF", "\xED\xA0\x80", "\xED\xBF\xBF", "\xF4\x90\x80\x80",
        "\xF5\x80\x80\x80", "\xF8\x88\x80\x80\x80", "\xFF", "\xC3", "\xE2\x82", "\xF0\x9F\x98", "\xC3(", "\xE2\x82("}) {
    INFO("lead byte " << static_cast<int>(static_cast<unsigned char>(bytes[0])));
    CHECK_FALSE(is_text(bytes));
    CHECK_FALSE(is_text("nine chars" + std::string(bytes)));
  }
}

TEST_CASE("the well-formed beginning ends before the first byte that is wrong, wherever it stands") {
  for (std::size_t before = 0; before < 20; ++before) {
    const std::string good(before, 'a');
    CHECK(well_formed_bytes(good + "\xFF and more text behind it") == before);
    CHECK(well_formed_bytes(good + "\u20ac") == before + 3);
  }
}

TEST_CASE("a prefix keeps to its limit and cuts no character in two") {
  CHECK(text_prefix("abc", 5) == "abc");
  CHECK(text_prefix("abcdef", 3) == "abc");
  CHECK(text_prefix("ab\u20acd", 4) == "ab");
  CHECK(text_prefix("ab\u20acd", 5) == "ab\u20ac");
  CHECK(text_prefix("\U0001F600", 3).empty());
}
