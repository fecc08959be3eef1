#pragma once

#include <cstdint>
#include <string>

namespace seamline::payment {

/// What the payment provider said, or that it said nothing.
struct ProviderAnswer {
  enum class Outcome : std::uint8_t {
    done,     // charged, refunded, or voided: no money was or will be taken
    refused,  // for good; no money moved
    unknown,  // no answer: the same call again, under the same key, will tell
    taken,    // to a void: the money had been taken already
  };
  Outcome outcome = Outcome::unknown;
  /// Why it refused, as a short code.
  std::string reason;
};

/// The outside world that takes money. Every call names a key, and a repeat under the key has no second effect. Thread-safe.
class PaymentProvider {
 public:
  virtual ~PaymentProvider() = default;
  /// Whether calls with this token answer at once and always, so that they may be made inside a transaction.
  virtual bool is_immediate(const std::string& token) const = 0;
  virtual ProviderAnswer charge(const std::string& key, std::int64_t amount_minor, const std::string& currency,
                                const std::string& token) = 0;
  /// Makes sure that the charge under this key never happens; answers `taken` where it already has.
  virtual ProviderAnswer void_charge(const std::string& key) = 0;
  virtual ProviderAnswer refund(const std::string& key, std::int64_t amount_minor, const std::string& currency) = 0;
};

}  // namespace seamline::payment
