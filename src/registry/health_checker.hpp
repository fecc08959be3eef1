#pragma once

#include <memory>
#include <mutex>

#include "base/loop.hpp"
#include "http/client.hpp"
#include "registry/catalog.hpp"

namespace seamline::registry {

/// Runs the catalog's HTTP checks and lets its overdue entries expire. One step runs at most one check, and takes at most its
/// timeout: there are as many of these over one catalog as checks may run at once. The API never waits for it.
class HealthChecker final : public Loop {
 public:
  /// `catalog` exists and outlives the checker.
  explicit HealthChecker(Catalog& catalog) : catalog_(catalog) {}
  bool step() override;
  /// Ends the check that is under way, and lets no further one begin. Thread-safe.
  void finish();

 private:
  Catalog& catalog_;
  std::mutex mutex_;
  bool is_finished_ = false;
  /// The last one.
  std::shared_ptr<http::Client> client_;
};

}  // namespace seamline::registry
