#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/random.hpp"
#include "base/result.hpp"

namespace seamline::app {

/// Which payment tokens a load sends, and how often each.
class PaymentMix {
 public:
  /// Reads `tok_ok=8,tok_declined=1`: whole numbers from 1, which say how often each token is drawn against the others. An empty
  /// text is a mix that draws no token. Errors: load.bad_mix.
  static Result<PaymentMix> read(std::string_view text);

  /// One token by its weight; empty where there are none.
  std::string_view draw(Random& random) const;

 private:
  struct Share {
    std::string token;
    std::uint64_t weight;
  };

  std::vector<Share> shares_;
  std::uint64_t weights_ = 0;
};

}  // namespace seamline::app
