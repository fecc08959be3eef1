#pragma once

#include <cstdint>
#include <optional>

namespace seamline {

/// Amounts are signed 64-bit counts of minor units (cents). These refuse to overflow: empty instead of a wrong sum.
constexpr std::optional<std::int64_t> checked_add(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  if (__builtin_add_overflow(a, b, &sum)) return std::nullopt;
  return sum;
}

constexpr std::optional<std::int64_t> checked_multiply(std::int64_t a, std::int64_t b) {
  std::int64_t product = 0;
  if (__builtin_mul_overflow(a, b, &product)) return std::nullopt;
  return product;
}

/// The largest price, amount or total that anything accepts: 10^12 minor units.
inline constexpr std::int64_t max_amount_minor = 1'000'000'000'000;

}  // namespace seamline
