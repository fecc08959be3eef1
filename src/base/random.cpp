#include "base/random.hpp"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <mutex>

#include "base/assert.hpp"

namespace seamline {
namespace {

class SystemRandom final : public Random {
 public:
  void fill(std::span<std::byte> out) override {
    const std::lock_guard lock(mutex_);
    for (std::size_t filled = 0; filled < out.size();) {
      if (used_ == block_.size()) refill();
      const std::size_t part = std::min(out.size() - filled, block_.size() - used_);
      std::memcpy(out.data() + filled, block_.data() + used_, part);
      // What was handed out is wiped: nobody who reads this memory later learns an earlier id or key.
      std::memset(block_.data() + used_, 0, part);
      used_ += part;
      filled += part;
    }
  }

 private:
  void refill() {
    // Reads of up to 256 bytes are never cut short (getrandom(2)); larger ones may be, hence the loop.
    for (std::size_t got = 0; got < block_.size();) {
      const ssize_t count = ::getrandom(block_.data() + got, block_.size() - got, 0);
      SEAMLINE_ASSERT(count > 0 || errno == EINTR);
      if (count > 0) got += static_cast<std::size_t>(count);
    }
    used_ = 0;
  }

  std::mutex mutex_;
  std::array<std::byte, 4096> block_{};
  std::size_t used_ = block_.size();
};

}  // namespace

std::uint64_t Random::next_u64() {
  std::array<std::byte, 8> bytes{};
  fill(bytes);
  std::uint64_t value = 0;
  std::memcpy(&value, bytes.data(), bytes.size());
  return value;
}

std::uint64_t Random::below(std::uint64_t bound) {
  SEAMLINE_ASSERT(bound > 0);
  // Values past the last whole multiple of `bound` are drawn again, or small results would come up more often.
  const std::uint64_t limit = UINT64_MAX - UINT64_MAX % bound;
  std::uint64_t value = next_u64();
  while (value >= limit) value = next_u64();
  return value % bound;
}

Random& Random::system() {
  static SystemRandom random;
  return random;
}

void SeededRandom::fill(std::span<std::byte> out) {
  for (std::size_t filled = 0; filled < out.size(); filled += 8) {
    // SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
    state_ += 0x9E3779B97F4A7C15ULL;
    std::uint64_t mixed = state_;
    mixed = (mixed ^ (mixed >> 30U)) * 0xBF58476D1CE4E5B9ULL;
    mixed = (mixed ^ (mixed >> 27U)) * 0x94D049BB133111EBULL;
    mixed ^= mixed >> 31U;
    std::memcpy(out.data() + filled, &mixed, std::min<std::size_t>(8, out.size() - filled));
  }
}

}  // namespace seamline
