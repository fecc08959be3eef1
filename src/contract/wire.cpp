#include "contract/wire.hpp"

#include "base/text.hpp"

namespace seamline {
namespace {

constexpr ErrorCode malformed{"request.malformed", Kind::malformed};

bool is_unreserved(unsigned char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' ||
         c == '~';
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::string percent_encode(std::string_view text) {
  static constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (is_unreserved(byte)) {
      out.push_back(c);
    } else {
      out.push_back('%');
      out.push_back(digits[byte >> 4U]);
      out.push_back(digits[byte & 0xFU]);
    }
  }
  return out;
}

Result<std::string> percent_decode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      out.push_back(' ');
    } else if (text[i] != '%') {
      out.push_back(text[i]);
    } else {
      const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
      if (high < 0 || low < 0) return fail(malformed, "The target has a '%' that two hexadecimal digits do not follow.");
      out.push_back(static_cast<char>(high * 16 + low));
      i += 2;
    }
  }
  if (!is_text(out)) return fail(malformed, "The target or form holds bytes that are no UTF-8 text.");
  return out;
}

Result<std::vector<std::pair<std::string, std::string>>> parse_pairs(std::string_view text, bool plus_is_space) {
  std::vector<std::pair<std::string, std::string>> pairs;
  while (!text.empty()) {
    const auto end = text.find('&');
    const std::string_view pair = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (pair.empty()) continue;
    const auto equals = pair.find('=');
    auto name = percent_decode(pair.substr(0, equals), plus_is_space);
    if (!name) return fail(std::move(name.error()));
    auto value = percent_decode(equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1), plus_is_space);
    if (!value) return fail(std::move(value.error()));
    if (pairs.size() >= 100) return fail(malformed, "More than 100 parameters.");
    for (const auto& known : pairs) {
      if (known.first == *name)
        return fail(malformed, "The parameter " + std::string(text_prefix(*name, 100)) + " stands twice.");
    }
    pairs.emplace_back(std::move(*name), std::move(*value));
  }
  return pairs;
}

}  // namespace seamline
