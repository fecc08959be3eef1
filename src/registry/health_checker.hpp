#pragma once

#include "base/loop.hpp"
#include "registry/catalog.hpp"

namespace seamline::registry {

/// Runs the catalog's HTTP checks and lets its overdue entries expire. One step runs at most one check, and takes at most its
/// timeout: as many loops over one catalog as checks may run at once. The API never waits for it.
class HealthChecker final : public Loop {
 public:
  /// `catalog` exists and outlives the checker.
  explicit HealthChecker(Catalog& catalog) : catalog_(catalog) {}
  bool step() override;

 private:
  Catalog& catalog_;
};

}  // namespace seamline::registry
