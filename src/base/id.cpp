#include "base/id.hpp"

#include <array>

#include "base/clock.hpp"
#include "base/random.hpp"

namespace seamline {

bool is_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
    const bool is_digit = (text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f');
    if (is_dash ? text[i] != '-' : !is_digit) return false;
  }
  return true;
}

IdSource::IdSource(const Clock& clock, Random& random) : clock_(clock), random_(random) {}

std::string IdSource::next() {
  std::int64_t ms = 0;
  std::uint32_t counter = 0;
  {
    const std::lock_guard lock(mutex_);
    const std::int64_t now_ms = clock_.now().ms;
    if (now_ms > last_ms_) {
      last_ms_ = now_ms;
      counter_ = 0;
    } else if (++counter_ > 0xFFFU) {
      // More than 4,096 ids in a millisecond, or a clock that went back: borrow from the future, so that ids still increase.
      ++last_ms_;
      counter_ = 0;
    }
    ms = last_ms_;
    counter = counter_;
  }
  const std::uint64_t high = (static_cast<std::uint64_t>(ms) << 16U) | 0x7000U | counter;
  const std::uint64_t low = (random_.next_u64() & 0x3FFFFFFFFFFFFFFFULL) | 0x8000000000000000ULL;

  static constexpr std::string_view digits = "0123456789abcdef";
  std::string text(36, '-');
  std::size_t at = 0;
  for (int nibble = 0; nibble < 32; ++nibble) {
    if (nibble == 8 || nibble == 12 || nibble == 16 || nibble == 20) ++at;
    const std::uint64_t half = nibble < 16 ? high : low;
    text[at++] = digits[(half >> (60U - 4U * (static_cast<unsigned>(nibble) % 16U))) & 0xFU];
  }
  return text;
}

}  // namespace seamline
