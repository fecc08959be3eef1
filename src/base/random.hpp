#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace seamline {

/// The only source of randomness. Passed in, so that a simulation can seed it. Thread-safe.
class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(std::span<std::byte> out) = 0;

  std::uint64_t next_u64();
  /// Uniform in [0, bound); `bound` is at least 1.
  std::uint64_t below(std::uint64_t bound);

  /// The kernel's cryptographic generator (getrandom(2)), read in blocks: one system call serves many ids.
  static Random& system();
};

/// Reproducible numbers for tests, seeds and simulations (SplitMix64). Never for a secret. Not thread-safe.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
  void fill(std::span<std::byte> out) override;

 private:
  std::uint64_t state_;
};

}  // namespace seamline
