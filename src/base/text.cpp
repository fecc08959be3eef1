#include "base/text.hpp"

#include <cstdint>
#include <cstring>

namespace seamline {
namespace {

/// Whether eight bytes are all ASCII and none is NUL: the common case, in one step.
bool is_plain(const char* eight) {
  std::uint64_t word = 0;
  std::memcpy(&word, eight, sizeof word);
  constexpr std::uint64_t high_bits = 0x8080808080808080ULL;
  constexpr std::uint64_t ones = 0x0101010101010101ULL;
  return ((word | (word - ones)) & high_bits) == 0;
}

/// The bytes of the character that `rest` starts with; 0 where it is none.
std::size_t character_bytes(std::string_view rest) {
  const auto lead = static_cast<unsigned char>(rest.front());
  if (lead < 0x80) return lead == 0 ? 0 : 1;
  const std::size_t size = (lead & 0xE0U) == 0xC0U ? 2 : (lead & 0xF0U) == 0xE0U ? 3 : (lead & 0xF8U) == 0xF0U ? 4 : 0;
  if (size == 0 || size > rest.size()) return 0;
  std::uint32_t code = lead & (0x7FU >> size);
  for (std::size_t i = 1; i < size; ++i) {
    const auto next = static_cast<unsigned char>(rest[i]);
    if ((next & 0xC0U) != 0x80U) return 0;
    code = (code << 6U) | (next & 0x3FU);
  }
  // Overlong forms, surrogates and what lies beyond Unicode.
  static constexpr std::uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  if (code < least[size] || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return 0;
  return size;
}

}  // namespace

std::size_t well_formed_bytes(std::string_view bytes) {
  std::size_t at = 0;
  while (at < bytes.size()) {
    if (bytes.size() - at >= 8 && is_plain(bytes.data() + at)) {
      at += 8;
      continue;
    }
    const std::size_t size = character_bytes(bytes.substr(at));
    if (size == 0) break;
    at += size;
  }
  return at;
}

std::string_view text_prefix(std::string_view text, std::size_t max_bytes) {
  if (text.size() <= max_bytes) return text;
  std::size_t end = max_bytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return text.substr(0, end);
}

}  // namespace seamline
