#pragma once

#include "contract/fields.hpp"
#include "host/module_spec.hpp"

namespace seamline::order {

/// The section `modules.order` of the configuration.
struct Settings {
  std::int64_t deadline_ms = 60'000;
  std::int64_t draft_ms = 24LL * 3600 * 1000;
  std::int64_t max_waiters = 1024;
  std::string default_token = "tok_ok";

  static constexpr std::tuple fields{
      Field{"deadline_ms", &Settings::deadline_ms, "How long an order may take to be settled, in milliseconds.",
            range(1, 86'400'000)},
      Field{"draft_ms", &Settings::draft_ms, "How long an order may be composed, in milliseconds.", range(1, 2'592'000'000)},
      Field{"max_waiters", &Settings::max_waiters, "Callers that may wait for an outcome (Prefer: wait).", range(0, 100'000)},
      Field{"default_token", &Settings::default_token, "The payment token of orders that name none (sandbox only).",
            length(1, 200)}};
};

/// The order module: orders from their first line to their end, which it alone decides.
host::ModuleSpec module(const Settings& settings);

/// Folds every order's events into the read model again. Returns how many orders there are.
Result<std::int64_t> rebuild_read_model(store::Store& store);

}  // namespace seamline::order
