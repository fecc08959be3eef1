#include "cli/payment_mix.hpp"

#include <algorithm>
#include <charconv>

namespace seamline::app {
namespace {

constexpr ErrorCode bad_mix{"load.bad_mix", Kind::invalid};
constexpr std::uint64_t max_weight = 1'000'000;

}  // namespace

Result<PaymentMix> PaymentMix::read(std::string_view text) {
  PaymentMix mix;
  while (!text.empty()) {
    const std::string_view share = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), share.size() + 1));
    const std::string_view token = share.substr(0, share.find('='));
    const std::string_view number = share.substr(std::min(share.size(), token.size() + 1));
    std::uint64_t weight = 0;
    const auto [end, problem] = std::from_chars(number.data(), number.data() + number.size(), weight);
    if (token.empty() || problem != std::errc() || end != number.data() + number.size() || weight < 1 || weight > max_weight) {
      return fail(bad_mix, "'" + std::string(share) + "' is no share of a mix of tokens: write it as tok_ok=8,tok_declined=1.");
    }
    mix.shares_.push_back({std::string(token), weight});
    mix.weights_ += weight;
  }
  return mix;
}

std::string_view PaymentMix::draw(Random& random) const {
  if (shares_.empty()) return {};
  std::uint64_t place = random.below(weights_);
  for (const Share& share : shares_) {
    if (place < share.weight) return share.token;
    place -= share.weight;
  }
  return {};
}

}  // namespace seamline::app
