#pragma once

#include <cstdint>
#include <string>

namespace seamline::audit {

/// A sum that does not overflow, whatever numbers a store holds.
__extension__ using Sum = __int128;

inline std::string text_of(Sum sum) {
  if (sum < INT64_MIN || sum > INT64_MAX) return "more than any number there may be";
  return std::to_string(static_cast<std::int64_t>(sum));
}

}  // namespace seamline::audit
