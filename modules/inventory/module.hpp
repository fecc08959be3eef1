#pragma once

#include "contract/fields.hpp"
#include "host/module_spec.hpp"

namespace seamline::inventory {

/// The section `modules.inventory` of the configuration.
struct Settings {
  std::int64_t reservation_ms = 15LL * 60 * 1000;

  static constexpr std::tuple fields{Field{"reservation_ms", &Settings::reservation_ms,
                                           "How long a reservation waits for its order's word before it asks, in milliseconds.",
                                           range(1, 86'400'000)}};
};

/// The inventory module: products, stock, and reservations that are all or none.
host::ModuleSpec module(const Settings& settings);

}  // namespace seamline::inventory
