#pragma once

#include <mutex>
#include <set>

#include "domain/provider.hpp"

namespace seamline::payment {

/// The built-in provider. It moves no money, and its answer depends on the token alone: `tok_ok` is charged; `tok_declined` and
/// `tok_insufficient_funds` are refused; `tok_timeout` takes the money, and answers only the repeat. Forgets at a restart.
class SandboxProvider final : public PaymentProvider {
 public:
  bool is_immediate(const std::string& token) const override { return token != "tok_timeout"; }
  ProviderAnswer charge(const std::string& key, std::int64_t amount_minor, const std::string& currency,
                        const std::string& token) override;
  ProviderAnswer void_charge(const std::string& key) override;
  ProviderAnswer refund(const std::string& key, std::int64_t amount_minor, const std::string& currency) override;

 private:
  std::mutex mutex_;
  std::set<std::string> taken_without_answer_;
  std::set<std::string> voided_;
};

}  // namespace seamline::payment
