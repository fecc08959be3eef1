#pragma once

#include <array>
#include <memory>
#include <string_view>
#include <vector>

#include "support/simulated_disk.hpp"

namespace seamline::test {

/// Counts the operations on a simulated disk, and says which of them fail.
class DiskFaults {
 public:
  /// How an operation fails.
  struct Failure {
    /// 0 where it does not.
    int code = 0;
    bool half_written = false;
  };

  void inject(DiskFault fault) { armed_.push_back({std::move(fault), 0}); }
  void mend() { armed_.clear(); }
  void observe(SimulatedDisk::Observer observer);
  std::int64_t failed() const { return failed_; }
  std::int64_t count(DiskOperation operation) const { return counts_[static_cast<std::size_t>(operation)]; }
  std::int64_t count() const;

  /// Counts an operation that is about to be done. `own_code`: what it fails with where the fault does not say.
  Failure meet(DiskOperation operation, std::string_view path, int own_code);

 private:
  struct Armed {
    DiskFault fault;
    std::int64_t met = 0;
  };
  static bool fits(const DiskFault& fault, DiskOperation operation, std::string_view path);

  std::vector<Armed> armed_;
  /// Shared, since one may replace itself while it runs.
  std::shared_ptr<const SimulatedDisk::Observer> observer_;
  std::array<std::int64_t, disk_operations> counts_{};
  std::int64_t failed_ = 0;
};

/// Whether a path lies in a folder, however deep. An empty folder has everything in it.
bool is_below(std::string_view path, std::string_view folder);

}  // namespace seamline::test
