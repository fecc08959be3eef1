#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cmath>
#include <cstdint>

namespace seamline::observe {

/// A distribution of durations in log-linear buckets, four to each power of two: a quantile is at most a quarter too high.
/// record() costs a few nanoseconds and never allocates. Thread-safe.
class LatencyHistogram {
 public:
  void record(std::int64_t nanoseconds) noexcept {
    const auto value = static_cast<std::uint64_t>(nanoseconds < 0 ? 0 : nanoseconds);
    buckets_[bucket_of(value)].fetch_add(1, std::memory_order_relaxed);
    sum_ns_.fetch_add(static_cast<std::int64_t>(value), std::memory_order_relaxed);
  }

  /// Counts in what another one has recorded.
  void add(const LatencyHistogram& other) noexcept {
    for (std::size_t bucket = 0; bucket < bucket_count; ++bucket) {
      buckets_[bucket].fetch_add(other.buckets_[bucket].load(std::memory_order_relaxed), std::memory_order_relaxed);
    }
    sum_ns_.fetch_add(other.sum_ns(), std::memory_order_relaxed);
  }

  std::int64_t count() const {
    std::int64_t total = 0;
    for (const auto& bucket : buckets_) total += bucket.load(std::memory_order_relaxed);
    return total;
  }
  /// How many of them took less than 2^exponent nanoseconds; `exponent` is 2 to 41.
  std::int64_t count_below_power(std::size_t exponent) const {
    std::int64_t below = 0;
    for (std::size_t bucket = 0; bucket < (exponent - 1) * 4; ++bucket) below += buckets_[bucket].load(std::memory_order_relaxed);
    return below;
  }
  std::int64_t sum_ns() const { return sum_ns_.load(std::memory_order_relaxed); }

  /// The duration that a share `q` (0 to 1) of the recorded ones does not exceed, in nanoseconds; 0 while there are none.
  std::int64_t quantile_ns(double q) const {
    const auto wanted = static_cast<std::int64_t>(std::ceil(q * static_cast<double>(count())));
    std::int64_t seen = 0;
    for (std::size_t bucket = 0; bucket < buckets_.size(); ++bucket) {
      seen += buckets_[bucket].load(std::memory_order_relaxed);
      if (seen > 0 && seen >= wanted) return upper_bound_ns(bucket);
    }
    return 0;
  }

 private:
  // Buckets 0 to 3 hold the values 0 to 3; from there on each power of two has four.
  static constexpr std::size_t bucket_count = 160;  // up to 2^41 ns, about 36 minutes
  static std::size_t bucket_of(std::uint64_t value) {
    if (value < 4) return static_cast<std::size_t>(value);
    const auto exponent = static_cast<std::size_t>(std::bit_width(value)) - 1;
    const std::size_t bucket = (exponent - 1) * 4 + static_cast<std::size_t>((value >> (exponent - 2)) & 3U);
    return bucket < bucket_count ? bucket : bucket_count - 1;
  }
  static std::int64_t upper_bound_ns(std::size_t bucket) {
    if (bucket < 4) return static_cast<std::int64_t>(bucket);
    const std::size_t exponent = bucket / 4 + 1;
    return static_cast<std::int64_t>((std::uint64_t{5} + bucket % 4) << (exponent - 2)) - 1;
  }

  std::array<std::atomic<std::int64_t>, bucket_count> buckets_{};
  std::atomic<std::int64_t> sum_ns_{0};
};

}  // namespace seamline::observe
