#pragma once

#include "contract/fields.hpp"
#include "host/module_spec.hpp"

namespace seamline::payment {

/// The section `modules.payment` of the configuration.
struct Settings {
  std::string currency = "EUR";
  std::string default_token = "tok_ok";
  std::int64_t retry_ms = 500;

  static constexpr std::tuple fields{
      Field{"currency", &Settings::currency, "The shop's currency, for orders that name none.", length(3, 3)},
      Field{"default_token", &Settings::default_token, "The payment token of orders that name none (sandbox only).",
            length(1, 200)},
      Field{"retry_ms", &Settings::retry_ms,
            "How long an unanswered charge or quote waits before it is asked for again, in milliseconds; doubled each time.",
            range(1, 60'000)}};
};

/// The payment module: charges, refunds, the ledger and invoices. Money enters by OrderCreated alone.
host::ModuleSpec module(const Settings& settings);

}  // namespace seamline::payment
